"""Paths have one normal form; a bad pattern of them is refused in words."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.cors.policy import Policy
from corserver.cors.scopes import BadPath, Path, PathPattern, Scope, Scopes

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=150)
_A, _B, _C = (Policy([f"https://{name}.example"]) for name in "abc")


# -------------------------------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize(
    ("raw", "segments", "slash", "text"),
    [
        (b"/", (), True, "/"),
        (b"//", (), True, "/"),
        (b"/a", ("a",), False, "/a"),
        (b"/a/", ("a",), True, "/a/"),
        (b"//a///b//", ("a", "b"), True, "/a/b/"),
        (b"/a%2Fb", ("a/b",), False, "/a%2Fb"),
        (b"/a+b", ("a+b",), False, "/a+b"),
        (b"/a%20b", ("a b",), False, "/a%20b"),
        (b"/%41", ("A",), False, "/A"),
        (b"/%2541", ("%41",), False, "/%2541"),
        (b"/%c3%a9", ("é",), False, "/%C3%A9"),
        ("/é".encode(), ("é",), False, "/%C3%A9"),
        (b"/%ff", ("\udcff",), False, "/%FF"),
        (b"/%ed%a0%80", ("\udced\udca0\udc80",), False, "/%ED%A0%80"),
        (b"/...", ("...",), False, "/..."),
        (b"/.a", (".a",), False, "/.a"),
        (b"/%5C..%5C", ("\\..\\",), False, "/%5C..%5C"),
        (b"/a%0d%0ab", ("a\r\nb",), False, "/a%0D%0Ab"),
        (b"/a%3Fb%23", ("a?b#",), False, "/a%3Fb%23"),
        (b"/!$&'()*+,;=:@~", ("!$&'()*+,;=:@~",), False, "/!$&'()*+,;=:@~"),
    ],
)
def test_a_path_has_one_normal_form(raw: bytes, segments: tuple[str, ...], slash: bool, text: str) -> None:
    path = Path.parse(raw)

    assert Path(segments, slash) == path
    assert text == str(path)


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"*", b"a", b"http://a/", b"/.", b"/..", b"/a/../b", b"/a/./b", b"/a/.."),
        *(b"/%2e", b"/%2E%2e", b"/.%2e/"),
        *(b"/%", b"/%4", b"/%zz", b"/a%2", b"/%%41", b"/%u0041", b"/%+1", b"/%00", b"/a\0b"),
    ],
)
def test_a_path_that_no_browser_sends_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(BadPath, match=r"a path"):
        Path.parse(raw)


@pytest.mark.parametrize(
    ("raw", "decoded", "cut"),
    [
        (b"/a/b", b"/a/b", b"/a/b"),
        (b"/a%2Fb/", b"/a/b/", b"/a/b/"),
        (b"/a%5Cb%2F", b"/a/b/", b"/a/b/"),
        (b"/a;b/c", b"/a;b/c", b"/a/c"),
        (b"/a/..;b/c", b"/a/..;b/c", b"/c"),
        (b"/a/b%2F..", b"/a/", b"/a/"),
        (b"/..%2F..%2Fa", b"/a", b"/a"),
        (b"/a/.%2F%2F;x/b", b"/a/;x/b", b"/a/b"),
        (b"/%2F", b"/", b"/"),
        (b"/;", b"/;", b"/"),
        (b"/%252F", b"/%252F", b"/%252F"),
    ],
)
def test_others_read_a_path_in_other_ways(raw: bytes, decoded: bytes, cut: bytes) -> None:
    path = Path.parse(raw)
    assert {Path.parse(decoded), Path.parse(cut)} <= {path, *path.other_readings(raw)}


@pytest.mark.parametrize(
    ("raw", "others"),
    [
        (b"/a/b", set()),
        (b"/a%20b", set()),
        (b"/a%2F..%2Fb", {("b",), ("a", "..", "b")}),
        (b"/a%5C..%2Fb", {("b",), ("a", "..", "b"), ("a\\..", "b")}),
        (b"/a;x%2F..;/b", {("b",), ("a", "..", "b"), ("a;x", "..;", "b")}),
        (b"//a//b", {("", "a", "", "b")}),
    ],
)
def test_others_do_not_resolve_what_they_decode_or_keep_what_is_empty(raw: bytes, others: set[tuple[str, ...]]) -> None:
    found = Path.parse(raw).other_readings(raw)
    assert found == {Path(segments, slash=False) for segments in others}
    assert {Path(each.segments, slash=True) for each in found} == Path.parse(raw + b"/").other_readings(raw + b"/")


_PATHS = st.lists(st.binary(max_size=6) | st.sampled_from((b"a", b"%2F", b"%C3%A9", b"%25", b"..", b"")), max_size=5)


@_PROPERTY
@given(_PATHS)
def test_the_normal_form_is_its_own_normal_form(segments: list[bytes]) -> None:
    try:
        path = Path.parse(b"/" + b"/".join(segments))
    except BadPath:
        return

    assert path == Path.parse(str(path).encode())
    assert str(path).isascii()
    assert "//" not in str(path)


@pytest.mark.parametrize(
    ("raw", "depth", "rest"), [(b"/a/b", 1, "/b"), (b"/a/b/", 1, "/b/"), (b"/a", 1, "/"), (b"/a/b", 0, "/a/b")]
)
def test_below_a_prefix_a_path_begins_again(raw: bytes, depth: int, rest: str) -> None:
    assert Path.parse(rest.encode()) == Path.parse(raw).below(depth)


# ----------------------------------------------------------------------------------------------------------- patterns


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "begins with a slash"),
        ("a", "begins with a slash: write '/a'"),
        ("*", "begins with a slash"),
        ("https://a.example/", "begins with a slash"),
        ("/a*", "stands last"),
        ("/*/a", "stands last"),
        ("/a/**", "stands last"),
        ("/{a", "a parameter is a whole segment"),
        ("/a}", "a parameter is a whole segment"),
        ("/x{a}", "a parameter is a whole segment"),
        ("/{a}{b}", "a parameter is a whole segment"),
        ("/{}", "a parameter is a whole segment"),
        ("/{1}", "a parameter is a whole segment"),
        ("/{a:}", "a parameter is a whole segment"),
        ("/{a:regex}", "'regex' is not a parameter type; there are int, float, uuid, str, path"),
        ("/{a}/{a}", "the parameter 'a' stands in it twice"),
        ("/{a:path}/b", "nothing can follow a path parameter"),
        ("/{a:path}/*", "nothing can follow a path parameter"),
        ("/{a:path}/{b}", "nothing can follow a path parameter"),
        ("/a/../b", "no . or .. segments"),
        ("/a/%2e", "no . or .. segments"),
        ("/a\0", "no NUL"),
        ("/100%", "two hexadecimal digits"),
    ],
)
def test_a_bad_pattern_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        PathPattern.parse(text)

    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other"), [("/a", "/a"), ("/a", "//a"), ("/a", "/%61"), ("/{x}", "/{y}"), ("/a/*", "/a//*"), ("/", "//")]
)
def test_two_policies_for_one_pattern_are_refused(one: str, other: str) -> None:
    with pytest.raises(ValueError, match="stands twice for any method"):
        Scopes([Scope(PathPattern.parse(one), _A), Scope(PathPattern.parse(other), _A)])


def test_two_policies_for_one_pattern_and_method_are_refused() -> None:
    pattern = PathPattern.parse("/a")

    with pytest.raises(ValueError, match="stands twice for PUT"):
        Scopes([Scope(pattern, _A, ("GET", "PUT")), Scope(pattern, None, ("PUT",))])


@pytest.mark.parametrize("choice", ["https://a.example", ["https://a.example"], True, 0, {}])
def test_what_is_no_policy_is_refused_and_does_not_mean_none(choice: object) -> None:
    with pytest.raises(ValueError, match="a Policy, None or INHERIT"):
        Scopes.of({"/a": choice})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="a Policy, None or INHERIT"):
        Scopes.of({"/*": choice})  # type: ignore[dict-item]
    if choice != {}:
        with pytest.raises(ValueError, match=re.escape(f"write Policy({choice!r})")):
            Scopes.of(choice)  # type: ignore[arg-type]


def test_different_patterns_for_one_path_are_no_mistake() -> None:
    Scopes.of({"/a": _A, "/a/": _A, "/a/*": _A, "/{x}": _A, "/{x:int}": _A, "/{x:path}": _A, "/*": _A})
