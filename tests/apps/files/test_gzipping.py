"""Gzip on the fly."""

import gzip
import os
from pathlib import Path

import pytest

from corserver.apps.files.gzipping import GzipBody, gzipped
from corserver.http.fileslice import CHUNK, FileShrank, FileSlice

from .site import open_descriptors

TEXT = b"".join(b"line %d\n" % i for i in range(150_000))


def body_of(path: Path) -> GzipBody:
    fd = os.open(path, os.O_RDONLY)
    try:
        return GzipBody(FileSlice(fd, 0, path.stat().st_size))
    finally:
        os.close(fd)


@pytest.mark.parametrize("content", [b"", b"x", TEXT, os.urandom(3 * CHUNK)], ids=["empty", "one", "text", "noise"])
async def test_what_is_unpacked_is_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    before = open_descriptors()
    body = body_of(path)
    packed = [piece async for piece in body]
    await body.aclose()

    assert gzip.decompress(b"".join(packed)) == content
    assert gzip.decompress(gzipped(content)) == content
    assert max(map(len, packed)) <= CHUNK + 1024
    assert open_descriptors() == before


def test_the_same_bytes_are_packed_to_the_same() -> None:
    assert gzipped(TEXT) == gzipped(TEXT)
    assert len(gzipped(TEXT)) < len(TEXT) / 3


async def test_a_file_that_shrinks_has_no_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(TEXT)
    body = body_of(path)
    os.truncate(path, 10)
    with pytest.raises(FileShrank):
        async for _ in body:
            pass
    await body.aclose()
