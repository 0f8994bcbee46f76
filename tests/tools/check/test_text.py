"""The report as text: the verdict stands first, prose is wrapped, and what is to be pasted never is."""

import click
import pytest

from corserver.cors.browser import Credentials, parse_url
from corserver.tools.check.exchanges import Reply, Sending
from corserver.tools.check.investigation import investigate, run
from corserver.tools.check.question import Question
from corserver.tools.check.report import Report
from corserver.tools.check.snippets import SERVERS
from corserver.tools.check.text import render

URL = parse_url("https://api.example/items?with=a&long=query")


def report(*headers: tuple[bytes, bytes], status: int = 200, body: bytes = b"") -> Report:
    assert URL is not None
    question = Question(
        url=URL,
        origin=b"https://app.example",
        method=b"PUT",
        headers=((b"content-type", b"application/json"),),
        credentials=Credentials.INCLUDE,
        security=True,
    )

    def answer(sending: Sending) -> Reply:
        return Reply(status=status, headers=(*headers, (b"Server", b"nginx/1.22")), body=body)

    return run(investigate(question), answer)


BLOCKED = report((b"Access-Control-Allow-Origin", b"*"), (b"Vary", b"Accept"))
REPORTS = [BLOCKED, report(status=500), report((b"Access-Control-Allow-Origin", b"https://app.example"))]


@pytest.mark.parametrize("width", [40, 60, 80, 100, None])
@pytest.mark.parametrize("shown", REPORTS)
def test_what_is_to_be_pasted_is_whole_at_any_width(shown: Report, width: int | None) -> None:
    lines = [line.strip() for line in click.unstyle(render(shown, width=width)).splitlines()]
    for mend in shown.mends:
        assert {f"{name.decode()}: {value.decode()}" for name, value in mend.send} <= set(lines)
    for snippet in shown.snippets:
        assert {line.strip() for line in snippet.code.splitlines()} <= set(lines)
    assert lines[-1].startswith("curl ")


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_prose_keeps_to_the_width(width: int) -> None:
    text = click.unstyle(render(BLOCKED, width=width))
    notes = text[text.index("\nNotes\n") : text.index("\nAsked as other origins\n")].splitlines()
    assert len(notes) > 2
    assert max(map(len, notes)) <= width
    assert max(map(len, text.splitlines()[:2])) <= width


_RECEIVED = "   < Access-Control-Allow-Methods: "
MANY = report(
    (b"Access-Control-Allow-Methods", b", ".join([b"PROPFIND"] * 20)),
    *((b"X-Header-%d" % number, b"x") for number in range(20)),
    (b"Access-Control-Allow-Origin", b"https://app.example"),
    status=404,
    body=b"there is nothing here " * 9,
)


@pytest.mark.parametrize("width", [80, 100])
def test_what_came_and_how_it_fared_keep_to_the_width(width: int) -> None:
    for shown in (BLOCKED, MANY):
        told = click.unstyle(render(shown, width=width))
        told = told[: told.index("\nMend\n")] + told[told.index("\nNotes\n") : told.index("\nReproduce\n")]
        assert [line for line in told.splitlines() if len(line) > width and not line.startswith(_RECEIVED)] == []
    assert "   < (20 more: X-Header-0, " in click.unstyle(render(MANY, width=width))


def test_piped_a_sentence_is_a_line() -> None:
    lines = click.unstyle(render(BLOCKED)).splitlines()
    assert lines[0] == (
        "BLOCKED at the preflight: `*` in Access-Control-Allow-Origin does not do for a request with credentials"
    )
    assert any(line.startswith("  Chrome") and line.endswith("'include'.") for line in lines)


def test_the_story_is_told_in_order() -> None:
    text = click.unstyle(render(BLOCKED))
    order = [
        "BLOCKED at the preflight",
        "1. Preflight: OPTIONS /items?with=a&long=query",
        "needed because PUT is not GET, HEAD or POST",
        "> Access-Control-Request-Method: PUT",
        "< Access-Control-Allow-Origin: *",
        "FAIL  Access-Control-Allow-Origin",
        "must be https://app.example",
        "The PUT itself is never sent.",
        "The script can read",
        "Mend",
        "With nginx, as the server says of itself (nginx/1.22):",
        "In the browser's console",
        "Reproduce",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_every_rule_is_shown_though_the_first_decides() -> None:
    text = click.unstyle(render(BLOCKED))
    for header in ("Origin", "Credentials", "Methods", "Headers"):
        assert f"FAIL  Access-Control-Allow-{header}" in text


def test_a_peer_cannot_write_to_the_terminal() -> None:
    hostile = b"\x1b[2Jx\r\x9b"
    text = render(report((b"Access-Control-Allow-Origin", hostile), (b"Location", hostile), status=500, body=hostile))
    assert all(letter.isprintable() or letter == "\n" for letter in click.unstyle(text))
    assert "\\x1b[2J" in text


def test_other_servers_are_offered_by_name() -> None:
    text = click.unstyle(render(BLOCKED))
    assert "add --fix caddy (or express, fastapi, flask, spring, corserver) to this command" in text
    assert len(SERVERS) == 7


def test_a_narrow_terminal_has_no_tables() -> None:
    lines = click.unstyle(render(BLOCKED, width=44)).splitlines()
    at = lines.index("   FAIL  Access-Control-Allow-Credentials")
    assert lines[at + 1 : at + 3] == ["         (absent)", "         must be true"]
