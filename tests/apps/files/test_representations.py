"""A file in one coding, and the answers about it that are made once."""

import os
from pathlib import Path

import pytest

from corserver.apps.files.representations import FileState, Representation
from corserver.apps.files.validators import Validators
from corserver.http.fileslice import CHUNK, FileSlice, OpenFile
from corserver.http.messages import HTTPError, Response

from .site import SETTLED_DATE, SETTLED_HEX, SETTLED_NS, sent, write

TAG = f'"{SETTLED_HEX}-a"'


def representation(path: Path, *, length: int | None = 10, content: bytes | None = b"0123456789") -> Representation:
    state = FileState.of(path.stat())
    return Representation.make(
        path.name.encode(),
        state,
        media_type="text/csv",
        current=Validators.of(state.modified_ns, state.size, SETTLED_NS + 10**10),
        length=length,
        content=content,
        described=((b"X", b"1"),),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "a.csv", b"0123456789")


def test_what_a_200_says_and_a_304_too(path: Path) -> None:
    found = representation(path)

    assert dict(found.whole.headers) == {
        b"Content-Type": b"text/csv",
        b"ETag": TAG.encode(),
        b"Last-Modified": SETTLED_DATE.encode(),
        b"X": b"1",
        b"Accept-Ranges": b"bytes",
        b"Content-Length": b"10",
    }
    assert dict(found.not_modified.headers) == {
        b"ETag": TAG.encode(),
        b"Last-Modified": SETTLED_DATE.encode(),
        b"X": b"1",
    }


@pytest.mark.parametrize(
    ("conditions", "ranges", "expected"),
    [
        ({}, True, ()),
        ({"range": "bytes=2-3"}, False, ()),
        ({"range": "bytes=2-3", "if-range": '"x"'}, True, ()),
        ({"range": "bytes=2-3"}, True, ((2, 3),)),
        ({"range": "bytes=2-3,9-20"}, True, ((2, 3), (9, 9))),
        ({"range": "bytes=2-3", "if-none-match": TAG}, True, 304),
        ({"range": "bytes=99-", "if-none-match": TAG}, True, 304),
        ({"range": "bytes=99-"}, False, ()),
    ],
)
def test_conditions_come_before_ranges(
    path: Path, conditions: dict[str, str], ranges: bool, expected: tuple[tuple[int, int], ...] | int
) -> None:
    judged = representation(path).judge(conditions, ranges=ranges)
    found = judged.status if isinstance(judged, Response) else tuple((part.first, part.last) for part in judged)

    assert found == expected


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ({"if-match": '"x"', "if-none-match": TAG}, 412),
        ({"if-match": '"x"', "range": "bytes=99-"}, 412),
        ({"range": "bytes=99-"}, 416),
    ],
)
def test_conditions_that_fail_come_first_too(path: Path, conditions: dict[str, str], status: int) -> None:
    with pytest.raises(HTTPError) as raised:
        representation(path).judge(conditions, ranges=True)

    assert raised.value.status == status


async def test_from_memory_and_from_the_file_it_is_the_same(path: Path) -> None:
    found = representation(path)
    with path.open("rb") as file:
        for value in ("", "bytes=2-3", "bytes=-1"):
            parts = found.judge({"range": value} if value else {}, ranges=True)
            assert not isinstance(parts, Response)
            assert await sent(found.response(parts, b"0123456789")) == await sent(found.response(parts, file.fileno()))
    assert found.response((), b"0123456789") is found.whole


async def test_of_an_open_file_every_single_part_is_a_slice_and_many_are_if_they_are_long(tmp_path: Path) -> None:
    content = os.urandom(2 * CHUNK)
    found = representation(write(tmp_path / "a.bin", content), length=len(content), content=None)
    with (tmp_path / "a.bin").open("rb") as opened:
        file = OpenFile(opened.fileno())
    for asked, is_sliced in (("0-9", True), ("0-9,20-29", False), (f"0-9,20-{CHUNK + 20}", True)):
        parts = found.judge({"range": f"bytes={asked}"}, ranges=True)
        assert not isinstance(parts, Response)
        assert found.is_sliced(parts) is is_sliced
        if is_sliced:
            response = found.response(parts, file)
            assert not isinstance(response.body, bytes)
            assert content[:10] in (await sent(response)).body
    file.close()


@pytest.mark.parametrize(("size", "is_sliced"), [(65536, False), (65537, True), (CHUNK, True)])
def test_of_what_is_remembered_only_what_is_long_is_a_slice(size: int, is_sliced: bool, tmp_path: Path) -> None:
    content = bytes(size)
    found = representation(write(tmp_path / "a.bin", content), length=size, content=content)
    assert found.is_sliced(()) is found.is_worth_holding is is_sliced
    for asked, is_part_sliced in ((f"0-{size - 2}", is_sliced and size > 65537), ("0-9", False), ("0-9,20-29", False)):
        parts = found.judge({"range": f"bytes={asked}"}, ranges=True)
        assert not isinstance(parts, Response)
        assert found.is_sliced(parts) is is_part_sliced


async def test_what_is_long_is_a_slice_of_the_file(tmp_path: Path) -> None:
    content = os.urandom(2 * CHUNK + 5)
    path = write(tmp_path / "a.bin", content)
    found = representation(path, length=len(content), content=None)
    with path.open("rb") as file:
        whole = found.response((), file.fileno())
        parts = found.judge({"range": f"bytes=5-{CHUNK + 5}"}, ranges=True)
        assert not isinstance(parts, Response)
        part = found.response(parts, file.fileno())
    for response, offset, length in ((whole, 0, len(content)), (part, 5, CHUNK + 1)):
        assert isinstance(response.body, FileSlice)
        assert (response.body.offset, response.body.length) == (offset, length)
        assert (await sent(response)).body == content[offset : offset + length]
