"""What is measured: each scenario with its request, its load, its peers and its targets."""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from bench import exchanges
from bench.exchanges import Exchange, Kind
from bench.figures import Unit
from bench.lua import Heads
from bench.targets import SUBJECT, Target, fixed

#: Servers that decide nothing: fixed bytes, fixed headers.
_FIXED: Final = ("floor", "nginx", "caddy", "lighttpd")
_PYTHON: Final = (
    "uvicorn",
    "uvicorn-cors",
    "uvicorn-h11-cors",
    "hypercorn",
    "granian",
    "aiohttp",
)
_ALL: Final = (SUBJECT, *_FIXED, "go", *_PYTHON)
_LOGGED: Final = (SUBJECT, f"{SUBJECT}+log", *_FIXED, "go", *_PYTHON)
_FRESH: Final = (SUBJECT, f"{SUBJECT}-plain", "nginx", "uvicorn-cors")
_FILES: Final = (SUBJECT, "nginx", "caddy", "lighttpd", "uvicorn-files", "http.server", "http-server", "serve")
_PROXIES: Final = (f"{SUBJECT}-proxy", "nginx-proxy", "local-cors-proxy")


@unique
class Way(Enum):
    """How a scenario is measured."""

    #: A load that lasts, CPU time per request.
    LOAD = "load"
    #: The same by a single connection; the median latency.
    LATENCY = "latency"
    #: Many connections that say nothing, memory per connection.
    IDLE = "idle"
    #: From exec to the first answer.
    START = "start"


_UNITS: Final = {Way.LOAD: Unit.CPU, Way.LATENCY: Unit.LATENCY, Way.IDLE: Unit.MEMORY, Way.START: Unit.TIME}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A row of `SCENARIOS`."""

    name: str
    says: str
    exchange: Exchange
    peers: tuple[str, ...]
    targets: tuple[Target, ...] = ()
    way: Way = Way.LOAD
    heads: Heads = Heads.SAME
    connections: int = 32
    #: Whether the request names what the server's own answer said of the file.
    revalidates: bool = False

    @property
    def kind(self) -> Kind:
        """What the servers have to answer."""
        return self.exchange.kind

    @property
    def unit(self) -> Unit:
        """What the figure is."""
        return _UNITS[self.way]


_PREFLIGHT: Final = (
    Target("nginx", 1.15),
    Target("go", 0.5),
    Target("granian", 0.25),
    Target("uvicorn-cors", 0.14),
)
#: What remembering may cost where nothing comes again.
_MEMORY: Final = Target(f"{SUBJECT}-plain", 1.1)


def _file(name: str, says: str, file: str, factor: float, *, revalidates: bool = False) -> Scenario:
    return Scenario(
        name=name,
        says=says,
        exchange=exchanges.file_exchange(file, 304 if revalidates else 200),
        peers=_FILES,
        targets=(Target("nginx", factor),),
        revalidates=revalidates,
    )


SCENARIOS: Final = (
    Scenario(
        name="preflight",
        says="the same preflight again and again",
        exchange=exchanges.PREFLIGHT,
        peers=_LOGGED,
        targets=_PREFLIGHT,
    ),
    Scenario(
        name="preflight-many",
        says="preflights for 100 000 paths from 200 user agents, at random",
        exchange=exchanges.PREFLIGHT,
        # lighttpd answers OPTIONS only for a file that there is.
        peers=tuple(name for name in _ALL if name != "lighttpd"),
        targets=(Target("nginx", 1.3),),
        heads=Heads.MANY,
    ),
    Scenario(
        name="preflight-denied",
        says="the same preflight from an origin that is not allowed",
        exchange=exchanges.DENIED,
        peers=_ALL,
        targets=_PREFLIGHT,
    ),
    Scenario(
        name="preflight-new",
        says="preflights of which no two are the same",
        exchange=exchanges.PREFLIGHT,
        peers=_ALL,
        targets=(Target("uvicorn-cors", 2.0), Target("uvicorn-h11-cors", 0.5)),
        heads=Heads.NEW,
    ),
    Scenario(
        name="preflight-fresh",
        says="preflights of which no line comes twice, but those that CORS reads",
        exchange=exchanges.PREFLIGHT,
        peers=_FRESH,
        targets=(_MEMORY,),
        heads=Heads.FRESH,
    ),
    Scenario(
        name="preflight-connect",
        says="a new connection for each preflight",
        exchange=exchanges.CONNECT,
        peers=_ALL,
        targets=(Target("uvicorn", 1.0),),
    ),
    Scenario(
        name="preflight-asgi",
        says="the same preflight to a hosted ASGI app",
        exchange=exchanges.PREFLIGHT,
        peers=(f"{SUBJECT}-asgi", SUBJECT, "nginx", "granian", "uvicorn", "uvicorn-cors"),
        targets=tuple(target for target in _PREFLIGHT if target.peer != "go"),
    ),
    Scenario(
        name="get-json",
        says="GET of a small JSON object",
        exchange=exchanges.GET,
        peers=_LOGGED,
        targets=(Target("granian", 0.6), Target("uvicorn", 0.6)),
    ),
    Scenario(
        name="get-fresh",
        says="the same, of which no line comes twice, but those that CORS reads",
        exchange=exchanges.GET,
        peers=_FRESH,
        targets=(_MEMORY,),
        heads=Heads.FRESH,
    ),
    Scenario(
        name="get-asgi",
        says="the same from a hosted ASGI app, on trio and on asyncio",
        exchange=exchanges.GET,
        peers=(f"{SUBJECT}-asgi", f"{SUBJECT}-asyncio", "granian", "uvicorn", "uvicorn-cors", "hypercorn"),
        targets=(Target("uvicorn", 1.3),),
    ),
    Scenario(
        name="get-fastapi",
        says="the same from a hosted app of FastAPI's",
        exchange=exchanges.GET,
        peers=(f"{SUBJECT}-fastapi", f"{SUBJECT}-fastapi-asyncio", "uvicorn-fastapi"),
        targets=(Target("uvicorn-fastapi", 1.3),),
    ),
    Scenario(
        name="post-json",
        says="POST of 200 bytes of JSON, read and parsed",
        exchange=exchanges.POST,
        peers=(SUBJECT, "floor", "go", *_PYTHON),
        targets=(Target("uvicorn", 1.0),),
    ),
    Scenario(
        name="latency",
        says="the same preflight by one connection, back to back",
        exchange=exchanges.PREFLIGHT,
        peers=_ALL,
        targets=(Target("nginx", 1.3),),
        way=Way.LATENCY,
        connections=1,
    ),
    Scenario(
        name="idle",
        says="10 000 idle connections after a preflight each",
        exchange=exchanges.PREFLIGHT,
        peers=_ALL,
        targets=(fixed(4096),),
        way=Way.IDLE,
        connections=10_000,
    ),
    Scenario(
        name="idle-get",
        says="10 000 idle connections after a GET each",
        exchange=exchanges.GET,
        peers=_ALL,
        targets=(fixed(4096),),
        way=Way.IDLE,
        connections=10_000,
    ),
    Scenario(
        name="start",
        says="from the start of the program to its first answer",
        exchange=exchanges.PREFLIGHT,
        peers=(SUBJECT, "import trio", *_ALL[1:]),
        targets=(Target("import trio", 1.2, 80.0),),
        way=Way.START,
    ),
    Scenario(
        name="proxy-get",
        says="GET of a small JSON object, from an nginx behind",
        exchange=exchanges.GET,
        peers=_PROXIES,
        targets=(Target("local-cors-proxy", 1.0),),
    ),
    Scenario(
        name="proxy-100k",
        says="GET of a file of 100 KiB, from an nginx behind",
        exchange=exchanges.file_exchange("100k.bin"),
        peers=_PROXIES,
        targets=(Target("local-cors-proxy", 1.0),),
    ),
    _file("file-1k", "a file of 1 KiB", "1k.bin", 2.0),
    _file("file-100k", "a file of 100 KiB", "100k.bin", 1.5),
    _file("file-10m", "a file of 10 MiB", "10m.bin", 1.1),
    _file("file-304", "a file of 100 KiB that has not changed", "100k.bin", 2.0, revalidates=True),
)
