"""The gate: a strict, linear screen of a request's head, before h11 sees it.

h11 alone lets through what servers disagree about, and disagreement is how requests are smuggled: Content-Length beside
Transfer-Encoding, folded lines, bare LF, any Host, any target. The gate refuses them, with the status that RFC 9110 and
9112 give, and it holds the limits: h11's own is not checked on a head that arrives whole.

Rules
-----
* A head is refused as early as it can be: a first byte that no method has, a bare LF, an over-long line do not wait.
* What is refused is never interpreted again, with one exception: `salvage` reads method, target and Origin from what
  has arrived of a refused head, so that a script that is entitled to read the 400 can read it.
* Comparison and splitting are on bytes; no str method decides anything (`\\x85` is no line end, `٣` is no digit).
* A header line that does not bear on others is judged by itself: where it is known, its field is, and both h11 and the
  gate have accepted it (`request_heads`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from corserver.cors.fetch import Field
from corserver.http.authority import is_authority
from corserver.http.header_lines import Headers
from corserver.http.limits import Limits
from corserver.http.memory import Memory
from corserver.http.messages import HTTPError

_METHOD: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}")
_VERSION: Final = re.compile(rb"HTTP/([0-9])\.([0-9])")
#: RFC 9110 §5: a token, a colon at once, a value without controls. A line that begins with white space is no match.
#: `*+` gives nothing back: else a line of spaces with a control at its end is tried from each of them, for seconds.
_FIELD: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*+([\t -~\x80-\xff]*+)")
#: RFC 9112 §3.2.1, without `#` and, before the query, `\`. No byte can be of both parts, for the sake of time.
ORIGIN_FORM: Final = rb"/[!\"$->@-\[\]-~]*+(?:\?[!\"$-~]*+)?"
_ORIGIN_FORM: Final = re.compile(ORIGIN_FORM)
_TARGET: Final = re.compile(rb"[!-~]+")
_ABSOLUTE: Final = re.compile(rb"https?://([^/?#]*)(/?.*)", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"0|[1-9][0-9]{0,17}")
_TOKEN_LIST: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*,[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+)*")
_CLOSE: Final = re.compile(rb"(?:\A|,)[ \t]*+close[ \t]*+(?:,|\Z)", re.IGNORECASE)
#: Beyond these a Transfer-Encoding is not looked at, and Connection and Upgrade are refused, in bytes: each member of
#: these costs everybody who looks, and none has many.
_CODINGS: Final = 256
_OPTIONS: Final = 1024
#: The lines that are judged in sight of others, by the gate or by h11, or that h11 keeps in mind.
JUDGED_TOGETHER: Final = frozenset(
    b"connection content-length content-type expect host te trailer transfer-encoding upgrade".split()
)
_TCHARS: Final = frozenset(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True, eq=False)
class HeaderSection:
    """The header lines of a head that passed, and what they say of its message. Names are lower-case.

    *host* is empty only where HTTP/1.0 leaves it out. *closes* is whether the connection ends with this message,
    *expects* whether the client holds its body back until it is told to go on. Two are equal if they are the same one.
    """

    headers: Headers
    host: bytes
    content_length: int | None
    chunked: bool
    closes: bool
    expects: bool


class Head(NamedTuple):
    """A head that passed. *target* is in origin-form, or `*`; *authority* is whom it is for."""

    method: bytes
    target: bytes
    authority: bytes
    minor_version: int
    section: HeaderSection

    @property
    def fields(self) -> tuple[Field, ...]:
        """The header lines, names in lower case."""
        return self.section.headers.fields


#: The fields of header lines that gate and h11 have accepted.
KnownLines = Memory[bytes, Field]
NO_LINES: Final[KnownLines] = Memory(0)


class Screened(NamedTuple):
    """A head that passed, and its header lines that were not known before, with their fields."""

    head: Head
    new: list[tuple[bytes, Field]]


@dataclass(frozen=True, slots=True)
class Salvage:
    """What can still be told of a refused head: enough to choose a policy and name an origin. Without the end of the
    request line *target* is empty."""

    method: bytes
    target: bytes
    origins: tuple[bytes, ...]


def body_too_large(limit: int) -> HTTPError:
    """The 413 to a body beyond *limit* bytes (RFC 9110 §15.5.14)."""
    return HTTPError(413, f"the request body is larger than {limit} bytes")


class RefusedHead(HTTPError):
    """A head that the gate, or h11 after it, refused. *raw* is the head where its end was seen.

    Where it was not, *beginning* may hold what has arrived: an answer to HEAD has no body all the same.
    """

    def __init__(self, status: int, detail: str, raw: bytes | None = None) -> None:
        super().__init__(status, detail)
        self.raw = raw
        self.beginning = b""


def split_head(buffer: bytes | bytearray, limits: Limits) -> int | None:
    """Where the head at the start of *buffer* ends, or None while that is not known. Raises `RefusedHead` at once."""
    if buffer and buffer[0] not in _TCHARS:
        raise RefusedHead(400, "this is not HTTP: a request begins with a method (is the client speaking TLS?)")
    end = buffer.find(b"\r\n\r\n", 0, limits.head + 4)
    seen = bytes(buffer[: limits.head + 1] if end < 0 else buffer[: end + 4])
    raw = None if end < 0 else seen
    line_end = seen.find(b"\r\n")
    if (line_end if line_end >= 0 else len(seen)) > limits.request_line:
        method_end = seen.find(b" ", 0, 64)
        status = 400 if method_end < 0 else 414
        raise RefusedHead(status, f"the request line is longer than {limits.request_line} bytes", raw)
    if seen.count(b"\n") != seen.count(b"\r\n"):
        raise RefusedHead(400, "a line of the head ends in LF without CR", raw)
    if len(seen) > limits.head:
        raise RefusedHead(431, f"the head is longer than {limits.head} bytes", raw)
    return None if end < 0 else end + 4


def screen(raw: bytes, limits: Limits, known: KnownLines = NO_LINES) -> Screened:
    """Judge a complete head, its final empty line included. Raises `RefusedHead`."""
    try:
        return _screen(raw, limits, known)
    except HTTPError as refusal:
        raise RefusedHead(refusal.status, refusal.detail, raw) from None


def salvage(raw: bytes) -> Salvage:
    """What a refused head, or its beginning, still tells by its whole lines. Never raises."""
    request_line, *lines = raw[:131072].split(b"\r\n", 1001)
    method, _, rest = request_line.partition(b" ")
    target = rest.rpartition(b" ")[0] if lines else b""
    absolute = _ABSOLUTE.fullmatch(target)
    origins = (line[7:].strip(b" \t") for line in lines[:-1] if line[:7].lower() == b"origin:")
    return Salvage(method, absolute[2] if absolute else target, tuple(origins))


def _screen(raw: bytes, limits: Limits, known: KnownLines) -> Screened:
    request_line, *lines = raw[:-4].split(b"\r\n")
    method, target, minor = _request_line(request_line)
    if len(lines) > limits.fields:
        raise HTTPError(431, f"the head has more than {limits.fields} header lines")
    fields, new = _parse_fields(lines, known)
    found: dict[bytes, list[bytes]] = {}
    for _, (name, value) in new:
        if name in JUDGED_TOGETHER:
            found.setdefault(name, []).append(value)
    if len(found.get(b"content-type", ())) > 1:
        raise HTTPError(400, "a request has one Content-Type")
    for name in (b"connection", b"upgrade"):
        if sum(map(len, found.get(name, ()))) > _OPTIONS:
            raise HTTPError(400, f"{name.decode().title()} is longer than {_OPTIONS} bytes")
    host = _host(found.get(b"host", ()), minor)
    target, named = _target(method, target)
    if named is not None:  # RFC 9112 §3.2.2: it stands for the Host, which nobody is to see.
        fields = tuple((name, named if name == b"host" else value) for name, value in fields)
    length, chunked = _framing(found.get(b"content-length", ()), found.get(b"transfer-encoding", ()), minor)
    expects = _expects(found.get(b"expect", ()), minor) and (chunked or bool(length))
    closes = _closes(found.get(b"connection", ()), minor)
    section = HeaderSection(Headers(fields), host, length, chunked, closes, expects)
    return Screened(Head(method, target, host if named is None else named, minor, section), new)


def _request_line(line: bytes) -> tuple[bytes, bytes, int]:
    parts = line.split(b" ")
    if len(parts) != 3:
        raise HTTPError(400, "a request line is a method, a target and a version with one space between them")
    method, target, version = parts
    if not _METHOD.fullmatch(method):
        raise HTTPError(400, "the method is not a token of at most 32 characters")
    numbers = _VERSION.fullmatch(version)
    if numbers is None:
        raise HTTPError(400, "the version is not HTTP/1.1")
    if numbers[1] != b"1":
        raise HTTPError(505, "this server speaks HTTP/1.1 and HTTP/1.0")
    if method == b"CONNECT":
        raise HTTPError(501, "this server is no tunnel: it does not do CONNECT")
    return method, target, int(numbers[2])


def _parse_fields(lines: list[bytes], known: KnownLines) -> tuple[tuple[Field, ...], list[tuple[bytes, Field]]]:
    fields, new = [], []
    for line, field in zip(lines, known.recall(lines), strict=True):
        if field is None:
            field = parse_field(line)
            new.append((line, field))
        fields.append(field)
    return tuple(fields), new


def parse_field(line: bytes) -> Field:
    """A header or trailer line, without its end: the lower-case name and the value. Raises `HTTPError` 400."""
    found = _FIELD.fullmatch(line)
    if found is None:
        raise HTTPError(400, "a header line is not a name, a colon and a value on one line")
    return found[1].lower(), found[2].rstrip(b" \t")


def _host(hosts: Sequence[bytes], minor: int) -> bytes:
    if not hosts and minor == 0:
        return b""
    if len(hosts) != 1:
        raise HTTPError(400, "a request has exactly one Host line")
    if not is_authority(hosts[0]):
        raise HTTPError(400, "the Host is not a host name or address with an optional port")
    return hosts[0]


def _target(method: bytes, target: bytes) -> tuple[bytes, bytes | None]:
    # RFC 9112 §3.2: origin-form, absolute-form (whose authority replaces Host), or `*` for OPTIONS.
    if _ORIGIN_FORM.fullmatch(target):
        return target, None
    if target.startswith(b"/") or not _TARGET.fullmatch(target) or b"#" in target or b"\\" in target.partition(b"?")[0]:
        raise HTTPError(400, "the target has characters that a URL must encode")
    if target == b"*" and method == b"OPTIONS":
        return target, None
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None or not is_authority(absolute[1]):
        raise HTTPError(400, "the target is neither a path, nor a URL, nor the * of OPTIONS")
    path = absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2]
    return path, absolute[1]


def _framing(lengths: Sequence[bytes], codings: Sequence[bytes], minor: int) -> tuple[int | None, bool]:
    # RFC 9112 §6.3, with every case refused that two readers could frame differently.
    if codings and (lengths or minor == 0):
        raise HTTPError(400, "Transfer-Encoding stands beside Content-Length, or in an HTTP/1.0 request")
    if codings:
        listed = b", ".join(codings)
        if len(listed) > _CODINGS or not _TOKEN_LIST.fullmatch(listed):
            raise HTTPError(400, "Transfer-Encoding is not `chunked`")
        if listed.lower() != b"chunked":
            names = [name.strip(b" \t").lower() for name in listed.split(b",")]
            final = names[-1] == b"chunked" and names.count(b"chunked") == 1
            unknown = b"chunked" not in names and names != [b"identity"]
            raise HTTPError(501 if final or unknown else 400, "the only transfer coding here is `chunked`")
        return None, True
    if not lengths:
        return None, False
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise HTTPError(400, "Content-Length is not one decimal number")
    return int(lengths[0]), False


def _closes(connections: Sequence[bytes], minor: int) -> bool:
    # RFC 9112 §9.3. To HTTP/1.0 the connection is not kept, whatever it asks for.
    return minor == 0 or any(map(_CLOSE.search, connections))


def _expects(expectations: Sequence[bytes], minor: int) -> bool:
    if minor == 0 or not expectations:  # RFC 9110 §10.1.1: ignored in HTTP/1.0.
        return False
    if [value.lower() for value in expectations] != [b"100-continue"]:
        raise HTTPError(417, "the only expectation here is 100-continue")
    return True
