"""Parts of files as bodies."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from corserver.http.fileslice import CHUNK, FileShrank, FileSlice, OpenFile, read_exactly
from tests.apps.files.site import open_descriptors

SIZE = 2 * CHUNK + 100
CONTENT = bytes(i * 7 % 251 for i in range(SIZE))


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def fd(large: Path) -> Iterator[int]:
    fd = os.open(large, os.O_RDONLY)
    yield fd
    os.close(fd)


@pytest.mark.parametrize(
    ("first", "length"), [(0, SIZE), (5, CHUNK), (SIZE - 1, 1), (CHUNK - 1, 2), (0, 0), (7, SIZE - 7), (1, CHUNK + 1)]
)
async def test_exactly_the_part_is_read(fd: int, first: int, length: int) -> None:
    body = FileSlice(fd, first, length)
    chunks = [chunk async for chunk in body]
    await body.aclose()

    assert b"".join(chunks) == CONTENT[first : first + length] == read_exactly(fd, first, length)
    assert all(0 < len(chunk) <= CHUNK for chunk in chunks)


async def test_a_file_that_grows_is_sent_as_it_was_announced(large: Path, fd: int) -> None:
    body = FileSlice(fd, 0, SIZE)
    with large.open("ab") as file:
        file.write(b"more")
    assert b"".join([chunk async for chunk in body]) == CONTENT
    await body.aclose()


async def test_a_file_that_shrinks_raises_and_is_not_padded(large: Path, fd: int) -> None:
    body = FileSlice(fd, 0, SIZE)
    pieces = aiter(body)
    received = [await anext(pieces)]
    os.truncate(large, CHUNK + 10)
    received.append(await anext(pieces))
    with pytest.raises(FileShrank):
        await anext(pieces)
    await body.aclose()

    assert b"".join(received) == CONTENT[: CHUNK + 10]


def test_a_short_file_is_not_read_as_a_long_one(fd: int) -> None:
    with pytest.raises(FileShrank):
        read_exactly(fd, SIZE - 5, 10)


async def test_closing_closes_its_own_descriptor_only_and_only_once(fd: int) -> None:
    before = open_descriptors()
    body = FileSlice(fd, 0, SIZE)
    await anext(aiter(body))
    await body.aclose()
    await body.aclose()
    with pytest.raises(ValueError, match="closed"):
        body.fileno()

    assert open_descriptors() == before
    assert os.fstat(fd).st_size == SIZE


async def test_a_shared_file_is_closed_by_its_last_owner(fd: int) -> None:
    before = open_descriptors()
    file = OpenFile(fd)
    one, other = FileSlice(file, 0, 10), FileSlice(file, 10, 10)
    assert one.fileno() == other.fileno() == file.fileno() != fd
    file.close()
    await one.aclose()
    await one.aclose()
    with pytest.raises(ValueError, match="closed"):
        one.fileno()
    assert b"".join([chunk async for chunk in other]) == CONTENT[10:20]
    assert open_descriptors() != before
    await other.aclose()

    assert open_descriptors() == before
    assert not file.share()
    with pytest.raises(ValueError, match="closed"):
        FileSlice(file, 0, 10)


async def test_a_body_that_nobody_closes_is_noticed(fd: int) -> None:
    body = FileSlice(fd, 0, 1)
    with pytest.warns(ResourceWarning, match="unclosed file"):
        del body


async def test_it_is_what_the_kernel_needs_to_send_it(fd: int) -> None:
    """A slice is sent by `os.sendfile` from what it says of itself, as often as somebody likes."""
    body = FileSlice(fd, 5, 1000)
    os.lseek(body.fileno(), 77, os.SEEK_SET)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert os.sendfile(ours.fileno(), body.fileno(), body.offset, body.length) == 1000
        assert theirs.recv(2000, socket.MSG_WAITALL | socket.MSG_DONTWAIT) == CONTENT[5:1005]
    for _ in range(2):
        assert b"".join([chunk async for chunk in body]) == CONTENT[5:1005]
    await body.aclose()
