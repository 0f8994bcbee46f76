"""The origins that a policy is asked for, each on a preflight and on another request, and what is concluded of them."""

from typing import Final

from corserver.cors.decision import Outcome, Reason

from .lines import GRANTED, READABLE, VARY, acrm, allow_origin
from .vector import Vector

_BAD = Reason.ORIGIN_MALFORMED
NOT_ALLOWED = Reason.ORIGIN_NOT_ALLOWED
_DOMAIN_SPLITTING: Final = b"`{}!$&'()*+,;=^~|\"%<>\\@"

#: Family, policy, the Origin lines, and what is concluded of them.
ORIGINS: Final[tuple[tuple[str, str, tuple[bytes, ...], Reason], ...]] = (
    ("O01", "P1", (b"https://example.com",), Reason.ALLOWED_EXACT),
    ("O02", "P1", (b"https://example.com.evil.net",), NOT_ALLOWED),
    ("O03", "P1", (b"https://evilexample.com",), NOT_ALLOWED),
    ("O04", "P1", (b"https://evil-example.com",), NOT_ALLOWED),
    ("O05", "P1-api", (b"https://apixexample.com",), NOT_ALLOWED),
    ("O06", "P1", (b"null",), Reason.ORIGIN_NULL),
    ("O07", "P1", (b"http://example.com",), NOT_ALLOWED),
    ("O08", "P1", (b"https://example.com_.evil.net",), NOT_ALLOWED),
    *(("O09", "P1", (b"https://example.com%c.evil.net" % char,), _BAD) for char in _DOMAIN_SPLITTING),
    ("O09", "P1", (b"https://example.com%60.evil.net",), _BAD),
    ("O10", "P1", (b"https://example.com.",), NOT_ALLOWED),
    ("O11", "P1", (b"https://Example.com",), _BAD),
    ("O11", "P1", (b"HTTPS://example.com",), _BAD),
    ("O11", "P1", (b"HTTPS://EXAMPLE.COM",), _BAD),
    ("O12", "P1", (b"https://example.com:443",), _BAD),
    ("O13", "P1", (b"https://example.com/",), _BAD),
    ("O13", "P1", (b"https://example.com/x",), _BAD),
    ("O13", "P1", (b"https://example.com?x",), _BAD),
    ("O13", "P1", (b"https://example.com#x",), _BAD),
    ("O13", "P1", (b"https://evil.net/example.com",), _BAD),
    ("O14", "P1", (b"https://user@example.com",), _BAD),
    ("O14", "P1", (b"https://example.com@evil.net",), _BAD),
    ("O14", "P1", (b"https://example.com:80@evil.net",), _BAD),
    ("O15", "P1", (b"https://example.com https://evil.net",), _BAD),
    ("O15", "P1", (b"https://example.com, https://evil.net",), _BAD),
    ("O16", "P1", (b"https://example.com", b"https://evil.net"), Reason.ORIGIN_DUPLICATED),
    ("O16", "P1", (b"https://evil.net", b"https://example.com"), Reason.ORIGIN_DUPLICATED),
    ("O16", "P1", (b"https://example.com", b"https://example.com"), Reason.ORIGIN_DUPLICATED),
    ("O17", "P1", (b"",), _BAD),
    ("O18", "P1", (b"https://" + b"a" * 10_000,), Reason.ORIGIN_TOO_LONG),
    ("O18", "PS", (b"https://" + b"a." * 5000 + b"example.com",), Reason.ORIGIN_TOO_LONG),
    ("O19", "P1", (b"https://exa\tmple.com",), _BAD),
    ("O19", "P1", (b"https://exampl\xe9.com",), _BAD),
    ("O19", "P1", ("https://exámple.com".encode(),), _BAD),
    ("O19", "P1", (b"https://\xff\xfeexample.com",), _BAD),
    *(
        ("O20", "P1", (b"https://example.com:" + port,), _BAD)
        for port in (b"", b"8_0", b"+80", b" 80", b"-1", b"080", b"0", b"65536", b"99999999", b"8a", "٣".encode())
    ),
    ("O20", "P1", (b"https://example.com:65535",), NOT_ALLOWED),
    ("O21", "P1-punycode", (b"https://xn--exmple-cua.com",), Reason.ALLOWED_EXACT),
    ("O21", "P1-punycode", ("https://exämple.com".encode(),), _BAD),
    ("O21", "P1-punycode", (b"https://exmple.com",), NOT_ALLOWED),
    ("O22", "P2", (b"https://barfoo.com",), NOT_ALLOWED),
    ("O22", "P2", (b"https://foobar.com",), NOT_ALLOWED),
    ("O22", "P2", (b"https://foo.com",), Reason.ALLOWED_EXACT),
    ("O22", "P2", (b"https://bar.com",), Reason.ALLOWED_EXACT),
    ("O23", "PS", (b"https://a.example.com",), Reason.ALLOWED_SUBDOMAIN),
    ("O23", "PS", (b"https://a.b.example.com",), Reason.ALLOWED_SUBDOMAIN),
    ("O24", "PS", (b"https://example.com",), NOT_ALLOWED),
    ("O24", "PS", (b"https://.example.com",), _BAD),
    ("O24", "PS", (b"https://a..example.com",), _BAD),
    ("O24", "PS", (b"https://..example.com",), _BAD),
    ("O25", "PS", (b"https://evil.net/.example.com",), _BAD),
    ("O25", "PS", (b"https://evil.net#.example.com",), _BAD),
    ("O25", "PS", (b"https://evil.net?.example.com",), _BAD),
    ("O25", "PS", (b"https://evil.net\\.example.com",), _BAD),
    ("O25", "PS", (b"https://evil@a.example.com",), _BAD),
    ("O25", "PS", (b"https://a.example.com.evil.net",), NOT_ALLOWED),
    ("O25", "PS", (b"https://aexample.com",), NOT_ALLOWED),
    ("O26", "PS", (b"http://a.example.com",), NOT_ALLOWED),
    ("O26", "PS", (b"https://a.example.com:8443",), NOT_ALLOWED),
    ("O26", "PS", (b"https://a.example.com:443",), _BAD),
    ("O27", "PS", (b"https://a_b.example.com",), Reason.ALLOWED_SUBDOMAIN),
    ("O28", "PS", (b"https://a%2eexample.com",), _BAD),
    ("O28", "PS", (b"https://a`.example.com",), _BAD),
    ("O28", "PS", (b"https://*.example.com",), _BAD),
    ("O29", "PS", (b"https://" + b"a" * 63 + b".example.com",), Reason.ALLOWED_SUBDOMAIN),
    ("O29", "PS", (b"https://" + b"a" * 64 + b".example.com",), _BAD),
    ("O29", "PS", (b"https://" + b"a." * 121 + b"example.com",), Reason.ALLOWED_SUBDOMAIN),
    ("O29", "PS", (b"https://" + b"a." * 122 + b"example.com",), _BAD),
    ("O30", "PP", (b"http://localhost",), Reason.ALLOWED_PORT),
    ("O30", "PP", (b"http://localhost:5173",), Reason.ALLOWED_PORT),
    ("O30", "PP", (b"http://localhost:443",), Reason.ALLOWED_PORT),
    ("O31", "PP", (b"http://localhost:",), _BAD),
    ("O31", "PP", (b"http://localhost:80",), _BAD),
    ("O31", "PP", (b"http://localhost:*",), _BAD),
    ("O31", "PP", (b"http://localhost:5173/",), _BAD),
    ("O31", "PP", (b"http://localhost.evil.net:5173",), NOT_ALLOWED),
    ("O31", "PP", (b"http://localhost:5173.evil.net",), _BAD),
    ("O31", "PP", (b"http://evil.localhost:5173",), NOT_ALLOWED),
    ("O31", "PP", (b"https://localhost:5173",), NOT_ALLOWED),
    ("O32", "IPv6", (b"http://[::1]:3000",), Reason.ALLOWED_EXACT),
    ("O33", "IPv6", (b"http://1:3000",), _BAD),
    ("O33", "IPv6", (b"http://::1:3000",), _BAD),
    ("O33", "IPv6", (b"http://[0:0:0:0:0:0:0:1]:3000",), _BAD),
    ("O33", "IPv6", (b"http://[::1%25eth0]:3000",), _BAD),
    ("O33", "IPv6", (b"http://[::1%eth0]:3000",), _BAD),
    ("O33", "IPv6", (b"http://[::2]:3000",), NOT_ALLOWED),
    ("O35", "P1", (b"https://example.community",), NOT_ALLOWED),
    ("O35", "P1", (b"https://example.co",), NOT_ALLOWED),
    ("O36", "extension", (b"chrome-extension://abcdefgh",), Reason.ALLOWED_EXACT),
    ("O36", "extension", (b"chrome-extension://abcdefghi",), NOT_ALLOWED),
    ("O37", "IPv4", (b"https://93.184.216.34",), Reason.ALLOWED_EXACT),
    ("O37", "IPv4", (b"https://1572395042",), _BAD),
    ("O37", "IPv4", (b"https://93.184.216.034",), _BAD),
    ("O37", "IPv4", (b"https://0x5d.0xb8.0xd8.0x22",), _BAD),
    ("O37", "IPv4", (b"https://93.184.55330",), _BAD),
    ("E12", "predicate", (b"https://a.asked.example",), Reason.ALLOWED_PREDICATE),
    ("E12", "predicate", (b"https://b.example",), Reason.PREDICATE_DENIED),
    ("E12", "predicate", (b"https://raise.asked.example",), Reason.PREDICATE_ERROR),
    ("E12", "truthy", (b"https://a.example",), Reason.PREDICATE_DENIED),
    ("W02", "predicate", (b"null",), Reason.ORIGIN_NULL),
    ("W02", "predicate", (b"https://raise.example/",), _BAD),
    ("W03", "P1", (b"https://evil",), NOT_ALLOWED),
)


def _of_origin(number: int, family: str, policy: str, origins: tuple[bytes, ...], reason: Reason) -> list[Vector]:
    lines = tuple((b"Origin", origin) for origin in origins)
    wire = all(origin == origin.strip() for origin in origins)
    allowed = reason.outcome is Outcome.ALLOWED
    origin = (allow_origin(origins[0]),) if allowed else ()
    return [
        Vector(
            id=f"{family}-{number}",
            policy=policy,
            lines=lines,
            expected=(*origin, *(READABLE.get(policy, ()) if allowed else ()), VARY),
            reason=reason,
            on_the_wire=wire,
        ),
        Vector(
            id=f"{family}-{number}-preflight",
            policy=policy,
            method=b"OPTIONS",
            lines=(*lines, acrm(b"POST")),
            status=204 if allowed else 403,
            expected=(*origin, *(GRANTED.get(policy, ()) if allowed else ()), VARY),
            reason=reason,
            on_the_wire=wire,
        ),
    ]


ORIGIN_VECTORS: Final = tuple(vector for number, row in enumerate(ORIGINS) for vector in _of_origin(number, *row))
