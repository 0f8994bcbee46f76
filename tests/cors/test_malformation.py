"""What is wrong with a text that is no origin is said, and what was meant is offered."""

import pytest
from hypothesis import given, settings

from corserver.cors.origins import Malformation, diagnose, mend, parse_origin
from tests.cors.origin_strategies import origins
from tests.cors.test_origin import PARSED, REFUSED

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=150)
_M = Malformation

DIAGNOSED = (
    (b"", (_M.EMPTY,), None),
    (b"null", (_M.SCHEME,), None),
    (b"example.com", (_M.SCHEME,), b"https://example.com"),
    (b"https:/example.com", (_M.SCHEME,), b"https://example.com"),
    (b"http:localhost:3000", (_M.SCHEME,), b"http://localhost:3000"),
    (b"http:\\\\example.com", (_M.SCHEME,), b"http://example.com"),
    (b"//example.com/a", (_M.SCHEME,), b"https://example.com"),
    (b"//", (_M.SCHEME,), None),
    (b"about:blank", (_M.SCHEME,), None),
    (b"data:", (_M.SCHEME,), None),
    (b"file:/a", (_M.SCHEME,), None),
    (b"blob:null/a", (_M.SCHEME,), None),
    (b"chrome-extension:abc", (_M.SCHEME,), None),
    (b"mailto:a@b.example", (_M.SCHEME,), None),
    (b"1://example.com", (_M.SCHEME,), None),
    (b"https://example.com/", (_M.PATH,), b"https://example.com"),
    (b"https://example.com/a/b", (_M.PATH,), b"https://example.com"),
    (b"https://example.com?", (_M.QUERY,), b"https://example.com"),
    (b"https://example.com#", (_M.FRAGMENT,), b"https://example.com"),
    (b"https://u:p@example.com", (_M.USERINFO,), b"https://example.com"),
    (b"https://Example.com", (_M.UPPERCASE,), b"https://example.com"),
    (b"HTTPS://example.com", (_M.UPPERCASE,), b"https://example.com"),
    (b"https://example.com:443", (_M.DEFAULT_PORT,), b"https://example.com"),
    (b"HTTP://example.com:80", (_M.UPPERCASE, _M.DEFAULT_PORT), b"http://example.com"),
    (b"https://example.com:", (_M.BAD_PORT,), b"https://example.com"),
    (b"https://example.com:0", (_M.BAD_PORT,), None),
    (b"https://example.com:65536", (_M.BAD_PORT,), None),
    (b"https://example.com:8_0", (_M.BAD_PORT,), b"https://example.com"),
    (b"https://example.com:0000080", (_M.BAD_PORT,), b"https://example.com:80"),
    (b" https://example.com", (_M.WHITESPACE, _M.SCHEME), b"https://example.com"),
    (b"https://example.com\n", (_M.WHITESPACE,), b"https://example.com"),
    (b"https://exa\tmple.com", (_M.WHITESPACE,), None),
    ("https://bücher.example".encode(), (_M.NON_ASCII,), b"https://xn--bcher-kva.example"),
    ("https://BÜCHER.example/".encode(), (_M.NON_ASCII, _M.UPPERCASE, _M.PATH), b"https://xn--bcher-kva.example"),
    ("https://straße.example".encode(), (_M.NON_ASCII,), b"https://xn--strae-oqa.example"),
    (b"https://exampl\xe9.com", (_M.NON_ASCII,), None),
    (b"a.example/x", (_M.SCHEME,), b"https://a.example"),
    (b"a.example:8443", (_M.SCHEME,), b"https://a.example:8443"),
    (b"localhost:3000", (_M.SCHEME,), b"http://localhost:3000"),
    (b"LOCALHOST:3000", (_M.SCHEME,), b"http://localhost:3000"),
    (b"192.168.0.9:3000", (_M.SCHEME,), b"http://192.168.0.9:3000"),
    (b"[::1]:3000", (_M.SCHEME,), b"http://[::1]:3000"),
    (b"::1", (_M.SCHEME,), b"http://[::1]"),
    (b"fe80::1", (_M.SCHEME,), b"http://[fe80::1]"),
    (b"http://::1", (_M.BAD_ADDRESS,), b"http://[::1]"),
    (b"http://::1:3000", (_M.BAD_ADDRESS,), b"http://[::1]:3000"),
    (b"https://2001:db8::1", (_M.BAD_ADDRESS,), b"https://[2001:db8::1]"),
    (b"'https://a.example'", (_M.SCHEME,), b"https://a.example"),
    (b"https://a..b", (_M.BAD_HOST,), None),
    (b"https://a`b", (_M.BAD_HOST,), None),
    (b"https://", (_M.BAD_HOST,), None),
    (b"https://" + b"a" * 64, (_M.TOO_LONG,), None),
    (b"https://" + b"a." * 127 + b"a", (_M.TOO_LONG,), None),
    (b"a" * 65 + b"://x", (_M.TOO_LONG,), None),
    (b"https://" + b"a" * 400, (_M.TOO_LONG,), None),
    (b"http://1.2.3.04", (_M.BAD_ADDRESS,), None),
    (b"http://127.1", (_M.BAD_ADDRESS,), None),
    (b"http://[::0001]", (_M.BAD_ADDRESS,), b"http://[::1]"),
    (b"http://[::0001]:80", (_M.DEFAULT_PORT, _M.BAD_ADDRESS), b"http://[::1]"),
    (b"http://[0:0:0:0:0:0:0:1]", (_M.BAD_ADDRESS,), b"http://[::1]"),
    (b"http://[fe80::1%eth0]", (_M.BAD_ADDRESS,), None),
    (b"http://[::ffff:1.2.3.4]", (_M.BAD_ADDRESS,), None),
    (b"http://[::1", (_M.BAD_ADDRESS,), None),
)


@pytest.mark.parametrize(("value", "faults", "meant"), DIAGNOSED)
def test_every_fault_is_named_and_what_was_meant_is_offered(
    value: bytes, faults: tuple[Malformation, ...], meant: bytes | None
) -> None:
    assert faults == diagnose(value)
    assert meant == mend(value)


@pytest.mark.parametrize("value", [value for value, _ in PARSED])
def test_an_origin_has_no_fault_and_is_its_own_mending(value: bytes) -> None:
    assert diagnose(value) == ()
    assert value == mend(value)


@pytest.mark.parametrize("value", REFUSED)
def test_whatever_is_no_origin_has_a_fault(value: bytes) -> None:
    assert diagnose(value)


@_PROPERTY
@given(origins())
def test_there_is_a_fault_exactly_where_there_is_no_origin_and_what_is_offered_is_one(value: bytes) -> None:
    meant = mend(value)

    assert (parse_origin(value) is None) is bool(diagnose(value))
    assert meant is None or parse_origin(meant) is not None
