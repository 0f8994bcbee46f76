"""From flags to values."""

from dataclasses import fields

import pytest

from corserver.config import cache_control, header_lines, limits, limits_sentence, users
from corserver.http.limits import Limits


@pytest.mark.parametrize(
    ("pair", "name", "value"),
    [
        ("body=16MiB", "body", 16 * 1024 * 1024),
        ("body=16m", "body", 16 * 1024 * 1024),
        ("body=16 MB", "body", 16_000_000),
        ("body=1.5k", "body", 1536),
        ("body=64KiB", "body", 65536),
        ("body=2g", "body", 2 * 1024**3),
        ("body=100B", "body", 100),
        ("body=none", "body", None),
        ("BODY = None", "body", None),
        ("drain=0", "drain", 0),
        ("request-line=16k", "request_line", 16384),
        ("request_line=100", "request_line", 100),
        ("idle-seconds=5", "idle_seconds", 5.0),
        ("idle-seconds=5s", "idle_seconds", 5.0),
        ("idle-seconds=0.25", "idle_seconds", 0.25),
        ("idle-seconds=500ms", "idle_seconds", 0.5),
        ("idle-seconds=2m", "idle_seconds", 120.0),
        ("idle-seconds=1h", "idle_seconds", 3600.0),
    ],
)
def test_a_limit_is_a_size_a_count_or_a_time(pair: str, name: str, value: float | None) -> None:
    assert limits([pair]) == Limits(**{name: value})  # type: ignore[arg-type]


def test_no_limit_named_is_the_defaults_and_the_last_of_a_name_counts() -> None:
    assert limits([]) == Limits()
    assert limits(["head=1k", "fields=7", "head=2k"]) == Limits(head=2048, fields=7)


def test_every_limit_can_be_written_as_it_is_shown() -> None:
    shown = limits_sentence().split(", ")
    assert [pair.partition("=")[0].replace("-", "_") for pair in shown] == [field.name for field in fields(Limits)]
    assert limits(shown) == Limits()


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("bdoy=1", "'bdoy=1': there is no limit 'bdoy'; did you mean body?"),
        ("idle=1", "did you mean idle-seconds?"),
        ("xyz=1", "'xyz=1': there is no limit 'xyz'; --help limits has the list"),
        ("=1", "'=1': there is no limit ''; --help limits has the list"),
        ("body", "'body': write body=VALUE, such as body=16MiB"),
        ("nonsense", "'nonsense': there is no limit 'nonsense'; --help limits has the list"),
        ("head=0", "'head=0': this must be a whole number, 1 or more"),
        ("requests=0", "'requests=0': this must be a whole number, 1 or more, or None"),
        ("head-seconds=0ms", "'head-seconds=0ms': this must be a number, more than 0"),
        ("body-rate=0", "'body-rate=0': this must be a number, more than 0"),
        ("head=none", "head cannot be lifted; write a number or a size"),
        ("body=", "'' is not a number or a size, such as 1000, 64k or 16MiB, or none"),
        ("head=-1", "'-1' is not a number or a size, such as 1000, 64k or 16MiB"),
        ("head=1s", "'1s' is not a number or a size"),
        ("head=٣", "is not a number"),
        ("head=1e3", "is not a number"),
        ("head=1.5", "'1.5' is not a whole number"),
        ("idle-seconds=1k", "'1k' is not a time, such as 5, 500ms or 2m"),
        ("idle-seconds=inf", "'inf' is not a time"),
        ("idle-seconds=none", "idle-seconds cannot be lifted; write a time"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_with_what_can(pair: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the words are compared below
        limits([pair])
    assert words in str(caught.value)
    assert len(str(caught.value)) < 120, "the help has the list"


def test_all_mistakes_are_said_at_once() -> None:
    with pytest.raises(ValueError, match=r"'a=1'.*\n'head=x'.*\Z"):
        limits(["a=1", "body=1", "head=x"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("3600", "max-age=3600"),
        ("10m", "max-age=600"),
        ("1.5h", "max-age=5400"),
        ("7d", "max-age=604800"),
        (" 7 D ", "max-age=604800"),
        ("0", "no-cache"),
        ("999999999999d", "max-age=2147483647"),
        ("no-cache", "no-cache"),
        ("No-Store", "no-store"),
    ],
)
def test_how_long_files_may_be_kept(given: str, expected: str) -> None:
    assert cache_control(given) == expected


@pytest.mark.parametrize("given", ["", "soon", "-1", "0.5", "1w", "10 minutes", "1ms"])
def test_what_is_no_time_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="is not a number of seconds"):
        cache_control(given)


def test_header_lines_keep_their_colons() -> None:
    assert header_lines(["A: b", "C:d:e", "E:"]) == (("A", "b"), ("C", "d:e"), ("E", ""))


@pytest.mark.parametrize("given", ["", "A", ": b", " :"])
def test_what_is_no_header_line_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="is no header line"):
        header_lines([given])


def test_users_are_names_and_passwords_with_colons_in_the_latter() -> None:
    assert users(["ada:lo:ve", "bob:x", "bob:y"]) == {"ada": "lo:ve", "bob": "y"}
    for mistake in ("", "ada", "ada:", ":x"):
        with pytest.raises(ValueError, match="write --auth ada:secret"):
            users([mistake])
