"""Attacks on file servers by the head: Host, methods, Origin and codings, sent to a whole server as bytes."""

import gzip
from pathlib import Path

import pytest

from corserver import Policy, PolicyError, StaticFiles
from corserver.apps.auth import BasicAuth

from .asking import Reply, Start
from .site import write

ATTACKED_HOSTS = [
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
    for name, request, statuses in ATTACKED_HOSTS:
        reply = await ask(request)
        assert reply.status in statuses, name
        assert (b'"a"' in reply.body) == (reply.status == 200), name


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


async def test_a_part_of_a_head_is_the_whole_of_it(root: Path, start: Start) -> None:
    """RFC 9110 §14.2 gives Range a meaning for GET alone."""
    ask = await start(StaticFiles(root))
    reply = await ask.get("/hundred.bin", "Range: bytes=0-9", method="HEAD")

    assert (reply.status, reply["content-length"], reply["content-range"], reply.body) == (200, "100", None, b"")
    assert reply["accept-ranges"] == "bytes"


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


async def test_s41_only_localhost_is_localhost(root: Path, start: Start) -> None:
    ask = await start(StaticFiles(root), cors=Policy(["http://localhost:*"]))
    for impostor in ("http://localhost.evil.test", "http://evillocalhost:3000", "http://localhost:3000.evil.test"):
        reply = await ask.get("/data.json", f"Origin: {impostor}")
        assert (reply.status, reply["access-control-allow-origin"]) == (200, None)
    assert (await ask.get("/data.json", "Origin: http://localhost:3000"))["access-control-allow-origin"] is not None
