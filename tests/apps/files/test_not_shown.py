"""What is not shown, what is inside all the same, and that nothing is left open by asking for it."""

import os
from pathlib import Path

import pytest
import trio

from corserver.apps.files import StaticFiles
from corserver.cors.scopes import Path as URLPath
from corserver.http.fileslice import CHUNK, FileShrank
from corserver.http.messages import HTTPError, Request

from .conftest import SECRET
from .site import ask, make_request, open_descriptors, write

# what is not shown

NOTHING_LEAKS = [
    # target, status
    ("/../outside/secret.txt", 400),
    ("/%2e%2e/outside/secret.txt", 400),
    ("/.%2e/x", 400),
    ("/sub/%2E%2e/%2e%2E/outside/secret.txt", 400),
    ("/..%2foutside%2fsecret.txt", 404),
    ("/sub%2findex.html", 404),
    ("/%2fetc%2fpasswd", 404),
    ("/%252e%252e%252fsecret", 404),
    ("/%c0%ae%c0%ae/secret", 404),
    ("/%c0%ae%c0%ae%c0%afsecret", 404),
    ("/..%5coutside%5csecret.txt", 400),
    ("/c%3a%5cwindows%5cwin.ini", 400),
    ("/c:/windows/win.ini", 404),
    ("//etc/passwd", 404),
    ("/%5c%5cattacker%5cshare%5cx", 400),
    ("/../static1.txt", 400),
    ("/../../etc/passwd", 400),
    ("/../../etc/nope", 400),
    ("/link.txt", 404),
    ("/absolute-link.txt", 404),
    ("/sibling.txt", 404),
    ("/linkdir", 404),
    ("/linkdir/", 404),
    ("/linkdir/secret.txt", 404),
    ("/linkdir/nope", 404),
    ("/up", 404),
    ("/up/", 404),
    ("/up/static1.txt", 404),
    ("/loop", 404),
    ("/dangling", 404),
    ("/data.json%00.html", 400),
    ("/%zz", 400),
    ("/%", 400),
    ("/%ff", 404),
    ("/" + "x" * 300, 404),
    ("/" + "x" * 6000, 404),
    ("/" + "x/" * 3000, 404),
    ("/CON", 404),
    ("/aux.txt", 404),
    ("/TLS~1.PEM", 404),
    ("/.env::$DATA", 404),
    ("/.env.", 404),
    ("/.env%20", 404),
    ("/data.json::$DATA", 404),
    ("/.env", 404),
    ("/%2eenv", 404),
    ("/.git/HEAD", 404),
    ("/.git", 404),
    ("/.git/", 404),
    ("/.env/", 404),
    ("/.env/.", 400),
    ("/.env?raw??", 404),
    ("/.env?import&raw??", 404),
    ("/.well-known/.hidden", 404),
    ("/plain/.well-known/x", 404),
    ("/linkdir/secret.txt?raw??", 404),
    ("//evil.test/%2e%2e/sub", 400),
    ("/\\evil.test/%2e%2e/sub", 400),
    ("/\\evil.test/sub", 400),
    ("/sub%0d%0aX-Inj:1", 404),
    ("/sub%0aX-Inj:1/", 404),
    ("/data.json/x", 404),
    ("/fifo", 404),
    ("/fifo/", 404),
    ("/socket", 404),
]


@pytest.mark.parametrize(("target", "status"), NOTHING_LEAKS)
async def test_vectors(special: Path, target: str, status: int) -> None:
    app = StaticFiles(special)

    answer = await ask(app, target)

    assert answer.status == status
    assert SECRET not in answer.body
    assert not {"location", "x-inj", "etag"} & set(answer.headers)
    if status == 404:
        assert answer == await ask(app, "/nope")


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/inside-link.txt", 200),
        ("/inside-absolute.txt", 200),
        ("/insidedir/b.txt", 200),
        ("/insidedir/", 200),
        ("/insidedir", 301),
        ("/.well-known/security.txt", 200),
        ("/data.json?raw??", 200),
        ("/data.json?url", 200),
        ("/data.json?inline", 200),
        ("//data.json", 200),
        ("/%64ata.json", 200),
    ],
)
async def test_what_is_inside_is_shown(app: StaticFiles, target: str, status: int) -> None:
    assert (await ask(app, target)).status == status


async def test_dotfiles_on_demand(root: Path) -> None:
    app = StaticFiles(root, dotfiles=True)

    assert (await ask(app, "/.env")).body == b"SECRET=1"
    assert (await ask(app, "/.git/HEAD")).status == 200
    assert b".env" in (await ask(app, "/")).body
    assert (await ask(app, "/link.txt")).status == 404


@pytest.mark.parametrize(
    "segments", [("..",), ("..", "outside", "secret.txt"), (".",), ("sub", "..", "..", "static1.txt")]
)
@pytest.mark.parametrize("dotfiles", [False, True])
async def test_segments_that_no_parser_lets_through(root: Path, segments: tuple[str, ...], dotfiles: bool) -> None:
    """The app does not rely on whoever made the request."""
    app = StaticFiles(root, dotfiles=dotfiles)
    with pytest.raises(HTTPError) as raised:
        await app(Request(method="GET", target="/", path=URLPath(segments, slash=False)))

    assert raised.value.status == 404


async def test_what_may_not_be_read_is_not_found(unreadable: Path) -> None:
    app = StaticFiles(unreadable)
    nothing = await ask(app, "/nope")

    for target in ("/data.json", "/plain", "/plain/", "/plain/b.txt", "/inside-link.txt"):
        assert await ask(app, target) == nothing


# what is left open


async def test_no_descriptor_stays_open(app: StaticFiles, root: Path) -> None:
    write(root / "large.bin", bytes(3 * CHUNK))
    before = open_descriptors()
    for method in ("GET", "HEAD", "OPTIONS", "POST"):
        for target, _ in (*NOTHING_LEAKS, ("/large.bin", 200), ("/data.json", 200), ("/plain/", 200), ("/sub", 301)):
            await ask(app, target, method)
            await ask(app, target, method, {"if-none-match": "*"})
            await ask(app, target, method, {"if-match": '"x"'})
            await ask(app, target, method, {"range": "bytes=9999999-"})

    assert open_descriptors() == before


async def test_a_body_that_is_left_early_is_closed_by_aclose(app: StaticFiles, root: Path) -> None:
    write(root / "large.bin", bytes(3 * CHUNK))
    before = open_descriptors()
    response = await app(make_request("/large.bin"))
    assert not isinstance(response.body, bytes)
    assert len(await anext(aiter(response.body))) == CHUNK
    assert open_descriptors() != before
    await response.body.aclose()  # type: ignore[attr-defined]

    assert open_descriptors() == before


async def test_a_file_that_shrinks_while_it_is_sent(app: StaticFiles, root: Path) -> None:
    path = write(root / "large.bin", bytes(3 * CHUNK))
    response = await app(make_request("/large.bin"))
    assert not isinstance(response.body, bytes)
    os.truncate(path, CHUNK)
    chunks = aiter(response.body)
    assert len(await anext(chunks)) == CHUNK
    with pytest.raises(FileShrank):
        await anext(chunks)
    await response.body.aclose()  # type: ignore[attr-defined]


async def test_requests_side_by_side(app: StaticFiles, root: Path) -> None:
    contents = {f"/file{i}.bin": bytes([i]) * (CHUNK + i) for i in range(20)}
    for name, content in contents.items():
        write(root / name[1:], content)
    received: dict[str, bytes] = {}

    async def fetch(name: str) -> None:
        received[name] = (await ask(app, name)).body

    async with trio.open_nursery() as nursery:
        for name in contents:
            nursery.start_soon(fetch, name)

    assert received == contents


async def test_a_cancelled_request_leaves_nothing_behind(app: StaticFiles) -> None:
    before = open_descriptors()
    with trio.CancelScope() as scope:
        scope.cancel()
        await ask(app, "/data.json")

    assert scope.cancelled_caught
    assert open_descriptors() == before
