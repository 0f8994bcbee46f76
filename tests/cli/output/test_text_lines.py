"""The log's lines for people: columns, what happens where the terminal is narrow, colours."""

from collections.abc import Iterable

import pytest

from corserver.cli.output.text_lines import TextLines, duration
from corserver.cors.decision import CORSRequest, Decision
from corserver.cors.policy import Policy
from corserver.http.log import Entry
from corserver.tools.looks import Look, styled

POLICY = Policy(["https://a.example"], ["PUT"])
ENTRY = Entry(
    time=0.0,
    client=("192.0.2.1", 5000),
    method=b"GET",
    target=b"/a",
    status=200,
    sent=7,
    seconds=0.0012345,
    decision=Decision.ungoverned(CORSRequest(b"GET")),
)
ALLOWED = POLICY.decide(CORSRequest(b"GET", (b"https://a.example",)))
DENIED = POLICY.decide(CORSRequest(b"GET", (b"https://b.example",)))
PREFLIGHT = POLICY.decide(CORSRequest(b"OPTIONS", (b"https://a.example",), (b"PUT",)))


def lines(write: TextLines, entries: Iterable[Entry]) -> list[str]:
    """Without the time of day."""
    return [line[8:] if line[2:3] == ":" else line for entry in entries for line in write(entry).split("\n")]


def test_columns_stay_where_they_are() -> None:
    entries = [
        ENTRY._replace(decision=ALLOWED),
        ENTRY._replace(method=b"OPTIONS", target=b"/items/7", status=204, seconds=0.00002, decision=PREFLIGHT),
        ENTRY._replace(method=b"DELETE", target=b"/" + b"x" * 40, status=404, seconds=12.3),
        ENTRY._replace(target=b"/" + b"x" * 40, status=None, seconds=0.123, decision=ALLOWED),
    ]
    assert lines(TextLines(coloured=False), entries) == [
        "  200  1.23 ms  GET      /a                        cors allowed https://a.example",
        "  204  0.02 ms  PUT      /items/7                  preflight allowed https://a.example",
        f"  404   12.3 s  DELETE   /{'x' * 40}",
        f"    -   123 ms  GET      /{'x' * 40}  cors allowed https://a.example",
    ]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.00 ms"),
        (0.00999, "9.99 ms"),
        (0.009999, "10.0 ms"),
        (0.0999, "99.9 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (59.96, "60.0 s"),
        (999.4, "999 s"),
        (1000, "17 min"),
        (86400, "1440 min"),
    ],
)
def test_a_duration_has_three_digits(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize("width", [60, 80, 100, 109, 110, 160])
def test_no_line_is_wider_than_the_terminal_unless_its_target_is(width: int) -> None:
    write = TextLines(coloured=False, width=width, verbose=True)
    for decision in (ALLOWED, DENIED, PREFLIGHT):
        told = write(ENTRY._replace(decision=decision))
        assert max(map(len, told.split("\n"))) <= width
        assert told.split() == TextLines(coloured=False, verbose=True)(ENTRY._replace(decision=decision)).split()
    long = write(ENTRY._replace(target=b"/" + b"x" * 200, decision=ALLOWED)).split("\n")
    assert [line.strip() for line in long[1:]] == ["cors allowed https://a.example"]


def test_a_narrow_terminal_gets_the_words_below_and_a_wide_one_beside() -> None:
    entry = ENTRY._replace(target=b"/data.json", decision=ALLOWED)
    assert lines(TextLines(coloured=False, width=60), [entry]) == [
        "  200  1.23 ms  GET      /data.json",
        "          cors allowed https://a.example",
    ]
    assert lines(TextLines(coloured=False, width=80), [entry]) == [
        "  200  1.23 ms  GET      /data.json  cors allowed https://a.example"
    ]


def test_the_terminals_size_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    write = TextLines(coloured=False, width=0)
    entry = ENTRY._replace(target=b"/data.json", decision=ALLOWED)
    assert "\n" in write(entry)
    monkeypatch.setenv("COLUMNS", "80")
    assert "\n" not in write(entry._replace(time=1.0))


def test_a_line_that_is_like_another_differs_where_it_should() -> None:
    write = TextLines(coloured=False)
    others = [
        ENTRY._replace(decision=ALLOWED),
        ENTRY._replace(method=b"HEAD"),
        ENTRY._replace(target=b"/b"),
        ENTRY._replace(status=404),
        ENTRY._replace(seconds=1.0),
        ENTRY._replace(time=1.0),
        ENTRY._replace(failure="the client left"),
    ]
    for _ in range(3):  # As they come, as they come again, as they are known.
        assert [write(entry) for entry in others] == [TextLines(coloured=False)(entry) for entry in others]
    assert len({write(entry) for entry in [ENTRY, *others]}) == 8


def test_a_coloured_line_marks_what_was_denied_what_has_no_policy_and_the_status_of_an_error() -> None:
    line = TextLines(coloured=True)(ENTRY._replace(decision=DENIED, status=404))
    assert styled("404", Look.STRONG) in line
    assert f"cors {styled('denied', Look.BAD)} https://b.example" in line
    narrow = TextLines(coloured=True, width=60)(ENTRY._replace(decision=DENIED, status=503))
    assert styled("503", Look.BAD) in narrow
    assert f"\n          cors {styled('denied', Look.BAD)} https://b.example" in narrow
    off = Decision.ungoverned(CORSRequest(b"GET", (b"https://b.example",)))
    assert f"cors {styled('off', Look.STRONG)} https://b.example" in TextLines(coloured=True)(
        ENTRY._replace(decision=off)
    )
    plain = TextLines(coloured=False)
    for _ in range(2):
        assert plain(ENTRY._replace(decision=DENIED, failure="the client left")).endswith(
            "cors denied https://b.example (origin not in the policy; allowed: https://a.example)"
            "  cut short: the client left"
        )


def test_verbose_says_how_to_mend_it_below() -> None:
    near = POLICY.decide(CORSRequest(b"GET", (b"http://a.example",)))
    method = POLICY.decide(CORSRequest(b"OPTIONS", (b"https://a.example",), (b"PATCH",)))
    write = TextLines(coloured=False, verbose=True)
    assert [line.strip() for line in write(ENTRY._replace(decision=near)).split("\n")[1:]] == [
        "`http://a.example` differs from the allowed `https://a.example` in its scheme",
        "to allow it: --cors http://a.example",
        "see https://fetch.spec.whatwg.org/#cors-check",
    ]
    assert "to allow it: --cors-methods PATCH" in write(ENTRY._replace(decision=method))
    assert "\n" not in write(ENTRY._replace(decision=ALLOWED))
    assert "\n" not in write(ENTRY)


def test_a_flag_that_would_be_refused_is_not_advised() -> None:
    credentials = Policy(["https://a.example"], credentials=True)
    decision = credentials.decide(CORSRequest(b"GET", (b"http://b.example",)))
    told = TextLines(coloured=False, verbose=True)(ENTRY._replace(decision=decision))
    assert "to mend it: add http://b.example to the policy's origins\n" in told
    assert "--cors" not in told


def test_a_page_that_asks_its_own_origin_is_no_matter_of_cors() -> None:
    own = Decision.ungoverned(CORSRequest(b"POST", (b"http://h",), own_origin=b"http://h"))
    assert TextLines(coloured=False, verbose=True)(ENTRY._replace(decision=own)).endswith("GET      /a")
