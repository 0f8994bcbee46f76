"""The files that the tests of the app are about."""

import functools
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from corserver import Server, serve
from corserver.apps.files import StaticFiles
from corserver.http.messages import App

from .asking import Asker, Start
from .site import COPIES, SCRIPT, write

SECRET = b"outside the root"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with everything in it that is to be found, and beside and below it what is not."""
    root = tmp_path / "static"
    write(root / "data.json", b'{"a": 1}')
    write(root / "hundred.bin", bytes(range(100)))
    write(root / "empty.txt")
    write(root / "sub" / "index.html", b"<p>sub")
    write(root / "sub" / "deep" / "page.html", b"<p>deep")
    write(root / "plain" / "b.txt", b"b")
    write(root / ".env", b"SECRET=1")
    write(root / ".git" / "HEAD", b"ref")
    write(root / ".well-known" / "security.txt", b"Contact:")
    write(root / ".well-known" / ".hidden", b"hidden")
    write(root / "plain" / ".well-known" / "x", b"not at the root")
    write(tmp_path / "outside" / "secret.txt", SECRET)
    write(tmp_path / "static1.txt", SECRET)
    (root / "link.txt").symlink_to("../outside/secret.txt")
    (root / "absolute-link.txt").symlink_to(tmp_path / "outside" / "secret.txt")
    (root / "sibling.txt").symlink_to("../static1.txt")
    (root / "linkdir").symlink_to("../outside")
    (root / "up").symlink_to("..")
    (root / "loop").symlink_to("loop")
    (root / "dangling").symlink_to("nowhere")
    (root / "inside-link.txt").symlink_to("plain/b.txt")
    (root / "inside-absolute.txt").symlink_to(root / "plain" / "b.txt")
    (root / "insidedir").symlink_to("plain")
    (root / "shown-env").symlink_to(".env")
    return root


@pytest.fixture
def special(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root with a FIFO, a socket and an index that is a FIFO."""
    os.mkfifo(root / "fifo")
    (root / "pipes").mkdir()
    os.mkfifo(root / "pipes" / "index.html")
    monkeypatch.chdir(root)  # the name of a socket has at most 107 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    return root


@pytest.fixture
def unreadable(root: Path) -> Iterator[Path]:
    """The root with a file and a directory that the server has no right to read."""
    (root / "data.json").chmod(0)
    (root / "plain").chmod(0)
    try:
        if os.access(root / "data.json", os.R_OK):
            pytest.skip("this user may read everything: drop CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH")
        yield root
    finally:
        (root / "plain").chmod(0o700)


@pytest.fixture
def start(nursery: trio.Nursery) -> Start:
    """Starts a server for an app, with the options of `serve`."""

    async def start(app: App, **options: object) -> Asker:
        server: Server = await nursery.start(functools.partial(serve, app, port=0, **options))  # type: ignore[arg-type]
        return Asker(int(server.url.rpartition(":")[2]))

    return start


@pytest.fixture
def app(root: Path) -> StaticFiles:
    return StaticFiles(root)


@pytest.fixture
def copied(root: Path) -> Path:
    """`app.js` with a copy in each coding."""
    write(root / "app.js", SCRIPT)
    for suffix, coding in ((".br", "br"), (".zst", "zstd"), (".gz", "gzip")):
        write(root / f"app.js{suffix}", COPIES[coding])
    return root
