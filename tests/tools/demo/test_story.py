"""The story that the page draws, and the verdict on what was foretold."""

from typing import Any

from corserver.cors.browser import CHROMIUM, parse_url
from corserver.cors.decision import CORSRequest
from corserver.http.log import Entry
from corserver.tools.check.exchanges import Reply
from corserver.tools.check.report import Report
from corserver.tools.demo.cases import CASES
from corserver.tools.demo.foretold import foretell
from corserver.tools.demo.runs import Run
from corserver.tools.demo.story import story
from corserver.tools.demo.verdict import disagreements

A = "http://127.0.0.1:8000"
BLOCKED = {"error": "TypeError: Failed to fetch"}


def foretold(name: str) -> tuple[Run, Report, list[Entry]]:
    """A case, what is foretold of it, and the record that it leaves if all goes that way."""
    url = parse_url("http://127.0.0.1:8001/run/1/data")
    assert url is not None
    run = next(case for case in CASES if case.name == name).run(A, url)
    report = foretell(run, A, url, CHROMIUM)
    record = []
    for step in report.steps:
        assert isinstance(step.outcome, Reply)
        request = CORSRequest.read(step.sending.method, step.sending.headers)
        lines = b"".join(b"\r\n%s: %s" % line for line in ((b"Date", b"today"), *step.outcome.headers))
        record.append(
            Entry(
                time=0.0,
                client=None,
                method=step.sending.method,
                target=step.sending.url.path.encode(),
                status=step.outcome.status,
                sent=0,
                seconds=0.0,
                decision=run.site_b.decide(request),
                request_fields=tuple((name.lower(), value) for name, value in step.sending.headers),
                response_head=b"HTTP/1.1 %d x%s\r\n\r\n" % (step.outcome.status, lines),
            )
        )
    return run, report, record


def response(status: int, *names: str) -> dict[str, Any]:
    return {"response": {"status": status, "headers": [[name, "42"] for name in names], "body": "{}"}}


def test_a_refused_preflight_is_told_to_its_end() -> None:
    run, report, record = foretold("put-get-only")
    told = story(run.script, report, record, BLOCKED)
    assert told["disagreements"] == []
    assert [event["title"] for event in told["events"]] == [
        "fetch: PUT",
        "The browser asks B first: a preflight",
        "OPTIONS /run/1/data",
        "204 No Content",
        "CORS check of the preflight: failed",
        "TypeError: Failed to fetch",
    ]
    states = {line["name"]: line["state"] for line in told["events"][3]["lines"]}
    assert (states["Access-Control-Allow-Methods"], states["Access-Control-Allow-Origin"]) == ("bad", "ok")
    assert told["mends"][0]["send"] == ["Access-Control-Allow-Methods: GET, PUT"]


def test_a_line_that_is_missing_is_drawn_as_missing() -> None:
    run, report, record = foretold("no-header")
    answer = story(run.script, report, record, BLOCKED)["events"][2]
    assert [line["name"] for line in answer["lines"] if line["absent"]] == ["Access-Control-Allow-Origin"]


def test_a_hidden_header_is_no_error() -> None:
    run, report, record = foretold("hidden-header")
    told = story(run.script, report, record, response(200, "content-type"))
    assert told["headline"] == "The script reads the answer, a 200, but not X-Total-Count"
    assert told["mends"][0]["send"] == ["Access-Control-Expose-Headers: x-total-count"]


def test_every_difference_is_said() -> None:
    _, report, record = foretold("exposed-header")
    assert disagreements(report, record, response(200, "x-total-count")) == []
    assert disagreements(report, record, BLOCKED) == ["the script was to get the answer, and it did not"]
    assert disagreements(report, record, response(500)) == [
        "the script was to read the status 200, and it reads 500",
        "X-Total-Count was to be visible, and it is not",
    ]
    assert disagreements(report, [], response(200, "x-total-count")) == [
        "B was to see GET /run/1/data, and it saw nothing"
    ]


def test_an_answer_that_is_not_the_foretold_one_is_said() -> None:
    _, report, record = foretold("any-origin")
    _, _, other = foretold("header-for-a")
    assert disagreements(report, other, response(200)) == ["B answered the GET otherwise than was foretold"]
    assert len(record) == len(other)


def test_a_redirect_is_followed_in_the_picture_and_its_end_is_judged() -> None:
    run, report, record = foretold("redirect-fails")
    told = story(run.script, report, record, BLOCKED)
    assert told["disagreements"] == []
    assert [event["title"] for event in told["events"]] == [
        "fetch: PUT",
        "The browser asks B first: a preflight",
        "OPTIONS /run/1/data",
        "204 No Content",
        "CORS check of the preflight: passed",
        "PUT /run/1/data",
        "307 Temporary Redirect",
        "CORS check of the answer: passed",
        "The browser asks B first: a preflight",
        "OPTIONS /run/1/moved",
        "404 Not Found",
        "CORS check of the preflight: failed",
        "TypeError: Failed to fetch",
    ]
    assert told["events"][7]["words"] == ["The browser follows the redirect to http://127.0.0.1:8001/run/1/moved."]
    assert told["events"][11]["words"][-1] == "The PUT is not sent on to this URL."


def test_a_redirect_to_another_origin_says_where_and_loses_the_origin() -> None:
    run, report, record = foretold("redirect-elsewhere")
    told = story(run.script, report, record, BLOCKED)
    first, second = (event for event in told["events"] if event["to"] == "b")
    assert (first["words"], second["words"]) == (
        [],
        ["to another origin, http://localhost:8001: the same server by another name"],
    )
    assert [line["value"] for event in (first, second) for line in event["lines"] if line["name"] == "Origin"] == [
        A,
        "null",
    ]


def test_nothing_is_judged_that_was_not_foretold() -> None:
    run, report, record = foretold("put-json")
    told = story(run.script, report, record[1:], response(200))
    assert [event["title"] for event in told["events"]][1:3] == ["PUT /run/1/data", "200 OK"]
    assert not any(event["from"] == event["to"] for event in told["events"])
