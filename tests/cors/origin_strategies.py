"""Random origins: those that a set of patterns stands for, and those that are nearly so."""

from hypothesis import strategies as st

_HOSTS = (
    "example.com",
    "foo.com",
    "bar.com",
    "barfoo.com",
    "api.example.com",
    "a.b.example.com",
    "example.com.",
    "co.uk",
    "localhost",
    "a_b.localhost",
    "xn--exmple-cua.com",
    "127.0.0.1",
    "[::1]",
    "[2001:db8::8:0:0:1]",
    "com",
    "1x.0y",
)
_PORTS = (":1", ":80", ":443", ":3000", ":8080", ":65535")
_DEFAULT = {"http": ":80", "https": ":443", "ws": ":80", "wss": ":443"}
_SCHEMES = ("https", "https", "http", "wss", "ws", "chrome-extension", "x")

#: Bytes that have cut an origin short, or joined two, in some server.
_PIECES = (
    *(bytes([byte]) for byte in b"\0\t\n\r !\"#$%&'()*+,-./0159:;<=>?@A[\\]^_`az{|}~\x7f\x80\xff"),
    *(b"://", b"//", b"..", b".", b"www.", b"%2e", b"%60", b"%00", b":80", b":443", b":0", b":*", b"*.", b"null"),
    *(b"evil.net", b".evil.net", b"@evil.net", b"0x1", b".1", b"[::1]", b"::", b"xn--", b"a" * 63, b"a." * 120),
    *("é".encode(), "٣".encode(), "。".encode(), "\N{KELVIN SIGN}".encode(), b", https://evil.net", b"a" * 10_000),
)


@st.composite
def patterns(draw: st.DrawFn) -> str:
    """A valid pattern: exact, `*.`, `:*`, or both."""
    scheme, host = draw(st.sampled_from(_SCHEMES)), draw(st.sampled_from(_HOSTS))
    port = draw(st.sampled_from(("", "", ":*", *_PORTS)))
    if port == _DEFAULT.get(scheme):
        port = ""
    is_address = host.startswith("[") or host == "127.0.0.1"
    below = "*." if not is_address and draw(st.booleans()) else ""
    return f"{scheme}://{below}{host}{port}"


@st.composite
def instances(draw: st.DrawFn, pattern: str) -> bytes:
    """An origin that *pattern* stands for, or would if the port were not the default one."""
    labels = draw(st.lists(st.sampled_from(("a", "b-c", "x_y", "0", "www", "evil")), min_size=1, max_size=3))
    text = pattern.replace("*.", ".".join(labels) + ".")
    if text.endswith(":*"):
        text = text[:-2] + draw(st.sampled_from(("", *_PORTS)))
    return text.encode()


@st.composite
def mutations(draw: st.DrawFn, value: bytes) -> bytes:
    """*value* with one change somewhere: bytes inserted, deleted, replaced, swapped, repeated, or their case."""
    at = draw(st.integers(0, len(value)))
    end = min(len(value), at + draw(st.integers(1, 3)))
    piece = draw(st.sampled_from(_PIECES) | st.binary(min_size=1, max_size=4))
    return draw(
        st.sampled_from(
            (
                value[:at] + piece + value[at:],
                value[:at] + value[end:],
                value[:at] + piece + value[end:],
                value[:at] + value[at:end][::-1] + value[end:],
                value[:at] + value[at:end] * 2 + value[end:],
                value[:at] + value[at:end].swapcase() + value[end:],
                piece + value,
                value + piece,
                value.replace(b"://", b"://" + piece, 1),
            )
        )
    )


@st.composite
def near(draw: st.DrawFn, allowed: list[str]) -> bytes:
    """An origin at, or some mutations away from, one of the patterns *allowed*."""
    value = draw(instances(draw(st.sampled_from(allowed)) if allowed else draw(patterns())))
    for _ in range(draw(st.integers(0, 3))):
        value = draw(mutations(value))
    return value


@st.composite
def origins(draw: st.DrawFn) -> bytes:
    """Anything from a true origin to noise."""
    return draw(st.binary(max_size=60) | st.text(max_size=40).map(str.encode) | near([]))
