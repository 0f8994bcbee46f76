"""Origins: which of them the patterns of other CORS libraries match, said in our own words."""

import pytest

from corserver.cors.origins import parse_origin
from corserver.cors.policy import Policy

# ----------------------------------------------------------------------------------------------- what they match

_HATS = ("https://hat", "https://top-hat", "https://pin", "https://tin")
_SHOPS = tuple(f"https://{below}shop.{end}{port}" for end in ("net", "org", "com") for below, port in
               (("*.", ""), ("", ":8080"), ("", "")))  # fmt: skip
_SHIPS = tuple(f"https://{letter}ort" for letter in "bcdfhmprstw")


def _on(port: str, *origins: str) -> tuple[str, ...]:
    return tuple(origin + port for origin in origins)


def _http(*origins: str) -> tuple[str, ...]:
    return tuple(origin.replace("https:", "http:") for origin in origins)


_NO_HATS = (
    *_http(*_HATS),
    *("https://ha", "https://top", "https://p", "https://t"),
    *("https://at", "https://p-hat", "https://in", "https://n"),
    *("https://that", "https://a-top-hat", "https://spin", "https://satin"),
    *("https://ptin", "https://tpin", "https://pintin", "https://tinpin"),
    *("https://hat.pin", "https://pin.hat"),
)

#: id, patterns, origins that they allow, origins that they do not
MATCHED: tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    ("jub0bs: one origin", ("https://hat",), ("https://hat",), ("https://top-hat", "https://pin", "https://hat:1")),
    ("jub0bs: names that share an ending", _HATS, _HATS, (*_NO_HATS, *_on(":1", *_HATS))),
    ("jub0bs: the same names the other way round", _HATS[::-1], _HATS, (*_NO_HATS, *_on(":1", *_HATS))),
    ("jub0bs: the same names twice", _HATS * 2, _HATS, (*_NO_HATS, *_on(":1", *_HATS))),
    (
        "jub0bs: names on two ports",
        (*_HATS, *_on(":1", *_HATS)),
        (*_HATS, *_on(":1", *_HATS)),
        (*_NO_HATS, *_on(":1", *_NO_HATS), *_on(":2", *_HATS)),
    ),
    (
        "jub0bs: exact origins and subdomains",
        ("https://hat", "https://*.tin", "https://a.tin", "https://*.tin:1", "https://pin"),
        ("https://hat", "https://a.tin", "https://b.tin", "https://b.tin:1", "https://a.tin:1", "https://c.b.tin"),
        ("https://tin", "https://tin:1", "https://satin", "https://a.satin", "https://b.tin:2", "http://b.tin:1"),
    ),
    (
        "jub0bs: exact origins and subdomains the other way round",
        ("https://pin", "https://*.tin:1", "https://a.tin", "https://*.tin", "https://hat"),
        ("https://hat", "https://a.tin", "https://b.tin", "https://b.tin:1", "https://a.tin:1", "https://c.b.tin"),
        ("https://tin", "https://tin:1", "https://satin", "https://a.satin", "https://b.tin:2", "http://b.tin:1"),
    ),
    (
        "jub0bs: exact origins and any port",
        ("https://hat", "https://hat:*", "https://top-hat:*", "https://tin"),
        ("https://hat", "https://hat:1", "https://top-hat", "https://top-hat:65535", "https://tin"),
        ("https://tin:1", "https://that:1", "https://a.hat:1", *_http("https://hat", "https://hat:1"), "https://hat:"),
    ),
    (
        "jub0bs: subdomains on any port",
        ("https://hat", "https://*.tin", "https://*.tin:*"),
        ("https://hat", "https://a.tin", "https://a.tin:1", "https://a.tin:65535", "https://b.a.tin:2"),
        ("https://hat:1", "https://tin", "https://tin:1", "https://satin:1", "http://a.tin:1", "https://a.tin:65536"),
    ),
    (
        "jub0bs: host, port and subdomains of three names",
        _SHOPS,
        tuple(pattern.replace("*", "front") for pattern in _SHOPS),
        (
            *(_http(*(pattern.replace("*", "front") for pattern in _SHOPS))),
            *(f"https://{host}" for host in ("front.shop.net:6060", "shop.org:6060", "front.shop.com:8080", "shop.ne")),
            *(
                f"https://{host}"
                for host in ("front.hop.net", "hop.net", "hop.org:8080", "workshop.com", "shop.co:8080")
            ),
            *(f"https://{host}" for host in ("front.workshop.com", "workshop.org:8080", "shop.netshop.org")),
        ),
    ),
    (
        "jub0bs: many names that differ in one letter",
        _SHIPS,
        _SHIPS,
        (*_http(*_SHIPS), *_on(":6060", *_SHIPS), "https://ort", "https://por", "https://passport", "https://xort"),
    ),
    (
        "jub0bs: two origins sharing an ending",
        ("https://foo.example", "https://bar.example"),
        ("https://foo.example", "https://bar.example"),
        ("https://barfoo.example", "https://foobar.example", "https://oo.example", "https://ar.example"),
    ),
    (
        "rs: a wildcard never matches less than its two ends",
        ("https://*.a.a",),
        ("https://b.a.a", "https://a.a.a"),
        ("https://a.a", "https://.a.a", "https://a", "https://aa.a"),
    ),
    (
        "rs: subdomains of one name only",
        ("http://*.page.example",),
        ("http://shop.page.example",),
        ("http://shop.pago.example", "http://page.example", "http://shoppage.example"),
    ),
    ("rs: capitals are another origin", ("http://page.example",), ("http://page.example",), ("http://Page.example",)),
    (
        "starlette: the whole origin is compared",
        ("https://*.page.example",),
        ("https://sub.page.example",),
        ("https://sub.page.example.evil.net", "https://sub.page.example:1", "x https://sub.page.example"),
    ),
    ("django: another scheme", ("http://page.example",), ("http://page.example",), ("https://page.example",)),
    (
        "django: the second of two",
        ("https://a.example", "https://b.example"),
        ("https://b.example",),
        ("https://b.exampl",),
    ),
    (
        "django: the second of two patterns",
        ("https://*.a.example", "https://*.b.example"),
        ("https://x.b.example",),
        ("https://x.c.example",),
    ),
    (
        "django: a stray bracket is no crash",
        ("https://page.example",),
        (),
        ("https://page.example]", "https://[page.example"),
    ),
    (
        "flask: every letter is a subdomain",
        ("http://*.page.example",),
        tuple(f"http://{letter}.page.example" for letter in "abcdefghijklmnopqrstuvwxyz0_"),
        ("http://-.page.example/", "http://é.page.example"),
    ),
    (
        "flask: an origin beside a pattern",
        ("http://page.example", "http://*.shop.example"),
        ("http://page.example", "http://a.shop.example"),
        ("http://a.page.example", "http://shop.example"),
    ),
    (
        "flask: a dot is a dot",
        ("http://example1.test",),
        ("http://example1.test",),
        ("http://example1xtest", "http://examplea.test"),
    ),
    (
        "express: an ending is not enough",
        ("https://*.page.example", "https://page.example"),
        ("https://page.example", "https://a.page.example"),
        ("https://evilpage.example", "http://a.page.example", "https://page.example.evil.net"),
    ),
    (
        "tower: bytes are compared",
        ("http://page.example",),
        ("http://page.example",),
        ("http://page.test", "http://page.example ", "http://page.example\0"),
    ),
)


@pytest.mark.parametrize(("name", "patterns", "allowed", "refused"), MATCHED, ids=[row[0] for row in MATCHED])
def test_patterns_match_the_origins_that_theirs_match_and_no_other(
    name: str, patterns: tuple[str, ...], allowed: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    policy = Policy(patterns)

    assert [origin for origin in allowed if not policy.permits_origin(origin)] == []
    assert [origin for origin in refused if policy.permits_origin(origin)] == []
    assert Policy(**policy.describe()) == policy


# ------------------------------------------------------------------------------- what arrives in the Origin header

#: jub0bs splits these without judging them; here each is nobody's origin, so no pattern can be led astray by one.
NOBODYS = (
    *("1ab://page.example", "https://", "http://[page]:90", "http://[]", "http://[a", "http://[::1:]", "http://[::1]."),
    *("https://.page.example", "https://page.example^8080", "https://page.example?", "https://page.example:80ab"),
    *("http://[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:6060", "http://page.255", "http://1:6060", "http://[::1].:90"),
    *("https://" + ".".join(["deep"] * 60), "https://" + "h" * 254, "invalid_origin", "invalid", "", "*", "https://*"),
)


@pytest.mark.parametrize("value", NOBODYS)
def test_what_no_browser_writes_is_nobodys_origin(value: str) -> None:
    policy = Policy(["https://*.page.example:*", "https://*.deep", "http://*.255x", "http://[::1]:*"])

    assert parse_origin(value.encode()) is None
    assert not policy.permits_origin(value)
