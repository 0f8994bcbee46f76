"""The requests that are measured, as a browser sends them, and what a right answer to each is."""

import hashlib
import http.client
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Final

from bench.answers import HEADER, ITEM_BODY, MAX_AGE, METHOD, NEW_ITEM_BODY, ORIGIN, OTHER_ORIGIN, PATH, STORED_BODY

_BROWSER: Final = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 "
    "Safari/537.36",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Dest": "empty",
    "Referer": f"{ORIGIN}/",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9",
}

#: What Chromium sends, in names and size, but for Host and Connection, which the client adds.
PREFLIGHT_HEADERS: Final = {
    "Accept": "*/*",
    "Access-Control-Request-Method": METHOD,
    "Access-Control-Request-Headers": HEADER,
    "Origin": ORIGIN,
    **_BROWSER,
}
ACTUAL_HEADERS: Final = {
    "Accept": "*/*",
    "Origin": ORIGIN,
    "sec-ch-ua": '"Chromium";v="150", "Not.A/Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    **_BROWSER,
}


@unique
class Kind(Enum):
    """What a server has to be able to answer."""

    PREFLIGHT = "preflight"
    JSON = "json"
    POST = "post"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, its headers under lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, and *faults*, which says what is wrong with an answer to it."""

    kind: Kind
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    faults: Callable[[Answer], list[str]] = field(default=lambda answer: [])

    def as_bytes(self, port: int) -> bytes:
        """The request as a browser sends it."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + self.body

    def ask(self, port: int, extra: Mapping[str, str] | None = None) -> Answer:
        """Send it once, with *extra* header lines. Raises OSError, or `http.client.HTTPException`."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            headers = {**self.headers, **(extra or {})}
            connection.request(self.method, self.path, body=self.body or None, headers=headers)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, headers, response.read())
        finally:
            connection.close()


def preflight_faults(answer: Answer) -> list[str]:
    """What is wrong with a preflight's answer; nothing, if a browser would send the request after it.

    Its Vary is not judged: no cache keeps an answer to OPTIONS (RFC 9110, 9.3.7), and jub0bs/cors sends none.
    """
    found = [] if 200 <= answer.status <= 299 else [f"the status is {answer.status}"]
    found += _origin_faults(answer)
    for name, wanted in (("Methods", METHOD), ("Headers", HEADER)):
        value = answer.headers.get(f"access-control-allow-{name.lower()}", "")
        if wanted.lower() not in (entry.strip().lower() for entry in value.split(",")):
            found.append(f"Access-Control-Allow-{name} is {value!r}, without {wanted}")
    age = answer.headers.get("access-control-max-age")
    return found if age == str(MAX_AGE) else [*found, f"Access-Control-Max-Age is {age!r}, not '{MAX_AGE}'"]


def denied_faults(answer: Answer) -> list[str]:
    """A peer that writes a fixed answer down grants its own origin, which a browser refuses too."""
    allowed = answer.headers.get("access-control-allow-origin")
    return [f"Access-Control-Allow-Origin is {allowed!r}"] if allowed in (OTHER_ORIGIN, "*") else []


def _origin_faults(answer: Answer) -> list[str]:
    allowed = answer.headers.get("access-control-allow-origin")
    return [] if allowed == ORIGIN else [f"Access-Control-Allow-Origin is {allowed!r}, not {ORIGIN!r}"]


def actual_faults(body: bytes) -> Callable[[Answer], list[str]]:
    """What is wrong with a 200 that a page of `ORIGIN` should read, and that holds the JSON *body*."""

    def faults(answer: Answer) -> list[str]:
        found = [] if answer.status == 200 else [f"the status is {answer.status}"]
        kind = answer.headers.get("content-type", "")
        if not kind.startswith("application/json"):
            found.append(f"Content-Type is {kind!r}")
        if answer.body != body:
            found.append(f"the body is {answer.body[:200]!r}, not {body!r}")
        vary = answer.headers.get("vary", "")
        if "origin" not in (name.strip().lower() for name in vary.split(",")):
            found.append(f"Vary is {vary!r}, without Origin")
        return found + _origin_faults(answer)

    return faults


def file_faults(content: bytes, status: int = 200) -> Callable[[Answer], list[str]]:
    """What is wrong with a file's answer. Its CORS lines are not judged: not every peer can be told to send any."""

    def faults(answer: Answer) -> list[str]:
        found = [] if answer.status == status else [f"the status is {answer.status}, not {status}"]
        wanted = content if status == 200 else b""
        if len(answer.body) != len(wanted) or _digest(answer.body) != _digest(wanted):
            found.append(f"the body has {len(answer.body)} bytes and is not the file's, which has {len(wanted)}")
        return found

    return faults


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


#: The files that are served, by name.
FILES: Final = {"1k.bin": 1024, "100k.bin": 100 * 1024, "10m.bin": 10 * 1024 * 1024}


def file_content(name: str) -> bytes:
    """The same bytes on every machine, which no compression makes smaller by much."""
    seed = b"".join(hashlib.sha256(f"{name} {number}".encode()).digest() for number in range(32))
    return (seed * (FILES[name] // len(seed) + 1))[: FILES[name]]


def file_exchange(name: str, status: int = 200) -> Exchange:
    """A file, answered with *status*."""
    return Exchange(Kind.FILES, "GET", f"/{name}", ACTUAL_HEADERS, faults=file_faults(file_content(name), status))


def validators(answer: Answer) -> dict[str, str]:
    """The header lines by which a browser asks whether a file has changed since *answer*."""
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {line: answer.headers[name] for name, line in names.items() if name in answer.headers}


PREFLIGHT: Final = Exchange(Kind.PREFLIGHT, "OPTIONS", PATH, PREFLIGHT_HEADERS, faults=preflight_faults)
DENIED: Final = Exchange(
    Kind.PREFLIGHT,
    "OPTIONS",
    PATH,
    PREFLIGHT_HEADERS | {"Origin": OTHER_ORIGIN, "Referer": f"{OTHER_ORIGIN}/"},
    faults=denied_faults,
)
CONNECT: Final = Exchange(
    Kind.PREFLIGHT, "OPTIONS", PATH, PREFLIGHT_HEADERS | {"Connection": "close"}, faults=preflight_faults
)
GET: Final = Exchange(Kind.JSON, "GET", PATH, ACTUAL_HEADERS, faults=actual_faults(ITEM_BODY))
POST: Final = Exchange(
    Kind.POST,
    "POST",
    PATH,
    ACTUAL_HEADERS | {"Content-Type": "application/json"},
    NEW_ITEM_BODY,
    actual_faults(STORED_BODY),
)
