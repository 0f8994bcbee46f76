"""Patterns of origins: which of them other CORS libraries take, and which they refuse, said in our own words."""

import pytest

from corserver.cors.origins import OriginPattern
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
