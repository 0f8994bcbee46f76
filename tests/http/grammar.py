"""Requests as hypothesis draws them: valid ones, with what they mean; refused ones; and broken ones."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

SITE = b"https://site.example"

Line = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Sent:
    """A valid request and what it means. *target* is in origin-form; *origin* is its only Origin line, if any."""

    raw: bytes
    method: bytes
    target: bytes
    fields: tuple[Line, ...]
    body: bytes
    origin: bytes | None
    is_preflight: bool
    closes: bool

    @property
    def reaches_app(self) -> bool:
        return not self.is_preflight and self.target != b"*"


# ------------------------------------------------------------------------------------------------------ valid requests

METHODS = st.sampled_from(
    [b"GET", b"GET", b"POST", b"POST", b"HEAD", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"M-SEARCH"]
)
#: The first segment says what the app does: read the body, leave it, or stream an answer.
TARGETS = st.builds(
    lambda app, rest: b"/" + app + rest,
    st.sampled_from([b"read", b"read", b"leave", b"stream"]),
    st.sampled_from([b"", b"/", b"/a/b", b"?a=b&c", b"/%7Efile", b"/a;v=1?q=%20/x", b"/~!$&'()*+,=:@"]),
)
HOSTS = st.sampled_from([b"localhost", b"LOCALHOST:80", b"127.0.0.1:8000", b"[::1]", b"a.b.localhost:", b"localhost."])
ORIGINS = st.sampled_from([None, SITE, SITE, SITE, b"https://other.example", b"null", b"https://site.example:8443"])
_VALUE = st.text(st.sampled_from("aZ09 ,;:=\"'/\\()<>@?{}[]~\t\xe9\xff"), max_size=20).map(
    lambda text: text.strip(" \t").encode("latin-1")
)
_NAMES = st.sampled_from([b"X-A", b"x-b", b"Accept", b"COOKIE", b"X_Length", b"!#$%&'*+-.^_`|~9", b"Via"])
EXTRA = st.lists(st.tuples(_NAMES, _VALUE), max_size=4)
BODIES = st.one_of(
    st.just(b""),
    st.binary(max_size=40),
    st.sampled_from([b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n", b"0\r\n\r\n", b"\r\n\r\n", b"x" * 3000]),
)
_EXTENSIONS = st.sampled_from([b"", b"", b"", b";a", b";a=b", b';a="b c"', b";a=1;b"])
_TRAILERS = st.sampled_from([b"", b"", b"T: 1\r\n", b"X-Sum: abc\r\nx-other:\r\n"])


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    """*body* in chunks, with extensions and trailers here and there."""
    out, rest = b"", body
    while rest:
        size = draw(st.integers(1, len(rest)))
        digits = draw(st.sampled_from([b"%x", b"%X", b"%04x"])) % size
        out += digits + draw(_EXTENSIONS) + b"\r\n" + rest[:size] + b"\r\n"
        rest = rest[size:]
    return out + draw(st.sampled_from([b"0", b"000"])) + draw(_EXTENSIONS) + b"\r\n" + draw(_TRAILERS) + b"\r\n"


@st.composite
def valid(draw: st.DrawFn, min_version: int = 0) -> Sent:
    """A request that any server must answer, and what it means."""
    method, target, host, origin = draw(METHODS), draw(TARGETS), draw(HOSTS), draw(ORIGINS)
    minor = max(min_version, draw(st.sampled_from([1, 1, 1, 1, 1, 1, 0])))
    lines = [(b"Host", host), *draw(EXTRA)]
    asked = draw(st.booleans()) if method == b"OPTIONS" else False
    lines += [(b"Origin", origin)] if origin is not None else []
    lines += [(b"Access-Control-Request-Method", b"PUT"), (b"access-control-request-headers", b"x-a")] * asked
    if method == b"OPTIONS" and draw(st.integers(0, 3)) == 0:
        target = b"*"
    body = b"" if target == b"*" else draw(BODIES)
    framed = body
    if minor and body and draw(st.booleans()):
        framed = draw(chunked(body))
        lines.append((b"Transfer-Encoding", draw(st.sampled_from([b"chunked", b"Chunked"]))))
    elif body or draw(st.booleans()):
        lines.append((b"Content-Length", b"%d" % len(body)))
    says_close = draw(st.sampled_from([None, None, None, None, None, b"close", b"keep-alive", b"x, CLOSE"]))
    lines += [(b"Connection", says_close)] if says_close is not None else []
    lines += [(b"Expect", b"100-continue")] * (minor == 1 and draw(st.integers(0, 5)) == 0)
    lines = draw(st.permutations(lines))
    shown = target if target == b"*" or draw(st.integers(0, 4)) else b"http://localhost" + target
    spaces = draw(st.sampled_from([b" ", b" ", b"", b"\t ", b"  "]))
    head = b"%s %s HTTP/1.%d\r\n" % (method, shown, minor)
    raw = head + b"".join(name + b":" + spaces + value + spaces + b"\r\n" for name, value in lines) + b"\r\n" + framed
    return Sent(
        raw=draw(st.sampled_from([b"", b"", b"", b"\r\n"])) + raw,
        method=method,
        target=target,
        # RFC 9112 §3.2.2: of a target that names the host the Host is ignored.
        fields=tuple(
            (name.lower(), b"localhost" if name == b"Host" and shown.startswith(b"h") else value)
            for name, value in lines
        ),
        body=body,
        origin=origin,
        is_preflight=asked and origin is not None and target != b"*",
        closes=minor == 0 or (says_close is not None and b"close" in says_close.lower()),
    )


PIPELINES = st.lists(valid(), min_size=1, max_size=5)
CUTS = st.lists(st.integers(0, 1 << 16), max_size=12)


# ---------------------------------------------------------------------------------------------------- refused requests

#: Lines that make a head one that must be refused, wherever they stand below the request line, and with what status.
REFUSED_LINES: dict[bytes, tuple[int, ...]] = {
    b"NoColon": (400,),
    b": value": (400,),
    b"Bad[Name: 1": (400,),
    b"Space : 1": (400,),
    b"X: a\x00b": (400,),
    b"X: a\x01b": (400,),
    b"X: a\x7f": (400,),
    b"X: a\rb": (400,),
    b"X: a\x0b": (400,),
    b"Host: elsewhere.example": (400,),
    b"Transfer-Encoding: gzip": (400, 501),
    b"Transfer-Encoding: chunked, gzip": (400,),
    b"Transfer-Encoding: ": (400,),
    b"Transfer-Encoding: \x0bchunked": (400,),
    b"Content-Length: +1": (400,),
    b"Content-Length: 1, 1": (400,),
    b"Content-Length: 0x1": (400,),
    b"Content-Length: ": (400,),
    b"Content-Length: -1": (400,),
    b"Content-Length: 99999999999999999999": (400, 413),
    b"Expect: tea": (400, 417),
}


# ------------------------------------------------------------------------------------------------------ broken requests

_BYTES = st.sampled_from([bytes([n]) for n in (0, 9, 10, 13, 32, 34, 44, 48, 58, 59, 65, 127, 133, 160, 255)])
_SPLICES = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"\r\n ",
        b"\r\nTransfer-Encoding: chunked",
        b"\r\nContent-Length: 5",
        b"\r\nHost: b",
        b"\r\nOrigin: " + SITE,
        b"\r\nConnection: close",
        b"\r\nUpgrade: h2c",
        b"\r\nConnection: upgrade",
        b"\r\nExpect: 100-continue",
        b"GET /read HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"0\r\n\r\n",
        b"5;\r\n",
        b"ffffffffffffffff\r\n",
        b"HTTP/2.0",
        b"CONNECT a:1 ",
        b"http://",
        b"%00",
        b"/../",
        b"A" * 700,
        b"\r\nX: 1" * 60,
    ]
)
_LINE_ENDS = st.sampled_from([b"\n", b"\r", b"\r\n\r\n", b"\r\r\n", b"", b" \r\n", b"\r\n ", b"\x85"])


@st.composite
def _mutation(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    # Where is drawn before what it is applied to, so that a place is a fraction of the length.
    a, b = sorted([draw(st.integers(0, 4095)), draw(st.integers(0, 4095))])
    kind = draw(
        st.sampled_from(["insert", "splice", "delete", "repeat", "swap", "line", "ends", "digit", "case", "cut"])
    )
    some = draw(_BYTES if kind == "insert" else _LINE_ENDS if kind == "ends" else _SPLICES)

    def mutate(data: bytes) -> bytes:
        i, j = a * len(data) // 4095, b * len(data) // 4095
        match kind:
            case "insert" | "splice":
                return data[:i] + some + data[i:]
            case "delete":
                return data[:i] + data[min(j, i + 1 + a % 9) :]
            case "repeat":
                return data[:j] + data[i:j][:200] + data[j:]
            case "swap":
                middle = (i + j) // 2
                return data[:i] + data[middle:j] + data[i:middle] + data[j:]
            case "line":
                lines = data.split(b"\r\n")
                n, m = a % len(lines), b % len(lines)
                return b"\r\n".join([*lines[:n], lines[m], *lines[n:]])
            case "ends":
                return _replace_nth(rb"\r\n", data, a, some)
            case "digit":
                return _replace_nth(rb"[0-9a-fA-F]+", data, a, b"%d" % (b % 40))
            case "case":
                return data[:i] + data[i:j].swapcase() + data[j:]
            case _:
                return data[:i]

    return mutate


def _replace_nth(pattern: bytes, data: bytes, n: int, by: bytes) -> bytes:
    found = list(re.finditer(pattern, data))
    if not found:
        return data
    start, end = found[n % len(found)].span()
    return data[:start] + by + data[end:]


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A pipeline of valid requests that something happened to, once or a few times."""
    data = b"".join(sent.raw for sent in draw(st.lists(valid(), min_size=1, max_size=3)))
    for mutate in draw(st.lists(_mutation(), min_size=1, max_size=4)):
        data = mutate(data)
    return data
