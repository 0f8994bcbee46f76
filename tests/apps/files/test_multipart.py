"""Several parts as one body, read back by the standard library's reader of MIME."""

import email
import os
from email.message import Message
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.apps.files.multipart import Multipart, MultipartBody
from corserver.apps.files.ranges import ByteRange
from corserver.http.fileslice import CHUNK, FileShrank, FileSlice

from .site import open_descriptors

CONTENT = bytes(i * 7 % 251 for i in range(2 * CHUNK))
PARTS = [ByteRange(5, 9), ByteRange(0, CHUNK + 10), ByteRange(9, 9)]


def read_back(kind: str, body: bytes) -> list[tuple[str, str, bytes]]:
    message = email.message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    assert message.get_content_type() == "multipart/byteranges"
    found = []
    for part in message.get_payload():
        assert isinstance(part, Message)
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        found.append((part.get_content_type(), part["content-range"], payload))
    return found


async def test_streamed_and_at_once_are_the_same_and_as_long_as_announced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    frame = Multipart(PARTS, "text/csv; charset=utf-8", len(CONTENT))
    before = open_descriptors()
    fd = os.open(path, os.O_RDONLY)
    body = MultipartBody(frame, FileSlice(fd, 0, len(CONTENT)))
    os.close(fd)
    pieces = [piece async for piece in body]
    await body.aclose()

    assert b"".join(pieces) == frame.around([CONTENT[part.first : part.last + 1] for part in PARTS])
    assert len(b"".join(pieces)) == len(frame)
    assert max(map(len, pieces)) <= CHUNK
    assert open_descriptors() == before


async def test_a_file_that_shrinks_is_not_padded(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    with path.open("rb") as file:
        body = MultipartBody(Multipart(PARTS, "text/csv", len(CONTENT)), FileSlice(file.fileno(), 0, len(CONTENT)))
    os.truncate(path, 7)
    pieces = aiter(body)
    received = [await anext(pieces), await anext(pieces)]
    with pytest.raises(FileShrank):
        await anext(pieces)
    await body.aclose()

    assert b"".join(received).endswith(b"\r\n\r\n" + CONTENT[5:7])


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 499), st.integers(0, 499)).map(sorted), min_size=1, max_size=16), st.binary())
def test_any_parts_of_any_bytes_are_read_back(pairs: list[list[int]], noise: bytes) -> None:
    content = (noise + b"\r\n--x--\r\n" + bytes(i % 26 + 65 for i in range(500)))[:500]
    parts = [ByteRange(first, last) for first, last in pairs]
    frame = Multipart(parts, "application/x", 500)
    body = frame.around([content[part.first : part.last + 1] for part in parts])

    assert len(body) == len(frame)
    for part in parts:
        content_range = b"Content-Range: bytes %d-%d/500\r\n\r\n" % (part.first, part.last)
        assert content_range + content[part.first : part.last + 1] + b"\r\n--" in body


def test_a_reader_finds_each_part_with_its_place() -> None:
    content = b"The quick brown fox jumps over the lazy dog"
    parts = [ByteRange(4, 8), ByteRange(40, 42)]
    frame = Multipart(parts, "text/plain; charset=utf-8", len(content))

    assert read_back(frame.media_type, frame.around([b"quick", b"dog"])) == [
        ("text/plain", "bytes 4-8/43", b"quick"),
        ("text/plain", "bytes 40-42/43", b"dog"),
    ]


def test_no_two_boundaries_are_the_same() -> None:
    assert len({Multipart(PARTS, "x/y", 9**9).media_type for _ in range(100)}) == 100
