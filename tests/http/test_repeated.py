"""Warnings in a flood are counted, and nothing else is left out."""

import logging

from corserver.http.repeated import Repeated


def record(template: str, at: float, *arguments: object, name: str = "corserver", **more: object) -> logging.LogRecord:
    values = {"name": name, "levelno": logging.WARNING, "msg": template, "args": arguments, "created": at, **more}
    return logging.makeLogRecord(values)


def test_a_repeated_warning_is_written_five_times_in_ten_seconds_and_then_counted() -> None:
    repeated = Repeated()
    written = [n for n in range(12) if repeated.filter(record("%s is odd", 100 + n / 2, n))]
    assert written == [0, 1, 2, 3, 4]
    assert repeated.rest() == ("7 more like this were left out: 5 is odd",)
    again = record("%s is odd", 110.0, 12)
    assert repeated.filter(again)
    assert again.getMessage() == "12 is odd (7 more like this were left out)"
    following = record("%s is odd", 110.1, 13)
    assert repeated.filter(following)
    assert (following.getMessage(), repeated.rest()) == ("13 is odd", ())


def test_the_count_is_said_once_and_not_where_nothing_was_left_out() -> None:
    repeated = Repeated(most=1, seconds=1)
    written = [record("odd", at) for at in (0.0, 0.5, 2.0, 4.0)]
    assert [each.getMessage() for each in written if repeated.filter(each)] == [
        "odd",
        "odd (1 more like this was left out)",
        "odd",
    ]


def test_one_warning_does_not_silence_another() -> None:
    repeated = Repeated(most=1)
    assert [repeated.filter(record(template, 0.0)) for template in ("a", "b", "a", "b", "c")] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_a_traceback_of_the_app_is_never_left_out_but_another_librarys_is() -> None:
    repeated = Repeated(most=1)
    failed = (ValueError, ValueError("x"), None)
    for name, expected in (("corserver", [True] * 3), ("corserver.x", [True] * 3), ("trio", [True, False, False])):
        assert [repeated.filter(record("it raised", 0.0, name=name, exc_info=failed)) for _ in range(3)] == expected


def test_a_clock_that_is_set_back_and_messages_without_a_template_do_no_harm() -> None:
    repeated = Repeated(most=1)
    assert [repeated.filter(record("odd", at)) for at in (100.0, 50.0, 51.0)] == [True, True, False]
    assert all(repeated.filter(record(f"odd {n}", 52.0)) for n in range(10_000))
    assert repeated.filter(record("odd", 53.0)), "what was longest ago is forgotten first"
