"""Attacks on file servers, sent to a whole server as bytes: the history of others, a row each.

The names are those of the classes: a request, and what the one right answer to it is.
"""

import contextlib
import os
from pathlib import Path

import pytest
import trio

from corserver import Policy, PolicyError, StaticFiles
from corserver.apps.auth import BasicAuth

from .asking import Start
from .conftest import SECRET
from .site import write

HIDDEN = (SECRET, b"SECRET=1", b"ref", b"root:")


NOT_FOUND = "404"
REFUSED = "400"

TARGETS = [
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
async def test_targets(special: Path, start: Start, more: bool) -> None:
    """One server for all of them: after each it still answers."""
    ask = await start(StaticFiles(special, spa=more, clean_urls=more, compress=more))
    absent = (await ask.get("/absent.txt")).without_date
    for name, target, expected in TARGETS:
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


HOSTS = [
    (
        "S22 absolute form of another host",
        "GET http://evil.test/data.json HTTP/1.1\r\nHost: localhost\r\n\r\n",
        {403, 421},
    ),
    ("S24 rebinding", "GET /data.json HTTP/1.1\r\nHost: evil.example:8000\r\n\r\n", {403, 421}),
    ("S24 a name that begins like it", "GET /data.json HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", {403, 421}),
    ("S24 loopback", "GET /data.json HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n", {200}),
    ("S24 loopback of IPv6", "GET /data.json HTTP/1.1\r\nHost: [::1]\r\n\r\n", {200}),
    ("S24 localhost", "GET /data.json HTTP/1.1\r\nHost: localhost:3000\r\n\r\n", {200}),
    ("S24 below localhost", "GET /data.json HTTP/1.1\r\nHost: app.localhost\r\n\r\n", {200}),
    ("S24 allowed by name", "GET /data.json HTTP/1.1\r\nHost: dev.example\r\n\r\n", {200}),
    ("S25 malformed", "GET /data.json HTTP/1.1\r\nHost: [::1\r\n\r\n", {400}),
    ("S25 a space", "GET /data.json HTTP/1.1\r\nHost: a b\r\n\r\n", {400}),
    ("S25 two", "GET /data.json HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", {400}),
    ("S25 none", "GET /data.json HTTP/1.1\r\n\r\n", {400}),
]


async def test_hosts(root: Path, start: Start) -> None:
    ask = await start(StaticFiles(root), allow_hosts=["dev.example"])
    for name, request, statuses in HOSTS:
        reply = await ask(request)
        assert reply.status in statuses, name
        assert (b'"a"' in reply.body) == (reply.status == 200), name


RANGES = [
    ("S30 many ranges", "bytes=" + "0-0," * 5000 + "0-0", 200),
    ("S31 whole ranges", "bytes=" + ",".join(["0-"] * 500), 200),
    ("S31 few whole ranges", "bytes=0-,0-", 200),
    ("S32 beyond every integer", "bytes=99999999999999999999-", 416),
    ("S32 backwards", "bytes=5-2", 200),
    ("S32 an empty suffix", "bytes=-0", 416),
    ("S33 one byte", "bytes=0-0", 206),
    ("S33 a suffix", "bytes=-5", 206),
    ("S33 other units", "items=0-1", 200),
]


async def test_ranges(root: Path, start: Start) -> None:
    ask = await start(StaticFiles(root))
    for name, value, status in RANGES:
        reply = await ask.get("/hundred.bin", f"Range: {value}")
        assert reply.status == status, name
        assert reply["content-range"] == ("bytes */100" if status == 416 else reply["content-range"]), name
        assert len(reply.body) == int(reply["content-length"] or -1) <= 100, name
    for condition in ('"stale"', 'W/"stale"', "Thu, 01 Jan 1970 00:00:00 GMT"):
        reply = await ask.get("/hundred.bin", "Range: bytes=0-9", f"If-Range: {condition}")
        assert (reply.status, len(reply.body)) == (200, 100), "S33"


@pytest.mark.parametrize(("method", "status"), [("POST", 405), ("PUT", 405), ("DELETE", 405), ("FOO", 405)])
async def test_s37_a_method_that_writes_is_refused_and_the_refusal_can_be_read(
    root: Path, start: Start, method: str, status: int
) -> None:
    ask = await start(StaticFiles(root), cors=Policy(["https://a.example"]))
    reply = await ask.get("/data.json", "Origin: https://a.example", "Content-Length: 0", method=method)

    assert (reply.status, reply["allow"]) == (status, "GET, HEAD, OPTIONS")
    assert reply["access-control-allow-origin"] == "https://a.example"


async def test_s26_without_a_policy_no_page_may_read(root: Path, start: Start) -> None:
    ask = await start(StaticFiles(root))
    reply = await ask.get("/data.json", "Origin: https://evil.example")

    assert reply.status == 200
    assert not [name for name, _ in reply.lines if name.startswith("access-control-")]


async def test_s38_s39_a_preflight_needs_no_login_and_the_401_can_be_read(root: Path, start: Start) -> None:
    app = BasicAuth(StaticFiles(root), {"ada": "love"})
    ask = await start(app, cors=Policy(["https://a.example"], methods=["GET"]))
    origin = "Origin: https://a.example"
    preflight = await ask.get("/data.json", origin, "Access-Control-Request-Method: GET", method="OPTIONS")
    refused = await ask.get("/data.json", origin)
    hidden = await ask.get("/nope", origin)

    assert (preflight.status, preflight["www-authenticate"]) == (204, None)
    assert refused.status == 401
    assert (refused["www-authenticate"] or "").startswith("Basic ")
    assert refused["access-control-allow-origin"] == "https://a.example"
    assert hidden.without_date == refused.without_date


IMPOSTORS = [
    "https://app.example.com.evil.io",
    "https://evilapp.example.com",
    "https://appXexample.com",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com_.evil.io",
    "https://app.example.com`.evil.io",
    "http://10.0.0.5",
    "http://[::ffff:1.2.3.4]",
    "null",
]


async def test_s28_s40_s42_origins(root: Path, start: Start) -> None:
    ask = await start(StaticFiles(root), cors=Policy(["https://app.example.com"]))
    for impostor in IMPOSTORS:
        for target in ("/data.json", "/nope", "/plain"):
            reply = await ask.get(target, f"Origin: {impostor}")
            assert reply["access-control-allow-origin"] is None, impostor
    for target in ("/data.json", "/nope", "/plain", "/plain/"):
        assert "Origin" in ((await ask.get(target))["vary"] or ""), "S42"


def test_s43_credentials_for_every_origin_are_refused_at_once() -> None:
    with pytest.raises(PolicyError):
        Policy(["*"], credentials=True)


async def test_a_file_that_shrinks_while_it_is_sent_ends_the_connection(root: Path, start: Start) -> None:
    """What is missing is not made up: the client sees fewer bytes than were announced, and that it was cut off."""
    write(root / "large.bin", bytes(64 * 1024 * 1024))
    ask = await start(StaticFiles(root))
    received = 0
    async with await trio.open_tcp_stream("127.0.0.1", ask.port) as stream:
        await stream.send_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"Content-Length: 67108864\r\n" in await stream.receive_some(1000)
        os.truncate(root / "large.bin", 1024)
        with trio.fail_after(20), contextlib.suppress(trio.BrokenResourceError):
            while chunk := await stream.receive_some(65536):
                received += len(chunk)

    assert received < 64 * 1024 * 1024
    assert (await ask.get("/large.bin")).body == bytes(1024)


async def test_a_part_of_a_head_is_the_whole_of_it(root: Path, start: Start) -> None:
    """RFC 9110 §14.2 gives Range a meaning for GET alone."""
    ask = await start(StaticFiles(root))
    reply = await ask.get("/hundred.bin", "Range: bytes=0-9", method="HEAD")

    assert (reply.status, reply["content-length"], reply["content-range"], reply.body) == (200, "100", None, b"")
    assert reply["accept-ranges"] == "bytes"


async def test_several_parts_are_one_answer(root: Path, start: Start) -> None:
    ask = await start(StaticFiles(root))
    reply = await ask.get("/hundred.bin", "Range: bytes=0-1,98-,500-", "Origin: https://a.example")

    assert reply.status == 206
    assert len(reply.body) == int(reply["content-length"] or 0)
    assert reply["content-range"] is None
    kind, _, boundary = (reply["content-type"] or "").partition("; boundary=")
    assert kind == "multipart/byteranges"
    assert reply.body.split(f"--{boundary}".encode()) == [
        b"",
        b"\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 0-1/100\r\n\r\n\x00\x01\r\n",
        b"\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 98-99/100\r\n\r\n\x62\x63\r\n",
        b"--\r\n",
    ]
