"""The story of an exchange: what is said, which line is marked, how it ends."""

from typing import Any

import pytest

from corserver.config import cors_policy
from corserver.cors.decision import CORSRequest, Decision
from corserver.cors.policy import Policy
from corserver.http.log import Entry
from corserver.tools.inspect.story import line, story
from tests.cli.output.test_summary import asked
from tests.cli.output.test_text_lines import ENTRY

LISTED = cors_policy(["https://a.example"], ["PUT"], ["x-a"])


def told(*given: str, policy: Policy | None = LISTED, status: int = 200) -> dict[str, Any]:
    return story(7, entry(*given, policy=policy, status=status))


def entry(*given: str, policy: Policy | None = LISTED, status: int = 200, app: bytes = b"") -> Entry:
    """*app* is a line of the app's own."""
    decision = asked(*given, policy=policy)
    method = b"OPTIONS" if len(given) > 1 else b"GET"
    lines = app + b"".join(b"\r\n%s: %s" % line for line in ((b"Date", b"today"), *decision.decorate(())))
    head = b"HTTP/1.1 %d x%s\r\n\r\n" % (status, lines)
    return ENTRY._replace(decision=decision, method=method, status=decision.status or status, response_head=head)


def ways(found: dict[str, Any]) -> list[str]:
    return [f"{event['from']}>{event['to']} {event['title']}" for event in found["events"]]


def marks(found: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    return {
        each["name"]: (each["state"], each["absent"])
        for event in found["events"]
        for each in event["lines"]
        if each["state"]
    }


def test_a_preflight_that_is_allowed() -> None:
    found = told("https://a.example", "PUT", "x-a")
    assert found["headline"] == "Allowed. The browser may send the PUT of https://a.example"
    assert ways(found) == [
        "script>browser fetch: PUT",
        "browser>browser The browser asks first: a preflight",
        "browser>b OPTIONS /a",
        "b>browser 204 No Content",
        "browser>browser CORS check of the preflight: passed",
    ]
    assert marks(found) == {"Access-Control-Allow-Origin": ("ok", False)}
    assert (found["mend"], found["flag"]) == ("", "")


@pytest.mark.parametrize(
    ("given", "mark", "flag"),
    [
        (("https://b.example", "PUT"), {"Access-Control-Allow-Origin": ("bad", True)}, "--cors https://b.example"),
        (
            ("https://a.example", "PATCH"),
            {"Access-Control-Allow-Origin": ("ok", False), "Access-Control-Allow-Methods": ("bad", False)},
            "--cors-methods PATCH",
        ),
        (
            ("https://a.example", "PUT", "x-b"),
            {"Access-Control-Allow-Origin": ("ok", False), "Access-Control-Allow-Headers": ("bad", False)},
            "--cors-headers x-b",
        ),
        (("null", "PUT"), {"Access-Control-Allow-Origin": ("bad", True)}, ""),
    ],
)
def test_a_preflight_that_is_denied_marks_the_line_that_it_is_about(
    given: tuple[str, ...], mark: dict[str, tuple[str, bool]], flag: str
) -> None:
    found = told(*given)
    assert marks(found) == mark
    assert ways(found)[-2:] == [
        "browser>browser CORS check of the preflight: failed",
        "browser>script TypeError: Failed to fetch",
    ]
    assert found["headline"].startswith("Denied. The browser does not send")
    assert found["flag"] == flag
    assert found["mend"]


def test_an_answer_that_is_read_and_one_that_is_not() -> None:
    assert ways(told("https://a.example", status=404))[-1] == "browser>script 404 Not Found"
    denied = told("https://b.example")
    assert ways(denied)[-1] == "browser>script TypeError: Failed to fetch"
    assert denied["headline"] == "Denied. https://b.example cannot read the answer"
    assert (denied["mend"], denied["flag"]) == (
        "Add https://b.example to the policy's origins.",
        "--cors https://b.example",
    )
    assert "no-cors" in str(denied["events"]), "it may have been no fetch()"


def test_without_a_policy_nothing_is_foretold_and_without_an_origin_nothing_is_told() -> None:
    off = told("https://b.example", policy=None)
    assert (off["state"], off["flag"]) == ("off", "--cors https://b.example")
    assert marks(off) == {}
    own = story(1, entry("https://b.example", policy=None, app=b"\r\naccess-control-allow-origin: *"))
    (answer,) = (event for event in own["events"] if event["from"] == "b")
    assert [(each["name"], each["value"]) for each in answer["lines"]] == [("Access-Control-Allow-Origin", "*")]
    plain = story(1, ENTRY)
    assert (plain["state"], plain["mend"], plain["headline"]) == ("", "", "CORS plays no part")
    assert ways(plain) == ["browser>b GET /a", "b>browser 200 OK"]


@pytest.mark.parametrize(
    ("origin", "policy", "status", "headline", "end", "flag"),
    [
        (
            "https://b.example",
            LISTED,
            403,
            "Denied. https://b.example may open no WebSocket here",
            ["browser>browser The handshake was refused", "browser>script error"],
            "--cors https://b.example",
        ),
        (
            "https://a.example",
            LISTED,
            101,
            "Allowed. https://a.example may open a WebSocket here",
            ["b>browser 101 Switching Protocols", "browser>script open"],
            "",
        ),
        (
            "https://b.example",
            None,
            101,
            "CORS is off here, and https://b.example is another origin",
            ["browser>browser CORS does not guard WebSockets", "browser>script open"],
            "--cors https://b.example",
        ),
    ],
)
def test_a_websocket_is_no_fetch_and_its_answer_has_no_check(
    origin: str, policy: Policy | None, status: int, headline: str, end: list[str], flag: str
) -> None:
    request = CORSRequest(b"GET", (origin.encode(),), upgrades=(b"websocket",), own_origin=b"http://own.example")
    decision = Decision.ungoverned(request) if policy is None else policy.decide(request)
    found = story(7, ENTRY._replace(decision=decision, status=status))
    assert (found["kind"], found["headline"], found["flag"]) == ("websocket", headline, flag)
    assert ways(found)[0] == "script>browser new WebSocket()"
    assert ways(found)[-2:] == end
    assert found["source"].endswith("#websocket-protocol")
    assert marks(found) == {}, "no line of the answer decides"
    assert ("Access-Control" in str(found["events"])) is False


def test_what_a_peer_wrote_is_escaped_and_what_was_cut_short_is_said() -> None:
    denied = asked("https://b.example")
    cut = ENTRY._replace(target=b"/\x1b<b>", method=b"G\xffT", status=None, failure="the client left")
    assert story(1, cut._replace(decision=denied))["events"][2]["lines"] == [], "nothing was sent"
    found = story(1, cut)
    assert (found["target"], found["method"]) == ("/\\x1b<b>", "G\\xffT")
    assert ways(found)[-1] == "b>browser no answer"
    assert "cut short: the client left" in found["events"][-1]["words"]


def test_a_line_is_small() -> None:
    assert set(line(1, ENTRY)) < set(story(1, ENTRY))
    assert "events" not in line(1, ENTRY)
