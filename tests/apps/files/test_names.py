"""Names of files: the segments of a path that are one, and those that are refused."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.apps.files.lookup import file_name
from corserver.cors.scopes import BadPath, Path

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=300)


def test_a_name_is_the_segments_as_bytes() -> None:
    assert file_name(Path(("a b", "ü", "caf\udce9")), dotfiles=False) == b"a b/\xc3\xbc/caf\xe9"
    assert file_name(Path(), dotfiles=False) == b""


@pytest.mark.parametrize(
    "segment", ["..", ".", "", "a/b", "/", "../x", "a\0", "a\nb", "\r\nX: 1", "\x1b", "\x7f", "\x85"]
)
@pytest.mark.parametrize("dotfiles", [False, True])
def test_segments_that_are_never_a_name(segment: str, dotfiles: bool) -> None:
    assert file_name(Path(("a", segment)), dotfiles=dotfiles) is None


@pytest.mark.parametrize(
    "segments", [("\\",), ("..\\x",), ("a", "b\\c"), ("c:\\windows",), ("..", "\\"), (".git", "\\")]
)
@pytest.mark.parametrize("dotfiles", [False, True])
def test_a_backslash_is_refused(segments: tuple[str, ...], dotfiles: bool) -> None:
    with pytest.raises(BadPath):
        file_name(Path(segments), dotfiles=dotfiles)


@pytest.mark.parametrize(
    ("segments", "hidden"),
    [
        ((".env",), True),
        ((".git", "HEAD"), True),
        (("a", ".b", "c"), True),
        ((".well-known", "x"), False),
        ((".well-known",), False),
        ((".well-known", ".x"), True),
        (("a", ".well-known"), True),
        ((".well-known2",), True),
        (("a.b", "c."), False),
        (("...",), True),
    ],
)
def test_dotfiles(segments: tuple[str, ...], hidden: bool) -> None:
    assert (file_name(Path(segments), dotfiles=False) is None) == hidden
    assert file_name(Path(segments), dotfiles=True) is not None


def test_a_surrogate_that_is_no_byte_is_no_name() -> None:
    assert file_name(Path(("\ud800",)), dotfiles=True) is None


@_PROPERTY
@given(st.lists(st.text(min_size=1), max_size=4))
def test_a_name_never_leads_up_or_away(segments: list[str]) -> None:
    try:
        name = file_name(Path(tuple(segments)), dotfiles=True)
    except BadPath:
        return
    if name is not None:
        assert not name.startswith(b"/")
        assert [part.decode() for part in name.split(b"/") if part] == segments
        assert not {b"..", b"."} & set(name.split(b"/"))
        assert not re.search(rb"[\x00-\x1f\x7f\\]", name)
