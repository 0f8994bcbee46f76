"""URLs as browsers read them: origins, failures, resolving."""

import pytest

from corserver.cors.browser import (
    parse_url,
)
from tests.cors.browser.asking import (
    url,
)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://a.example", b"http://a.example"),
        ("HTTP://A.Example:80/x?y#z", b"http://a.example"),
        ("https://a.example:443", b"https://a.example"),
        ("https://a.example:0444", b"https://a.example:444"),
        (" \x01http:\\\\a.example\\b ", b"http://a.example"),
        ("ht\ntp://a.ex\tample", b"http://a.example"),
        ("http://user:pass@a.example", b"http://a.example"),
        ("http://127.1:8000", b"http://127.0.0.1:8000"),
        ("http://0x7f.0.0.1", b"http://127.0.0.1"),
        ("http://2130706433", b"http://127.0.0.1"),
        ("http://%3127.0.0.1", b"http://127.0.0.1"),
        ("http://[::1]:3000", b"http://[::1]:3000"),
        ("http://[0:0:0:0:0:0:0:1]", b"http://[::1]"),
        ("http://[::ffff:127.0.0.1]", b"http://[::ffff:7f00:1]"),
        ("http://b%C3%BCcher.example", b"http://xn--bcher-kva.example"),
        ("http://stra%C3%9Fe.example", b"http://xn--strae-oqa.example"),
        ("http://%CE%A6%CE%99%CE%9B%CE%9F%CE%A3", b"http://xn--uxaemql"),
        ("data:text/plain,hi", b"null"),
        ("file:///etc/hosts", b"null"),
    ],
)
def test_origins_of_urls(text: str, origin: bytes) -> None:
    assert url(text).origin == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "//a.example",
        "*://a.example",
        "http://",
        "http://:80",
        "http://a.example:99999",
        "http://a.example:x",
        "http://a b.example",
        "http://[::1",
        "http://[fe80::1%25eth0]",
        "http://1.2.3.4.5",
        "http://256.0.0.1",
        "http://xn--f",
        "http://a.example:8080:80",
    ],
)
def test_what_is_no_url(text: str) -> None:
    assert parse_url(text) is None


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/x", "https://a.example/x"),
        ("x", "https://a.example/b/x"),
        ("../x/./y/..", "https://a.example/x/"),
        ("/x/%2E%2e/y/%2e/.%2E", "https://a.example/"),
        ("//c.example/x", "https://c.example/x"),
        ("\\\\c.example\\x", "https://c.example/x"),
        ("https:x", "https://a.example/b/x"),
        ("http:x", "http://x/"),
        ("?q", "https://a.example/b/c?q"),
        ("", "https://a.example/b/c?d"),
        ("#f", "https://a.example/b/c?d"),
        ("/a b\xe9", "https://a.example/a%20b%E9"),
        ("http://u:p@c.example/", "http://u:p@c.example/"),
    ],
)
def test_urls_are_resolved(location: str, target: str) -> None:
    assert str(parse_url(location, url("https://a.example/b/c?d"))) == target


def test_a_data_url_is_no_base() -> None:
    assert parse_url("/x", url("data:text/plain,hi")) is None
