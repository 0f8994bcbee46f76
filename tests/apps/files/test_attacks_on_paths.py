"""Attacks on file servers by the path, sent to a whole server as bytes: the history of others.

The names are those of the classes: a request, and what the one right answer to it is.
"""

import ctypes
import itertools
import os
import re
import threading
from html import unescape
from pathlib import Path

import pytest
import trio

from corserver import StaticFiles

from .asking import Start
from .conftest import SECRET
from .site import write

HIDDEN = (SECRET, b"SECRET=1", b"ref", b"root:")

NOT_FOUND = "404"
REFUSED = "400"

ATTACKS = [
    ("S1 dot segments", "/../outside/secret.txt", REFUSED),
    ("S1 encoded", "/%2e%2e/outside/secret.txt", REFUSED),
    ("S1 half encoded", "/.%2e/outside/secret.txt", REFUSED),
    ("S1 further down", "/sub/../../outside/secret.txt", REFUSED),
    ("S2 encoded slash", "/..%2foutside%2fsecret.txt", NOT_FOUND),
    ("S2 encoded slash inside", "/sub%2findex.html", NOT_FOUND),
    ("S2 encoded slash at the root", "/%2fetc%2fpasswd", NOT_FOUND),
    ("S3 double encoding", "/%252e%252e%252fsecret", NOT_FOUND),
    ("S3 double encoding of a dot", "/%252e%252e/outside/secret.txt", NOT_FOUND),
    ("S4 overlong UTF-8", "/%c0%ae%c0%ae/secret", NOT_FOUND),
    ("S4 overlong slash", "/..%c0%afoutside%c0%afsecret.txt", NOT_FOUND),
    ("S5 backslash", "/..%5coutside%5csecret.txt", REFUSED),
    ("S6 drive", "/c%3a%5cwindows%5cwin.ini", REFUSED),
    ("S6 drive with slashes", "/c:/windows/win.ini", NOT_FOUND),
    ("S6 absolute", "//etc/passwd", NOT_FOUND),
    ("S7 UNC", "/%5c%5cattacker%5cshare%5cx", REFUSED),
    ("S8 sibling with the root's name", "/../static1.txt", REFUSED),
    ("S8 sibling by a link", "/sibling.txt", NOT_FOUND),
    ("S9 existing outside", "/../../etc/passwd", REFUSED),
    ("S9 not existing outside", "/../../etc/nope", REFUSED),
    ("S10 link to a file outside", "/link.txt", NOT_FOUND),
    ("S10 absolute link", "/absolute-link.txt", NOT_FOUND),
    ("S11 link to a directory outside", "/linkdir/secret.txt", NOT_FOUND),
    ("S11 the directory itself", "/linkdir/", NOT_FOUND),
    ("S11 without its slash", "/linkdir", NOT_FOUND),
    ("S14 NUL", "/data.json%00.html", REFUSED),
    ("S15 bad escape", "/%zz", REFUSED),
    ("S15 bad UTF-8", "/%ff", NOT_FOUND),
    ("S16 name too long", "/" + "x" * 6000, NOT_FOUND),
    ("S17 device", "/CON", NOT_FOUND),
    ("S17 device with an extension", "/aux.txt", NOT_FOUND),
    ("S17 short name", "/TLS~1.PEM", NOT_FOUND),
    ("S17 stream", "/.env::$DATA", NOT_FOUND),
    ("S17 stream of a file", "/data.json::$DATA", NOT_FOUND),
    ("S17 dot at the end", "/.env.", NOT_FOUND),
    ("S17 dot at a file's end", "/data.json.", NOT_FOUND),
    ("S17 space at the end", "/.env%20", NOT_FOUND),
    ("S18 dotfile", "/.env", NOT_FOUND),
    ("S18 encoded", "/%2eenv", NOT_FOUND),
    ("S18 in a hidden directory", "/.git/HEAD", NOT_FOUND),
    ("S18 hidden directory", "/.git/", NOT_FOUND),
    ("S18 with a slash", "/.env/", NOT_FOUND),
    ("S18 with a dot segment", "/.env/.", REFUSED),
    ("S18 with a query", "/.env?raw??", NOT_FOUND),
    ("S19 query of a bundler", "/.env?import&raw??", NOT_FOUND),
    ("S19 query and a link", "/linkdir/secret.txt?url", NOT_FOUND),
    ("S20 open redirect", "//evil.test/%2e%2e/sub", REFUSED),
    ("S20 host and no directory", "//evil.test/", NOT_FOUND),
    ("S21 backslash redirect", "/\\evil.test/%2e%2e/sub", REFUSED),
    ("S21 encoded backslash redirect", "/%5cevil.test/sub", REFUSED),
    ("S23 header injection", "/sub%0d%0aX-Inj:1", NOT_FOUND),
    ("S23 header injection with a slash", "/sub%0d%0aX-Inj:1/", NOT_FOUND),
    ("FIFO", "/fifo", NOT_FOUND),
    ("socket", "/socket", NOT_FOUND),
]


@pytest.mark.parametrize("more", [False, True], ids=["plain", "with everything on"])
async def test_attacks(special: Path, start: Start, more: bool) -> None:
    """One server for all of them: after each it still answers."""
    ask = await start(StaticFiles(special, spa=more, clean_urls=more, compress=more))
    absent = (await ask.get("/absent.txt")).without_date
    for name, target, expected in ATTACKS:
        reply = await ask.get(target)

        assert str(reply.status) == expected, name
        assert not any(secret in reply.body for secret in HIDDEN), name
        assert reply["location"] is None, name
        assert reply["etag"] is None, name
        assert reply["x-inj"] is None, name
        # S9: whoever asks learns nothing about what is there.
        assert expected == REFUSED or reply.without_date == absent, name
        assert (await ask.get("/data.json")).status == 200, name


async def test_s9_two_refusals_are_the_same(root: Path, start: Start) -> None:
    ask = await start(StaticFiles(root))
    assert (await ask.get("/../../etc/passwd")).without_date == (await ask.get("/../../etc/nope")).without_date


@pytest.mark.parametrize(
    ("name", "target", "status"),
    [
        ("S12 link inside", "/inside-link.txt", 200),
        ("S12 absolute link inside", "/inside-absolute.txt", 200),
        ("S12 linked directory inside", "/insidedir/b.txt", 200),
        ("S18 well-known", "/.well-known/security.txt", 200),
        ("S19 a query changes nothing", "/data.json?raw??", 200),
        ("S19 nor does this one", "/data.json?inline", 200),
    ],
)
async def test_what_is_meant_to_be_found(root: Path, start: Start, name: str, target: str, status: int) -> None:
    ask = await start(StaticFiles(root))
    assert (await ask.get(target)).status == status


@pytest.mark.parametrize("target", ["//sub", "///sub", "/sub", "/./sub", "/s%75b"])
async def test_s20_a_redirect_never_leaves_the_site(root: Path, start: Start, target: str) -> None:
    ask = await start(StaticFiles(root))
    reply = await ask.get(target + "?a=//b")

    assert (reply.status, reply["location"]) in ((301, "/sub/?a=//b"), (400, None))


async def test_s13_a_swap_under_load_shows_nothing(root: Path, start: Start) -> None:
    """A file and a link to the outside take turns, while the file is asked for, remembered and asked for again."""
    write(root / "now.txt", b"inside")
    ask = await start(StaticFiles(root))
    seen = set()
    for i in range(150):
        os.rename(root / "now.txt", root / "kept.txt")
        if i % 3:
            (root / "now.txt").symlink_to("../outside/secret.txt")
        seen.add((await ask.get("/now.txt")).body)
        (root / "now.txt").unlink(missing_ok=True)
        os.rename(root / "kept.txt", root / "now.txt")
        seen.add((await ask.get("/now.txt")).body)

    assert b"inside" in seen
    assert SECRET not in b"".join(seen)


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
