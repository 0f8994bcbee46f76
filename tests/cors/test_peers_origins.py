"""Origins and their patterns, as other CORS libraries are known to test them, said in our own words.

A row's id names the library family that holds its server to the fact. Where they and this engine differ on purpose
(no expressions, no `null`, no lists beside `*`) the row has this engine's outcome, and the reason beside it.
"""

import pytest

from corserver.cors.origins import OriginPattern, parse_origin
from corserver.cors.policy import Fault, Policy, PolicyError

HOST_63 = "l" * 63
#: 251 bytes: with `*.` before it, the longest host there is.
HOST_251 = ".".join((HOST_63, HOST_63, HOST_63, "h" * 59))


def faults(*origins: str, credentials: bool = False) -> set[Fault]:
    """What is wrong with a policy of these origins."""
    try:
        Policy(list(origins), credentials=credentials)
    except PolicyError as error:
        return {refusal.fault for refusal in error.refusals}
    return set()


# ------------------------------------------------------------------------------------------- what can be a pattern

#: id, text
ACCEPTED = (
    ("jub0bs: any scheme but file", "connector://page"),
    ("jub0bs: a scheme of one letter", "q://page.example"),
    ("jub0bs: the first letter as a scheme", "a://page.example"),
    ("jub0bs: the last letter as a scheme", "z://page.example"),
    ("jub0bs: a scheme of 64 bytes", "s" * 64 + "://page.example"),
    ("jub0bs: everything as long as it may be", "s" * 64 + "://*." + HOST_251 + ":65535"),
    ("jub0bs: 251 bytes below the wildcard", "https://*." + HOST_251),
    ("jub0bs: an IPv4 address with https", "https://127.0.0.1:90"),
    ("jub0bs: an IPv4 address that is not loopback", "http://169.254.169.254"),
    ("jub0bs: an IPv6 address with https", "https://[::1]:8443"),
    ("jub0bs: an IPv6 address with letters", "http://[2001:db8:cafe::7]:9090"),
    ("jub0bs: underscores and hyphens", "http://my_page-one.example:3999"),
    ("jub0bs: a trailing full stop", "http://page.example.:3999"),
    ("jub0bs: a numeric label in the middle", "http://012345678901234567890123456789.page:6060"),
    ("jub0bs: subdomains on one port", "http://*.page.example:3999"),
    ("jub0bs: subdomains on any port", "http://*.page.example:*"),
    ("jub0bs: subdomains of a public suffix, without credentials", "https://*.com"),
    ("jub0bs: valid Punycode", "https://xn--bcher-kva.example"),
    ("jub0bs: a top-level name alone", "https://intranet"),
    ("rs: plain http", "http://page.example"),
    ("rs: http subdomains", "http://*.page.example"),
    ("django: a port on localhost", "https://localhost:9000"),
)

#: id, text, what is wrong with it
REFUSED = (
    ("jub0bs: null", "null", Fault.ORIGIN_NULL_PROHIBITED),
    ("jub0bs: file", "file:///page", Fault.ORIGIN_FILE_PROHIBITED),
    ("jub0bs: file with a host", "file://page.example", Fault.ORIGIN_FILE_PROHIBITED),
    ("jub0bs: user and password", "https://me:secret@page.example:6060", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a path", "https://page.example:6060/a", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a trailing slash", "https://page.example/", Fault.ORIGIN_MALFORMED),
    ("jub0bs: an empty query", "https://page.example:6060?", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a query", "https://page.example:6060?a=b", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a fragment", "https://page.example:6060#top", Fault.ORIGIN_MALFORMED),
    ("jub0bs: too short for a scheme", "xy", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a colon without slashes", "xy:", Fault.ORIGIN_MALFORMED),
    ("jub0bs: white space around it", " http://page.example:6060 ", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a scheme that begins with a digit", "7-extension://page", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a star in the scheme", "some-extension*://page", Fault.ORIGIN_WILDCARD_MISPLACED),
    ("jub0bs: a scheme of 65 bytes", "s" * 65 + "://page.example", Fault.ORIGIN_MALFORMED),
    ("jub0bs: the default port of http", "http://page:80", Fault.ORIGIN_MALFORMED),
    ("jub0bs: the default port of https", "https://page:443", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a bad first byte", "https://^page", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a bad first byte of a later label", "https://page.^example", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a digit for a host", "http://7:6060", Fault.ORIGIN_MALFORMED),
    ("jub0bs: letters beyond ASCII", "https://bücher.example", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a colon and no port", "https://page:", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a negative port", "https://page:-1", Fault.ORIGIN_MALFORMED),
    ("jub0bs: port 0", "https://page:0", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a port of letters", "https://page:http", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a port with a leading zero", "https://page:08080", Fault.ORIGIN_MALFORMED),
    ("jub0bs: letters after five digits", "https://page:54321x", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a port of six digits", "https://page:654321", Fault.ORIGIN_MALFORMED),
    ("jub0bs: the port after the last", "https://page:65536", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a numeric top-level name", "http://page.example.255:6060", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a long numeric top-level name", "http://page.012345678901234567890123456789", Fault.ORIGIN_MALFORMED),
    ("jub0bs: an address, a colon and no port", "http://127.0.0.1:", Fault.ORIGIN_MALFORMED),
    ("jub0bs: an address and a negative port", "http://127.0.0.1:-1", Fault.ORIGIN_MALFORMED),
    ("jub0bs: an address and port 0", "http://127.0.0.1:0", Fault.ORIGIN_MALFORMED),
    ("jub0bs: an address and a full stop", "https://127.0.0.1.:90", Fault.ORIGIN_MALFORMED),
    ("jub0bs: an address of five numbers", "http://127.0.0.1.1", Fault.ORIGIN_MALFORMED),
    ("jub0bs: an address of a number beyond 255", "http://256.0.0.1", Fault.ORIGIN_MALFORMED),
    ("jub0bs: an abbreviated address", "http://127.1:3999", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a digit after the bracket", "http://[::1]1:6060", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a name in brackets", "http://[page]:90", Fault.ORIGIN_MALFORMED),
    ("jub0bs: an IPv6 address without brackets", "https://::1:90", Fault.ORIGIN_MALFORMED),
    ("jub0bs: no closing bracket", "http://[::1:90", Fault.ORIGIN_MALFORMED),
    ("jub0bs: no opening bracket", "https://::1]:90", Fault.ORIGIN_MALFORMED),
    ("jub0bs: letters before the bracket", "https://page[::1]:90", Fault.ORIGIN_MALFORMED),
    ("jub0bs: letters after the bracket", "https://[::1]page:90", Fault.ORIGIN_MALFORMED),
    ("jub0bs: too many colons", "http://[:::::::1]:90", Fault.ORIGIN_MALFORMED),
    ("jub0bs: IPv6 in full", "http://[2001:db8:0000:0000:0000:0000:0000:8888]:90", Fault.ORIGIN_MALFORMED),
    ("jub0bs: a zone", "http://[fe80::1%eth0]:90", Fault.ORIGIN_MALFORMED),
    ("jub0bs: IPv4 in IPv6", "http://[::ffff:7f00:1]:90", Fault.ORIGIN_MALFORMED),
    ("jub0bs: capitals", "http://pAge.eXample:3999", Fault.ORIGIN_MALFORMED),
    ("jub0bs: two trailing full stops", "http://page.example..:3999", Fault.ORIGIN_MALFORMED),
    ("jub0bs: an empty label", "http://page..example:3999", Fault.ORIGIN_MALFORMED),
    ("jub0bs: Punycode that breaks off", "http://xn--f", Fault.ORIGIN_MALFORMED),
    ("jub0bs: Punycode of nothing, below a wildcard", "https://*.xn--.example:*", Fault.ORIGIN_MALFORMED),
    ("jub0bs: Punycode of plain letters", "https://a.xn--page-.example", Fault.ORIGIN_MALFORMED),
    ("jub0bs: 252 bytes below the wildcard", "https://*." + HOST_251 + "h", Fault.ORIGIN_WILDCARD_MISPLACED),
    ("jub0bs: two stars", "http://**.page.example", Fault.ORIGIN_WILDCARD_MISPLACED),
    ("jub0bs: a star further in", "http://a.*.page.example", Fault.ORIGIN_WILDCARD_MISPLACED),
    ("jub0bs: a star without its full stop", "http://*page.example", Fault.ORIGIN_WILDCARD_MISPLACED),
    ("jub0bs: a star before an IPv6 address", "http://*.[::1]:3999", Fault.ORIGIN_WILDCARD_MISPLACED),
    ("jub0bs: a star before an IPv4 address", "http://*.127.0.0.1:3999", Fault.ORIGIN_WILDCARD_MISPLACED),
    ("rs: a star inside a name", "https://shop*.example", Fault.ORIGIN_WILDCARD_MISPLACED),
    ("starlette: an expression for anything with https", "https://.*", Fault.ORIGIN_WILDCARD_MISPLACED),
    ("starlette: an expression for subdomains", r"https://.*\.page\.example", Fault.ORIGIN_WILDCARD_MISPLACED),
    ("django: no scheme", "page.example", Fault.ORIGIN_MALFORMED),
    ("django: no host", "https://", Fault.ORIGIN_MALFORMED),
    ("django: a path", "https://page.example/api", Fault.ORIGIN_MALFORMED),
    ("django: null beside an origin", "null", Fault.ORIGIN_NULL_PROHIBITED),
    ("django: file, which an old Android sent", "file://", Fault.ORIGIN_FILE_PROHIBITED),
    ("django: an anchored expression", r"^https://\w+\.page\.example$", Fault.ORIGIN_MALFORMED),
    ("flask: two schemes in one expression", "https?://page.example", Fault.ORIGIN_MALFORMED),
    ("flask: a star that swallows the scheme", ".*.page.example", Fault.ORIGIN_WILDCARD_MISPLACED),
    ("flask: a class of characters", r"http://[\w].page.example", Fault.ORIGIN_MALFORMED),
    ("flask: www and no scheme", "www.page.example", Fault.ORIGIN_MALFORMED),
    ("express: words", "custom-origin", Fault.ORIGIN_MALFORMED),
    ("express: a bare name among others", "other.example", Fault.ORIGIN_MALFORMED),
)


@pytest.mark.parametrize(("name", "text"), ACCEPTED, ids=[row[0] for row in ACCEPTED])
def test_what_they_accept_is_a_pattern(name: str, text: str) -> None:
    assert faults(text) == set()
    assert text == str(OriginPattern.parse(text.encode()))


@pytest.mark.parametrize(("name", "text", "fault"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_they_refuse_or_we_do_not_offer_is_no_pattern(name: str, text: str, fault: Fault) -> None:
    assert faults(text) == {fault}
    assert faults("https://page.example", text) == {fault}
    assert OriginPattern.parse(text.encode()) is None


# ---------------------------------------------------------------------------------------------- with credentials

_INSECURE = {Fault.INSECURE_WITH_CREDENTIALS}
_SUFFIX = {Fault.PUBLIC_SUFFIX_WITH_CREDENTIALS}
_LOCAL = ("localhost", "*.localhost", "shop.localhost", "a.b.c.localhost")
_NEARLY_LOCAL = ("xlocalhost", "a.xlocalhost", "*.a.xlocalhost", "localhostx", "*.a.localhostx", "a.b.localhostx")

#: id, text, what is wrong with it beside credentials
WITH_CREDENTIALS = (
    *(
        (f"jub0bs: {scheme} on {host}{dot}", f"{scheme}://{host}{dot}", set[Fault]())
        for host in _LOCAL
        for dot in ("", ".")
        for scheme in ("http", "https")
    ),
    *(
        (f"jub0bs: http on {host}{dot}", f"http://{host}{dot}", _INSECURE)
        for host in _NEARLY_LOCAL
        for dot in ("", ".")
    ),
    ("jub0bs: https", "https://page.example", set[Fault]()),
    ("jub0bs: https subdomains", "https://*.page.example", set[Fault]()),
    ("jub0bs: http", "http://page.example", _INSECURE),
    ("jub0bs: http subdomains", "http://*.page.example:6060", _INSECURE),
    ("jub0bs: the first loopback address", "http://127.0.0.1", set[Fault]()),
    ("jub0bs: a loopback address further on", "http://127.3.2.1", set[Fault]()),
    ("jub0bs: a link-local address", "http://169.254.169.254:90", _INSECURE),
    ("jub0bs: the IPv6 loopback address", "http://[::1]:90", set[Fault]()),
    ("jub0bs: another IPv6 address", "http://[2001:db8:cafe::7]:9090", _INSECURE),
    ("jub0bs: http below a top-level name", "http://*.xlocalhost", _INSECURE | _SUFFIX),
    ("jub0bs: a top-level domain", "https://*.com", _SUFFIX),
    ("jub0bs: where anybody may have a page", "https://*.github.io", _SUFFIX),
    ("jub0bs: a suffix and a full stop", "https://*.github.io.", _SUFFIX),
    ("jub0bs: below a suffix", "https://*.page.github.io", set[Fault]()),
    ("jub0bs: everybody", "*", {Fault.WILDCARD_WITH_CREDENTIALS}),
    ("rs: everybody, sent as they are", "*", {Fault.WILDCARD_WITH_CREDENTIALS}),
    ("starlette: everybody, reflected", "*", {Fault.WILDCARD_WITH_CREDENTIALS}),
    ("django: everybody, reflected", "*", {Fault.WILDCARD_WITH_CREDENTIALS}),
    ("flask: everybody, an error there too", "*", {Fault.WILDCARD_WITH_CREDENTIALS}),
    ("tower: everybody, a panic there", "*", {Fault.WILDCARD_WITH_CREDENTIALS}),
)


@pytest.mark.parametrize(("name", "text", "wrong"), WITH_CREDENTIALS, ids=[row[0] for row in WITH_CREDENTIALS])
def test_credentials_are_for_origins_that_nobody_else_can_speak_for(name: str, text: str, wrong: set[Fault]) -> None:
    assert faults(text, credentials=True) == wrong
    assert faults(text) == set()


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
