"""The Fetch standard's vocabulary: safelists, forbidden names, tokens and lists."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.cors import fetch


@pytest.mark.parametrize("value", [b"GET", b"x-foo", b"*", b"!#$%&'*+-.^_`|~09az", b"X" * 10_000])
def test_tokens(value: bytes) -> None:
    assert fetch.is_token(value)


@pytest.mark.parametrize(
    "value", [b"", b"a b", b"a\tb", b"a,b", b"a/b", b"a:", b'"a"', b"(a)", b"a\n", b"\xe9", b"a\x00"]
)
def test_not_tokens(value: bytes) -> None:
    assert not fetch.is_token(value)


@pytest.mark.parametrize(
    ("given_method", "normal"),
    [
        (b"get", b"GET"),
        (b"Delete", b"DELETE"),
        (b"options", b"OPTIONS"),
        (b"pUt", b"PUT"),
        (b"post", b"POST"),
        (b"head", b"HEAD"),
        # not one of the six: what was written is what is sent
        (b"patch", b"patch"),
        (b"query", b"query"),
        (b"PATCH", b"PATCH"),
    ],
)
def test_methods_are_normalized(given_method: bytes, normal: bytes) -> None:
    assert fetch.normalize_method(given_method) == normal


@pytest.mark.parametrize("method", [b"CONNECT", b"connect", b"Trace", b"TRACK"])
def test_forbidden_methods(method: bytes) -> None:
    assert fetch.is_forbidden_method(method)


@pytest.mark.parametrize("method", [b"GET", b"TRACER", b"", b"CONNECT "])
def test_allowed_methods(method: bytes) -> None:
    assert not fetch.is_forbidden_method(method)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Cookie", b"a=b"),
        (b"HOST", b"x"),
        (b"Sec-Fetch-Mode", b"navigate"),
        (b"sec-", b"x"),
        (b"Proxy-Authorization", b"x"),
        (b"Origin", b"http://a.example"),
        (b"Access-Control-Request-Headers", b"x"),
        (b"X-HTTP-Method-Override", b"GET, trace"),
        (b"X-Method-Override", b"\tTRACK "),
    ],
)
def test_forbidden_request_headers(name: bytes, value: bytes) -> None:
    assert fetch.is_forbidden_request_header(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"User-Agent", b"x"),
        (b"Authorization", b"x"),
        (b"Sec", b"x"),
        (b"Set-Cookie2", b"x"),
        (b"X-HTTP-Method", b"TRACER"),
        (b"X-HTTP-Method", b"PUT"),
        (b"X-Method", b"TRACE"),
        (b"Access-Control-Allow-Origin", b"*"),
    ],
)
def test_request_headers_a_page_may_set(name: bytes, value: bytes) -> None:
    assert not fetch.is_forbidden_request_header(name, value)


# The vectors of Web Platform Tests, cors/cors-safelisted-request-header.any.js and fetch's not-cors-safelisted.json.
SAFELISTED = [
    (b"accept", b""),
    (b"accept", b"*/*"),
    (b"Accept", b"text/html;q=0.5, a\tb"),
    (b"accept", b"caf\xe9"),
    (b"accept", b"1" * 128),
    (b"accept-language", b"en-US,en;q=0.5, *"),
    (b"accept-language", b""),
    (b"content-language", b"1" * 128),
    (b"content-type", b"text/plain"),
    (b"content-type", b"TEXT/PLAIN; charset=utf-8"),
    (b"content-type", b"text/plain;garbage"),
    (b"content-type", b"  text/plain\t"),
    (b"content-type", b"multipart/form-data; boundary=x"),
    (b"content-type", b"application/x-www-form-urlencoded"),
    (b"range", b"bytes=100-200"),
    (b"range", b"bytes=200-"),
    (b"range", b"bytes=0-0"),
    (b"range", b"bytes=00-01"),
]
NOT_SAFELISTED = [
    (b"x-foo", b"1"),
    (b"authorization", b"x"),
    (b"accept", b"1" * 129),
    *[(b"accept", b"a" + bytes([byte]) + b"b") for byte in b'"():<>?@[\\]{}\x7f\x00\x01\x0b\x1f'],
    (b"accept-language", b"en_US"),
    (b"accept-language", b"en\tx"),
    (b"accept-language", b"@"),
    (b"content-language", b"caf\xe9"),
    (b"content-type", b"application/json"),
    (b"content-type", b"text/html"),
    (b"content-type", b"text /plain"),
    (b"content-type", b"text/ plain"),
    (b"content-type", b"text/plain,"),
    (b"content-type", b"text/plain, text/plain"),
    (b"content-type", b'text/plain; charset="utf-8"'),
    (b"content-type", b'multipart/form-data;"'),
    (b"content-type", b""),
    (b"content-type", b"text"),
    (b"content-type", b"/plain"),
    (b"range", b"bytes=-200"),
    (b"range", b"bytes=200-100"),
    (b"range", b"bytes=0-1,2-3"),
    (b"range", b"bytes = 0-1"),
    (b"range", b"bytes=0-1 "),
    # the unit is case-sensitive, for both recorded browsers too
    (b"range", b"Bytes=0-1"),
    (b"range", b"BYTES=0-1"),
    (b"range", b"items=0-1"),
    (b"range", b"bytes=0"),
    (b"range", b""),
    (b"range", b"bytes=0-" + b"9" * 121),
]


@pytest.mark.parametrize(("name", "value"), SAFELISTED)
def test_safelisted_request_headers(name: bytes, value: bytes) -> None:
    assert fetch.is_safelisted_request_header(name, value)


@pytest.mark.parametrize(("name", "value"), NOT_SAFELISTED)
def test_request_headers_that_are_not_safelisted(name: bytes, value: bytes) -> None:
    assert not fetch.is_safelisted_request_header(name, value)


@pytest.mark.parametrize(
    ("values", "tokens"),
    [
        ([], ()),
        ([b""], ()),
        ([b"PUT"], (b"PUT",)),
        ([b",,PUT, ,\t,DELETE,"], (b"PUT", b"DELETE")),
        ([b"PUT", b"", b"DELETE"], (b"PUT", b"DELETE")),
        ([b"*"], (b"*",)),
        ([b"PUT, B@D"], None),
        ([b"B@D", b"PUT"], None),
        ([b"GET PUT"], None),
        ([b"\x0bPUT"], None),
        ([b"\xa0PUT"], None),
    ],
)
def test_lists_of_tokens(values: list[bytes], tokens: tuple[bytes, ...] | None) -> None:
    assert fetch.list_of_tokens(values) == tokens


@pytest.mark.parametrize(
    ("value", "essence"),
    [
        (b"text/plain", b"text/plain"),
        (b"\r\n\tText/Plain ;x", b"text/plain"),
        (b"application/vnd.api+json;v=1", b"application/vnd.api+json"),
        (b"text", None),
        (b"text/", None),
        (b"/plain", None),
        (b"te(t/plain", None),
        (b"", None),
    ],
)
def test_mime_essence(value: bytes, essence: bytes | None) -> None:
    assert fetch.mime_essence(value) == essence


@settings(derandomize=True, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6))
def test_a_list_of_tokens_holds_tokens_only(values: list[bytes]) -> None:
    tokens = fetch.list_of_tokens(values)
    assert tokens is None or all(map(fetch.is_token, tokens))


@pytest.mark.parametrize("hostile", [b"," * 1_000_000, b"a," * 500_000, b"a" * 1_000_000, b" \t" * 500_000])
def test_a_hostile_megabyte_is_linear(hostile: bytes) -> None:
    started = time.process_time()
    fetch.list_of_tokens([hostile])
    fetch.is_safelisted_request_header(b"range", hostile)
    fetch.mime_essence(hostile)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("lines", "members"),
    [
        ([], set()),
        ([b"Origin"], {b"origin"}),
        ([b"Accept, ORIGIN ", b"\t*"], {b"accept", b"origin", b"*"}),
        ([b"X-Origin"], {b"x-origin"}),
    ],
)
def test_the_members_of_vary_are_read_whole_from_every_line(lines: list[bytes], members: set[bytes]) -> None:
    assert fetch.vary_members([(b"vArY", line) for line in lines] + [(b"Various", b"Cookie")]) == members
