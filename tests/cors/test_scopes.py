"""Scopes: the most specific pattern, the policy of the path and method that are really asked for."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corserver.cors.policy import Policy
from corserver.cors.scopes import INHERIT, Inherit, Path, PathPattern, PathTable, PolicyChoice, Scope, Scopes
from tests.cors.slow_scopes import Row, matching
from tests.cors.vectors.governing import POLICIES
from tests.cors.vectors.paths import PATHS, PathVector

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=150)
_A, _B, _C = (Policy([f"https://{name}.example"]) for name in "abc")


def _policy(name: str | Inherit | None) -> PolicyChoice:
    return POLICIES[name] if isinstance(name, str) else INHERIT if isinstance(name, Inherit) else name


def _governing(scopes: Scopes, target: bytes, method: str = "GET") -> Policy | None:
    return scopes.policy_for(Path.parse(target), method)


# -------------------------------------------------------------------------------------------------------- the vectors


@pytest.mark.parametrize("vector", PATHS, ids=lambda vector: f"{vector.id}-{vector.target!r}")
def test_a_path_is_governed_by_the_policy_of_its_most_specific_scope(vector: PathVector) -> None:
    for table in (vector.table, dict(reversed(list(vector.table.items())))):
        scopes = Scopes.of({pattern: _policy(name) for pattern, name in table.items()})

        assert _policy(vector.expected) is _governing(scopes, vector.target, vector.method)


# ------------------------------------------------------------------------------------------------------------ methods

_BY_METHOD = Scopes(
    [
        Scope(PathPattern.parse("/a"), _A, ("GET",)),
        Scope(PathPattern.parse("/a"), _B, ("PUT", "PATCH")),
        Scope(PathPattern.parse("/b"), _A, ("GET",)),
        Scope(PathPattern.parse("/b"), _B, ("HEAD",)),
        Scope(PathPattern.parse("/b"), None, ("DELETE",)),
        Scope(PathPattern.parse("/b"), INHERIT, ("POST",)),
        Scope(PathPattern.parse("/b"), _C),
        Scope(PathPattern.parse("/{x}"), _C, ("DELETE",)),
    ],
    default=_C,
)


@pytest.mark.parametrize(
    ("target", "method", "policy"),
    [
        (b"/a", "GET", _A),
        (b"/a", "HEAD", _A),
        (b"/a", "PUT", _B),
        (b"/a", "PATCH", _B),
        (b"/a", "DELETE", _C),
        (b"/a", "OPTIONS", _C),
        (b"/a", "get", _C),
        (b"/b", "GET", _A),
        (b"/b", "HEAD", _B),
        (b"/b", "DELETE", None),
        (b"/b", "POST", _C),
        (b"/b", "OPTIONS", _C),
        (b"/c", "GET", _C),
    ],
)
def test_a_method_has_its_own_policy_and_head_is_get(target: bytes, method: str, policy: Policy | None) -> None:
    assert policy is _governing(_BY_METHOD, target, method)


# ----------------------------------------------------------------------------------------------------------- defaults


def test_one_policy_governs_every_path() -> None:
    scopes = Scopes.of(_A)

    for target in (b"/", b"/a", b"/a/b/", b"/%FF"):
        assert _A is _governing(scopes, target)
    assert _A is scopes.default_policy


def test_the_policy_of_everything_is_the_default() -> None:
    assert _A is Scopes.of({"/*": _A, "/b": _B}).default_policy
    assert None is Scopes.of({"/b": _B}).default_policy
    assert None is Scopes.of({"/*": None}).default_policy
    assert None is Scopes.of(None).default_policy


def test_no_scopes_govern_nothing() -> None:
    for empty in (Scopes(), Scopes.of(None), Scopes.of({})):
        assert None is _governing(empty, b"/")


def test_scopes_are_taken_as_they_are() -> None:
    scopes = Scopes.of(_A)

    assert scopes is Scopes.of(scopes)


def test_a_new_table_is_another_and_a_bad_one_leaves_the_old() -> None:
    scopes = Scopes.of({"/a": _A})

    assert _B is _governing(scopes.with_default(_B), b"/x")
    assert None is _governing(scopes, b"/x")
    with pytest.raises(ValueError, match="stands twice"):
        Scopes([*scopes.scopes, *scopes.scopes])
    assert _A is _governing(scopes, b"/a")


def test_inherit_is_the_enclosing_scope_and_none_is_none() -> None:
    scopes = Scopes.of(
        {"/*": _A, "/x/*": _B, "/x/{y}": _C, "/x/in": INHERIT, "/x/out": None, "/x/in/*": INHERIT, "/x/out/*": None}
    )

    assert _C is _governing(scopes, b"/x/other")
    assert _B is _governing(scopes, b"/x/in")
    assert _B is _governing(scopes, b"/x/in/deeper")
    assert None is _governing(scopes, b"/x/out")
    assert None is _governing(scopes, b"/x/out/deeper")


def test_a_table_at_a_prefix_governs_the_paths_below_it() -> None:
    inner = Scopes.of({"/deep": _B, "/shut": None, "/open": INHERIT})
    scopes = Scopes([Scope(PathPattern.parse("/in/*"), inner), Scope(PathPattern.parse("/in/deep/er"), _C)], default=_A)

    assert _B is _governing(scopes, b"/in/deep")
    assert None is _governing(scopes, b"/in/shut")
    assert _A is _governing(scopes, b"/in/open")
    assert _A is _governing(scopes, b"/in/nowhere")
    assert _C is _governing(scopes, b"/in/deep/er")
    assert _A is _governing(scopes, b"/deep")
    with pytest.raises(ValueError, match="stands at a prefix"):
        Scopes([Scope(PathPattern.parse("/in"), inner)])


# --------------------------------------------------------------------------------------------------------- properties

_PARTS = ("a", "b", "A", "%20", "a+b", "{x}", "{x:str}", "{x:int}", "{x:float}", "{x:uuid}", "{x:path}", "7", "é")
_ID = "123e4567-e89b-12d3-a456-426614174000"
_SEGMENTS = ("", "a", "b", "A", "%61", "%20", "a+b", "a%2Bb", "7", "-7", "7.5", "7.", "%C3%A9", "%FF", _ID, _ID.upper())


@st.composite
def _patterns(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.sampled_from(_PARTS), max_size=3))
    named = [part.replace("x", f"x{index}") for index, part in enumerate(parts)]
    text = "/" + "/".join(named) + draw(st.sampled_from(("", "", "/", "/*")))
    rest = [index for index, part in enumerate(parts) if part == "{x:path}"]
    return text if not rest else "/" + "/".join(named[: rest[0] + 1])


_TARGETS = st.lists(st.sampled_from(_SEGMENTS), max_size=4).map(lambda segments: b"/" + "/".join(segments).encode())
_METHODS = st.sampled_from(("GET", "HEAD", "PUT", None))
_ROWS = st.lists(st.tuples(_patterns(), _METHODS, st.sampled_from((_A, _B, None, INHERIT))), max_size=8)


def _normal(pattern: str) -> tuple[object, ...]:
    parsed = PathPattern.parse(pattern)
    return parsed.parts, parsed.slash or not parsed.parts, parsed.prefix


def _distinct(drawn: list[tuple[str, str | None, PolicyChoice]]) -> list[Row[PolicyChoice]]:
    unique = {(_normal(pattern), method): Row(pattern, method, value) for pattern, method, value in drawn}
    return list(unique.values())


@_PROPERTY
@given(_ROWS, _TARGETS, st.sampled_from(("GET", "HEAD", "PUT", "DELETE")))
@example([("/{x:path}", None, _A), ("/*", None, _B)], b"/a", "GET")
@example([("/{x}/b", None, _A), ("/a/*", None, _B)], b"/a/b", "GET")
@example([("/a", None, INHERIT), ("/{x}", None, _A), ("/*", None, _B)], b"/a", "GET")
def test_the_governing_policy_agrees_with_a_second_lookup(
    drawn: list[tuple[str, str | None, PolicyChoice]], target: bytes, method: str
) -> None:
    rows = _distinct(drawn)
    expected: PolicyChoice = None
    inheriting = False
    for match in matching(rows, target, method):
        if inheriting and not match.prefix:
            continue
        expected = match.row.value
        inheriting = expected is INHERIT
        if not inheriting:
            break

    scopes = Scopes(
        Scope(PathPattern.parse(row.pattern), row.value, None if row.method is None else (row.method,)) for row in rows
    )

    assert (None if expected is INHERIT else expected) is _governing(scopes, target, method)


@_PROPERTY
@given(st.lists(_patterns(), max_size=8), _TARGETS)
def test_candidates_come_most_specific_first(texts: list[str], target: bytes) -> None:
    rows = [Row(row.pattern, None, row.pattern) for row in _distinct([(text, None, None) for text in texts])]
    table: PathTable[str] = PathTable()
    for row in rows:
        table.add(PathPattern.parse(row.pattern), None, row.value)

    found = [(leaf.get("GET"), values) for leaf, values in table.candidates(Path.parse(target))]

    expected = [match.row.pattern for match in matching(rows, target, "GET")]
    assert expected == [pattern for pattern, _ in found]
    for pattern, values in found:
        assert pattern is not None
        assert len(values) == len(PathPattern.parse(pattern).names)


def test_a_long_path_costs_no_more_than_its_patterns() -> None:
    scopes = Scopes.of({"/" + "/".join(["{a}", "{b}", "{c}", "{d}", "{e}"][:depth]): _A for depth in range(1, 6)})

    assert None is _governing(scopes, b"/a" * 100_000)
    assert _A is _governing(Scopes.of({"/{rest:path}": _A}), b"/a" * 100_000)


def test_without_leaves_no_policy_below_a_prefix_whatever_is_said_of_it() -> None:
    table = Scopes.of({"/*": _A, "/own/*": _A, "/own/{name}": _A, "/own/deep/": _A, "/owner": _A, "/{any}/x": _A})
    rest = table.without("/own/*")
    for path in (b"/own", b"/own/", b"/own/x", b"/own/deep/", b"/own/deep/er"):
        assert rest.policy_for(Path.parse(path), "GET") is None
    for path in (b"/", b"/owner", b"/other/x"):
        assert rest.policy_for(Path.parse(path), "GET") is _A
