"""Origins are parsed from the one form in which browsers write them, and from no other."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corserver.cors.origins import MAX_ORIGIN, Origin, is_domain, is_ipv4, is_ipv6, is_loopback_host, parse_origin
from tests.cors import slow_origins
from tests.cors.origin_strategies import mutations, origins

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=150)

_LONGEST = b"a" * 64 + b"://" + b"a." * 126 + b"a:65535"

PARSED = (
    (b"https://example.com", Origin(b"https", b"example.com")),
    (b"https://example.com.", Origin(b"https", b"example.com.")),
    (b"http://localhost:3000", Origin(b"http", b"localhost", 3000)),
    (b"http://example.com:443", Origin(b"http", b"example.com", 443)),
    (b"https://example.com:80", Origin(b"https", b"example.com", 80)),
    (b"https://example.com:1", Origin(b"https", b"example.com", 1)),
    (b"https://example.com:65535", Origin(b"https", b"example.com", 65535)),
    (b"https://a_b-c.example", Origin(b"https", b"a_b-c.example")),
    (b"https://_", Origin(b"https", b"_")),
    (b"https://1.2.3.4", Origin(b"https", b"1.2.3.4")),
    (b"https://0.0.0.0", Origin(b"https", b"0.0.0.0")),
    (b"https://1.2.3.4.a", Origin(b"https", b"1.2.3.4.a")),
    (b"https://1.2.3.0xg", Origin(b"https", b"1.2.3.0xg")),
    (b"http://[::]", Origin(b"http", b"[::]")),
    (b"http://[::1]:8000", Origin(b"http", b"[::1]", 8000)),
    (b"http://[2001:db8:0:1:1:1:1:1]", Origin(b"http", b"[2001:db8:0:1:1:1:1:1]")),
    (b"http://[2001:0:0:1::1]", Origin(b"http", b"[2001:0:0:1::1]")),
    (b"http://[::102:304]", Origin(b"http", b"[::102:304]")),
    (b"moz-extension://0a1b-2c", Origin(b"moz-extension", b"0a1b-2c")),
    (b"x+y.z://a", Origin(b"x+y.z", b"a")),
    (_LONGEST, Origin(b"a" * 64, b"a." * 126 + b"a", 65535)),
)

REFUSED = (
    b"",
    b"null",
    b"*",
    b"https",
    b"https://",
    b"https://:443",
    b"://example.com",
    b"1https://example.com",
    b"-x://example.com",
    b"a" * 65 + b"://example.com",
    b"https:/example.com",
    b"https:///example.com",
    b"https://example.com/",
    b"https://example.com\n",
    b"\nhttps://example.com",
    b"https://example.com\0",
    b"https://example..com",
    b"https://.example.com",
    b"https://example.com..",
    b"https://.",
    b"https://" + b"a" * 64,
    b"https://" + b"a." * 126 + b"aa",
    b"https://example.com:00",
    b"https://example.com:65536",
    b"https://example.com:100000",
    b"https://example.com:443",
    b"http://example.com:80",
    b"ws://example.com:80",
    b"wss://example.com:443",
    b"ftp://example.com:21",
    b"https://1.2.3",
    b"https://1.2.3.4.5",
    b"https://1.2.3.4.",
    b"https://1.2.3.256",
    b"https://1.2.3.04",
    b"https://a.0x1",
    b"https://a.0x",
    b"https://a.1",
    b"https://1",
    b"http://[]",
    b"http://[::1",
    b"http://::1",
    b"http://[::1]x",
    b"http://[:1]",
    b"http://[1::2::3]",
    b"http://[::0]",
    b"http://[::01]",
    b"http://[::A]",
    b"http://[1:2:3:4:5:6:7::]",
    b"http://[2001:db8::1:1:1:1:1]",
    b"http://[2001::1:0:0:0:1]",
    b"http://[::1.2.3.4]",
    b"http://[::ffff:102:304]",
    b"http://[::1%25eth0]",
    b"https://ex%61mple.com",
    _LONGEST + b"0",
    _LONGEST * 3,
)


@pytest.mark.parametrize(("value", "origin"), PARSED)
def test_an_origin_is_parsed_and_serialised_to_the_same_bytes(value: bytes, origin: Origin) -> None:
    assert origin == parse_origin(value)
    assert value == bytes(origin)
    assert value.decode() == str(origin)


@pytest.mark.parametrize("value", REFUSED)
def test_whatever_a_browser_does_not_write_is_no_origin(value: bytes) -> None:
    assert parse_origin(value) is None


def test_the_longest_origin_is_as_long_as_the_bound() -> None:
    assert len(_LONGEST) == MAX_ORIGIN


@_PROPERTY
@given(origins())
@example(b"https://[0:0:0:0:0:0:0:0]")
@example(b"https://0x.0x0.0xg.0x1")
def test_the_parser_agrees_with_a_second_one_written_from_the_standard(value: bytes) -> None:
    slow = slow_origins.parse(value)

    found = parse_origin(value)

    assert slow == (None if found is None else (found.scheme.decode(), found.host.decode(), found.port))


@_PROPERTY
@given(origins())
def test_what_is_parsed_serialises_to_itself(value: bytes) -> None:
    found = parse_origin(value)

    assert found is None or value == bytes(found)


@_PROPERTY
@given(st.lists(st.integers(0, 0xFFFF) | st.just(0), min_size=8, max_size=8), st.booleans())
def test_an_ipv6_address_has_one_form(pieces: list[int], compressed: bool) -> None:
    text = slow_origins._serialised_ipv6(pieces) if compressed else ":".join(f"{piece:x}" for piece in pieces)

    assert slow_origins._is_ipv6(text) is is_ipv6(f"[{text}]".encode())


@_PROPERTY
@given(st.sampled_from((b"[::1]", b"[2001:db8::1]", b"127.0.0.1", b"example.com")).flatmap(mutations))
def test_a_host_is_of_one_kind_at_most(host: bytes) -> None:
    kinds = [is_ipv6(host), is_ipv4(host), is_domain(host)]

    found = parse_origin(b"x://" + host)
    assert sum(kinds) == (found is not None and found.host == host)


@pytest.mark.parametrize("host", [b"localhost", b"a.localhost", b"127.0.0.1", b"127.255.0.9", b"[::1]"])
def test_this_machine_is_loopback(host: bytes) -> None:
    assert is_loopback_host(host)
    assert Origin(b"http", host).is_loopback


@pytest.mark.parametrize(
    "host", [b"localhost.example", b"xlocalhost", b"127.0.0.1.example", b"127.1", b"128.0.0.1", b"[::2]", b"0.0.0.0"]
)
def test_no_other_machine_is_loopback(host: bytes) -> None:
    assert not is_loopback_host(host)
