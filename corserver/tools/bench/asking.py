"""What is asked, as bytes; and whether the server's first answers are worth measuring.

A server that answers wrongly can be very fast. So it is asked once before the load, and its answer judged by
`corserver.cors.browser`; and once more on the same connection, which has to stay.
"""

import shlex
from dataclasses import dataclass

import trio

from corserver.cors.browser import (
    STANDARD,
    Hop,
    Preflight,
    Request,
    Url,
    begin,
    construct,
    judge_preflight,
    preflight_for,
)
from corserver.cors.browser.requests import Answer as Response
from corserver.cors.fetch import Field
from corserver.tools.bench.answers import Malformed, read
from corserver.tools.bench.plan import BenchError, Scenario
from corserver.tools.check.head import parse_head
from corserver.tools.check.question import Question

_SECONDS = 10.0
#: What a browser sends beside what CORS is about, in the length that it has there.
_BROWSER: tuple[Field, ...] = (
    (b"User-Agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) corserver-bench"),
    (b"Accept-Encoding", b"gzip, deflate"),
    (b"Accept-Language", b"en-US,en;q=0.9"),
    (b"Sec-Fetch-Mode", b"cors"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of a scenario: *lines* are its header lines, Host apart."""

    scenario: Scenario
    url: Url
    method: bytes
    lines: tuple[Field, ...]
    hop: Hop
    preflight: Preflight | None

    @property
    def port(self) -> int:
        return self.url.port or 80

    @property
    def request(self) -> bytes:
        """The bytes."""
        host = self.url.host if self.url.port is None else f"{self.url.host}:{self.url.port}"
        closing = ((b"Connection", b"close"),) if self.scenario is Scenario.CONNECT else ()
        lines = [(b"Host", host.encode("latin-1")), *self.lines, *closing]
        head = b"%s %s HTTP/1.1\r\n" % (self.method, self.url.path.encode("latin-1"))
        return head + b"".join(b"%s: %s\r\n" % line for line in lines) + b"\r\n"


def ask(scenario: Scenario, question: Question) -> Asked:
    """What a browser would send for *question*. Raises `BenchError` where that is not what *scenario* is about."""
    made = construct(question.request)
    hop = begin(made) if isinstance(made, Request) else made
    if not isinstance(hop, Hop):
        why = "" if hop.failure is None else f": {hop.failure.rule.sentence}"
        raise BenchError(f"no script can send this request{why}")
    preflight = preflight_for(hop, STANDARD) if scenario.is_preflight else None
    if scenario.is_preflight and preflight is None:
        raise BenchError("a browser sends no preflight for this request: give --method PUT, or --header content-type")
    if preflight is None:
        lines = (*hop.request.headers, (b"Accept", b"*/*"), (b"Origin", question.origin))
        return Asked(
            scenario=scenario, url=question.url, method=b"GET", lines=(*_BROWSER, *lines), hop=hop, preflight=None
        )
    return Asked(
        scenario=scenario,
        url=question.url,
        method=b"OPTIONS",
        lines=(*_BROWSER, *preflight.headers),
        hop=hop,
        preflight=preflight,
    )


async def validate(asked: Asked) -> int:
    """The status that every answer must have. Raises `BenchError` for what is wrong with the first ones."""
    where = f"{asked.url.host} port {asked.port}"
    if asked.url.scheme != "http":
        raise BenchError("this client speaks no TLS: measure the server behind it over http, or use --emit oha")
    try:
        with trio.fail_after(_SECONDS):
            stream = await trio.open_tcp_stream(asked.url.host.strip("[]"), asked.port)
            async with stream:
                data, closes = await _exchange(stream, asked.request)
                status = _judge(asked, data)
                if asked.scenario is not Scenario.CONNECT:
                    if closes:
                        raise BenchError(
                            "the server closes the connection after its answer: measure --scenario connect"
                        )
                    again, _ = await _exchange(stream, asked.request)
                    if _judge(asked, again) != status:
                        raise BenchError("the server answers the same request with another status the second time")
    except trio.TooSlowError:
        raise BenchError(f"{where}: no answer within {_SECONDS:g} s") from None
    except Malformed as error:
        raise BenchError(f"{where}: {error}. Another generator may read it: --emit") from error
    except (OSError, trio.BrokenResourceError) as error:
        raise BenchError(f"{where}: {getattr(error, 'strerror', None) or error}: is the server running?") from error
    return status


async def _exchange(stream: trio.SocketStream, request: bytes) -> tuple[bytes, bool]:
    await stream.send_all(request)
    data = b""
    while True:
        answer = read(data) if data else None
        if answer is not None and len(data) >= answer.size:
            return data, answer.closes
        more = bytes(await stream.receive_some(65536))
        if not more:
            raise BenchError("the server closes the connection without an answer, or in the middle of one")
        data += more


def _judge(asked: Asked, data: bytes) -> int:
    head = parse_head(data)
    assert head is not None, "it was read to its end"
    if asked.preflight is None:
        if head.status >= 400:
            raise BenchError(f"the server answers with {head.status}: ask for something that is there")
        return head.status
    failure = judge_preflight(asked.hop, asked.preflight, Response(head.status, head.headers), STANDARD)
    hint = f"`{_check_command(asked.url, asked.hop, asked.preflight)}` says more"
    if asked.scenario is Scenario.PREFLIGHT_DENIED:
        if failure is None:
            raise BenchError(f"the server allows this preflight, and it is to deny it: give another --origin. {hint}")
    elif failure is not None:
        raise BenchError(f"a browser refuses the answer ({head.status}): {failure.rule.sentence}. {hint}")
    return head.status


def _check_command(url: Url, hop: Hop, preflight: Preflight) -> str:
    words = ["corserver", "check", str(url), "--origin", hop.origin.decode("latin-1")]
    words += ["--method", preflight.method.decode("latin-1")]
    for name, value in hop.request.headers:
        if name.lower() in preflight.names:
            words += ["--header", f"{name.decode('latin-1')}: {value.decode('latin-1')}"]
    return shlex.join(words)
