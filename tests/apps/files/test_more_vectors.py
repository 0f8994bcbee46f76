"""More attacks, and the corners of ranges and conditions, sent to a whole server as bytes."""

import ctypes
import email.utils
import gzip
import itertools
import os
import re
import threading
from html import unescape
from pathlib import Path

import pytest
import trio

from corserver import Policy, StaticFiles

from .asking import Reply, Start
from .conftest import SECRET
from .site import SETTLED_DATE, SETTLED_NS, tag_of, write

PASSWD = b"root:"

# Each is refused or not found, or is what a client that joins paths as RFC 3986 does would have asked for.
TARGETS = r"""
/..%2f..%2foutside%2fsecret.txt /%2e%2e%2foutside%2fsecret.txt /%2E%2E/outside/secret.txt /..%255coutside
/%2e%2e%5c%2e%2e%5coutside /sub/..%2f..%2foutside/secret.txt /sub/%2e%2e/%2e%2e/outside/secret.txt
/%252e%252e%252foutside /%c0%ae%c0%ae%c0%af /%e0%80%ae%e0%80%ae/outside /%f0%80%80%ae/x /..%ef%bc%8foutside
/%ef%bc%8e%ef%bc%8e/outside/secret.txt /%u002e%u002e/outside /..;/outside/secret.txt /sub/..;/..;/outside
/....//outside /.%00./outside/secret.txt /data.json%00 /data.json%00.png /%00 /data.json%0a /data.json%0d%0aX-Inj:%201
/data.json%20 /data.json. /data.json/ /data.json/. /data.json/.. /data.json// /data.json%2f /DATA.JSON /DATA~1.JSO
/.ENV /.env%00 /.git%2fHEAD /.GIT/HEAD /.git//HEAD /sub/.%2e/.env /sub/../.env //.env /./.env /.//.env /sub//../.env
/%2e/.env /.well-known/../.env /.well-known/%2e%2e/.env /linkdir//secret.txt /LINKDIR/secret.txt /linkdir/.
/linkdir/../outside/secret.txt //outside/secret.txt /up/outside/secret.txt /up/ /file:///etc/passwd file:///etc/passwd
/proc/self/environ ../../etc/passwd ..\..\etc\passwd /\evil.test /\/evil.test //evil.test ///evil.test //evil.test/sub
/\evil.test/sub /%5c%5cevil.test /%2fevil.test /%2f%2fevil.test/sub //evil.test/..%2f //evil.test/%2e%2e /.//evil.test
/sub/..//evil.test /%09/evil.test /%0a/evil.test //sub;a=b /sub;a=b /about/.. /.html /..html * http:data.json
http:///data.json ftp://localhost/data.json //localhost/data.json /data.json#f /NUL /COM1.txt /data.json% /data.json%2
http://localhost@evil.test/data.json http://evil.test@localhost/data.json http://evil.test/data.json
http://localhost:99999/data.json
"""


@pytest.mark.parametrize("more", [False, True], ids=["plain", "with everything on"])
async def test_what_is_not_to_be_found(special: Path, start: Start, more: bool) -> None:
    ask = await start(StaticFiles(special, spa=more, clean_urls=more, compress=more, listing=not more))
    for target in TARGETS.split():
        for method in ("GET", "HEAD"):
            reply = await ask.get(target, method=method)

            assert reply.status in (400, 403, 404), (method, target)
            assert not {name for name, _ in reply.lines} & {"location", "etag", "x-inj", "set-cookie"}, target
            assert SECRET not in reply.body, target
            assert PASSWD not in reply.body, target
    assert (await ask.get("/data.json")).status == 200


@pytest.mark.parametrize("target", ["//evil.test", "///evil.test", "//evil.test/about.html", "/evil.test/index.html"])
async def test_a_directory_of_a_hosts_name_is_redirected_to_on_this_site(root: Path, start: Start, target: str) -> None:
    write(root / "evil.test" / "index.html")
    write(root / "evil.test" / "about.html")
    ask = await start(StaticFiles(root, clean_urls=True))
    reply = await ask.get(target + "?next=//evil.test")

    assert reply.status == 301
    assert reply["location"] in ("/evil.test/?next=//evil.test", "/evil.test/about?next=//evil.test")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "renameat2"), reason="no call that swaps two names")
@pytest.mark.parametrize(("names", "target"), [((b"a", b"b"), "/a"), ((b"d", b"e"), "/d/secret.txt")])
async def test_a_name_that_is_swapped_all_the_time_shows_nothing(
    root: Path, start: Start, names: tuple[bytes, bytes], target: str
) -> None:
    """By another thread, as often as it can: between any two calls the name may mean the other one."""
    for path in ("a", "d/secret.txt"):
        write(root / path, b"inside")
    (root / "b").symlink_to("../outside/secret.txt")
    (root / "e").symlink_to("../outside")
    ask = await start(StaticFiles(root))
    stop, swaps, exchange = threading.Event(), itertools.count(), 2
    place = os.open(root, os.O_RDONLY)

    def swap() -> None:
        while not stop.is_set():
            assert ctypes.CDLL(None).renameat2(place, names[0], place, names[1], exchange) == 0
            next(swaps)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.to_thread.run_sync, swap)
        try:
            replies = [await ask.get(target) for _ in range(150)]
        finally:
            stop.set()
    os.close(place)

    assert next(swaps) > 150
    assert {(reply.status, reply.body) for reply in replies if reply.status == 200} <= {(200, b"inside")}
    assert {reply.status for reply in replies} <= {200, 404}


HOSTS = {
    200: """localhost LOCALHOST localhost. localhost:80 localhost: 127.0.0.1 127.0.0.1:1 [::1] [::1]:80
        [::ffff:127.0.0.1] app.localhost""",
    403: """evil.test localhost.evil.test evillocalhost 127.0.0.1.evil.test 127.0.0.1.nip.io xn--localhost
        localhost.evil.test:80""",
    400: r"""localhost:99999 localhost:8a localhost:-1 127.1 0x7f.1 2130706433 0177.0.0.1 [::1%25eth0] [::1%eth0] ::1
        [::1 localhost,evil.test localhost/evil.test localhost\evil.test localhost#x localhost?x user@localhost
        user:pw@localhost evil.test@localhost localhost@evil.test %6cocalhost localhost%2eevil.test [evil.test]
        *.localhost ..localhost .localhost""",
}


async def test_hosts_written_in_every_way(root: Path, start: Start) -> None:
    ask = await start(StaticFiles(root))
    for status, hosts in HOSTS.items():
        for host in hosts.split():
            reply = await ask.get("/data.json", host=host)
            assert reply.status == status, host
            assert (b'"a"' in reply.body) == (status == 200), host


async def test_what_a_proxy_may_say_of_the_host_counts_for_nothing(root: Path, start: Start) -> None:
    ask = await start(StaticFiles(root))
    for line in ("X-Forwarded-Host: localhost", "Forwarded: host=localhost", "X-Host: localhost"):
        assert (await ask.get("/data.json", line, host="evil.test")).status == 403


# Table of what a range of a file of 100 000 bytes is answered with, and which bytes.
LENGTH = 100_000
CONTENT = bytes(i * i % 251 for i in range(LENGTH))
MULTIPART = 2  # parts
PARTS: list[tuple[str, int, bytes | int | None]] = [
    ("bytes=0-9", 206, CONTENT[:10]),
    ("bytes=0-0", 206, CONTENT[:1]),
    ("bytes=-5", 206, CONTENT[-5:]),
    ("bytes=-200000", 206, CONTENT),
    ("bytes=99990-", 206, CONTENT[-10:]),
    ("bytes=99990-99999999999999999999", 206, CONTENT[-10:]),
    ("bytes= 0-9", 206, CONTENT[:10]),
    ("bytes=,0-9,", 206, CONTENT[:10]),
    ("BYTES=0-9", 206, CONTENT[:10]),
    ("bytes=0-9,200000-", 206, CONTENT[:10]),
    ("bytes=0-1,5-6", 206, MULTIPART),
    ("bytes=0-0,-1", 206, MULTIPART),
    ("bytes=5-6 ,\t0-9", 206, MULTIPART),
    ("bytes=0-49999,50000-99999", 206, MULTIPART),
    ("bytes=" + ",".join(f"{i}-{i}" for i in range(16)), 206, 16),
    ("bytes=" + ",".join(f"{i}-{i}" for i in range(17)), 200, CONTENT),
    ("bytes=0-50000,40000-99999", 200, CONTENT),
    ("bytes=0-,0-", 200, CONTENT),
    ("bytes=200000-", 416, None),
    ("bytes=100000-", 416, None),
    ("bytes=200000-,300000-", 416, None),
    ("bytes=-0", 416, None),
    *(
        (ignored, 200, CONTENT)
        for ignored in (
            *(
                "items=0-1",
                "byte=0-9",
                "bytes",
                "bytes=",
                "bytes=,,",
                "bytes=-",
                "bytes=--1",
                "bytes=a-b",
                "bytes=0x1-2",
            ),
            *("bytes=+1-2", "bytes=1.5-2", "bytes =0-9", "bytes=0 - 9", "bytes=0-9;q=1", "bytes=5-2", "bytes=0-9,5-2"),
            *("bytes=0-0,bytes=1-1", "bytes=\xb2-3", "none", "bytes=0-0-0", "bytes=0x1-2"),
        )
    ),
]


async def test_parts_of_a_file(root: Path, start: Start) -> None:
    write(root / "large.bin", CONTENT)
    ask = await start(StaticFiles(root), cors=Policy(["https://a.example"], expose=["content-range"]))
    for value, status, expected in PARTS:
        reply = await ask.get("/large.bin", f"Range: {value}", "Origin: https://a.example")

        assert reply.status == status, value
        assert reply["content-length"] == str(len(reply.body)), value
        assert reply["access-control-allow-origin"] == "https://a.example", value
        if isinstance(expected, bytes):
            assert reply.body == expected, value
        elif expected is None:
            assert reply["content-range"] == f"bytes */{LENGTH}", value
            assert len(reply.body) < 100, value
        else:
            assert reply.body.count(b"\r\nContent-Range: bytes ") == expected, value


EARLIER, LATER = "Fri, 02 Jan 2026 03:04:04 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
SETTLED = SETTLED_NS // 10**9
ASCTIME, RFC_850 = "Fri Jan  2 03:04:05 2026", "Friday, 02-Jan-26 03:04:05 GMT"
CONDITIONS: dict[int, list[str]] = {
    304: [
        *("If-None-Match: TAG", "If-None-Match: W/TAG", "If-None-Match: *", 'If-None-Match: "x", TAG'),
        *('If-None-Match: "x",,TAG,', 'If-None-Match: "x"\r\nIf-None-Match: TAG'),
        *(f"If-Modified-Since: {date}" for date in (SETTLED_DATE, LATER, ASCTIME, RFC_850)),
        f"If-None-Match: TAG\r\nIf-Modified-Since: {EARLIER}",
        *("If-Match: TAG\r\nIf-None-Match: TAG", "Range: bytes=0-9\r\nIf-None-Match: TAG"),
        "Range: bytes=500-\r\nIf-None-Match: TAG",
    ],
    200: [
        *('If-None-Match: "x"', "If-None-Match: x", 'If-None-Match: "x", *'),
        *(f"If-Modified-Since: {date}" for date in (EARLIER, "yesterday", "0", SETTLED_DATE.lower())),
        f'If-None-Match: "x"\r\nIf-Modified-Since: {SETTLED_DATE}',
        *("If-Match: TAG", "If-Match: *", 'If-Match: "x", TAG', f"If-Match: TAG\r\nIf-Unmodified-Since: {EARLIER}"),
        *(f"If-Unmodified-Since: {date}" for date in (SETTLED_DATE, LATER, ASCTIME, RFC_850, "junk")),
        *(
            f"Range: bytes=0-9\r\nIf-Range: {condition}"
            for condition in ("W/TAG", '"x"', "junk", "*", 'TAG, "x"', LATER, EARLIER)
        ),
        *('Range: bytes=500-\r\nIf-Range: "x"', "If-Range: TAG"),
    ],
    206: [f"Range: bytes=0-9\r\nIf-Range: {condition}" for condition in ("TAG", SETTLED_DATE, ASCTIME, RFC_850)],
    412: [
        *("If-Match: W/TAG", 'If-Match: "x"', "If-Match: garbage", f"If-Unmodified-Since: {EARLIER}"),
        *('If-Match: "x"\r\nIf-None-Match: TAG', 'Range: bytes=0-9\r\nIf-Match: "x"'),
        'Range: bytes=500-\r\nIf-Match: "x"',
    ],
    416: ["Range: bytes=500-\r\nIf-Range: TAG"],
}


async def test_conditions(root: Path, start: Start) -> None:
    assert email.utils.formatdate(SETTLED, usegmt=True) == SETTLED_DATE
    ask = await start(StaticFiles(root))
    tag = tag_of(root / "hundred.bin")
    for status, conditions in CONDITIONS.items():
        for condition in conditions:
            lines = condition.replace("TAG", tag).split("\r\n")
            assert (await ask.get("/hundred.bin", *lines)).status == status, condition
            # Range and If-Range are for GET alone.
            expected = 200 if status in (206, 416) else status
            assert (await ask.get("/hundred.bin", *lines, method="HEAD")).status == expected, condition


async def test_s34_s35_codings(root: Path, start: Start) -> None:
    content, packed = b"let a = 1;\n" * 100, gzip.compress(b"let a = 1;\n" * 100, mtime=0)
    write(root / "app.js", content)
    write(root / "app.js.gz", packed)
    ask = await start(StaticFiles(root))

    async def part(accepted: str) -> Reply:
        return await ask.get("/app.js", "Range: bytes=0-9", f"Accept-Encoding: {accepted}")

    of_copy, of_file = await part("gzip"), await part("gzip;q=0")
    assert (of_copy.status, of_copy.body, of_copy["content-encoding"]) == (206, packed[:10], "gzip")
    assert (of_file.status, of_file.body, of_file["content-encoding"]) == (206, content[:10], None)
    assert of_copy["etag"] != of_file["etag"]
    assert of_copy["vary"] == of_file["vary"] == "Accept-Encoding"
    for accepted, coding in [
        *(("gzip;q=0", None), ("*;q=0", None), ("identity", None), ("deflate", None), ("gzip;q=0.5, identity", None)),
        *(("gzip", "gzip"), ("GZIP", "gzip"), ("x-gzip", "gzip"), ("*", "gzip"), ("br;q=0.5, gzip;q=0.1", "gzip")),
        *(("identity;q=0, gzip;q=0.001", "gzip"), ("identity;q=0", None), ("identity;q=0, *;q=0", None)),
        *(("gzip;q=2", None), ("gzip;q=a", None), ("gzip;q=0.5, identity;q=0.4", "gzip"), (",,gzip,,", "gzip")),
    ]:
        reply = await ask.get("/app.js", f"Accept-Encoding: {accepted}")
        assert (reply.status, reply["content-encoding"]) == (200, coding), accepted
        again = await ask.get("/app.js", f"Accept-Encoding: {accepted}", f"If-None-Match: {reply['etag']}")
        assert (again.status, again["vary"], again["etag"]) == (304, "Accept-Encoding", reply["etag"]), accepted


NAMES = [
    "<img src=x onerror=alert(1)>",
    '"onmouseover="alert(1)',
    "'q'",
    "javascript:alert(1)",
    "a?b#c%d.txt",
    "a&amp;b",
    "\u202egnp.exe",
    "%3Cscript%3E",
    "{{7*7}}",
    " lead",
    "trail ",
    ";",
    "a:b",
    "日本",
    "x" * 255,
]


async def test_s36_a_listing_of_names_that_attack(root: Path, start: Start) -> None:
    names = [os.fsencode(name) for name in NAMES] + [b"\xff\xfe.txt"]
    for name in names:
        write(root / "odd" / os.fsdecode(name), name)
    for hidden in ("new\nline", "tab\t", "back\\slash", ".hidden", "c1\x85"):
        write(root / "odd" / hidden, SECRET)
    ask = await start(StaticFiles(root))
    page = (await ask.get("/odd/", "Accept: text/html")).body.decode()
    links = [unescape(link) for link in re.findall(r'<td><a href="([^"]*)"', page)]

    assert not re.search("<(img|script)", page)
    assert "onmouseover=" not in re.sub(r'href="[^"]*"|<bdi>[^<]*</bdi>', "", page)
    assert all(link.startswith("./") for link in links)
    assert sorted([(await ask.get(f"/odd/{link[2:]}")).body for link in links]) == sorted(names)


async def test_s41_only_localhost_is_localhost(root: Path, start: Start) -> None:
    ask = await start(StaticFiles(root), cors=Policy(["http://localhost:*"]))
    for impostor in ("http://localhost.evil.test", "http://evillocalhost:3000", "http://localhost:3000.evil.test"):
        reply = await ask.get("/data.json", f"Origin: {impostor}")
        assert (reply.status, reply["access-control-allow-origin"]) == (200, None)
    assert (await ask.get("/data.json", "Origin: http://localhost:3000"))["access-control-allow-origin"] is not None
