"""`check` against recorded browsers: asked to be one, it says what that one did, and for the same reason.

Each recorded case is put as a question, and its scripted server answers with bytes that go through the same reader as
those of a real server.
"""

from dataclasses import dataclass

import h11
import pytest

from corserver.cors.browser import (
    Browser,
    Hop,
    Initiator,
    Message,
    Preflight,
    RedirectMode,
    Request,
    Tainting,
)
from corserver.tools.check.exchanges import Reply, Sending, Trouble, TroubleKind
from corserver.tools.check.investigation import investigate, run
from corserver.tools.check.question import Question
from corserver.tools.check.report import Outcome
from corserver.tools.check.talk import Talk
from tests.oracle.cases import Case, ScriptedServer, Thrown, Unmodelled, request_of
from tests.oracle.compare import BROWSERS as RECORDED
from tests.oracle.predict import predict
from tests.oracle.recordings import Record, load_compact


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return load_compact()


def question_of(case: Case, browser: Browser) -> Question | None:
    """The case as a question; None where it is about what a question cannot say (XMLHttpRequest, redirect modes …)."""
    request = request_of(case)
    plain = request.initiator is Initiator.FETCH and request.redirect is RedirectMode.FOLLOW
    if not plain or request.embedder_policy.value != "unsafe-none":
        return None
    return Question(
        url=request.url,
        origin=request.origin,
        method=request.method,
        headers=request.headers,
        body=b"x" if request.has_body else None,
        credentials=request.credentials,
        mode=request.mode,
        browser=browser,
    )


@dataclass
class Wire:
    """The scripted server of a case behind `Talk`: its answers as bytes, *chunk* at a time."""

    case: Case
    browser: Browser
    chunk: int = 100_000
    #: the case was about what this server or h11 cannot do
    gave_up: bool = False

    def __call__(self, sending: Sending) -> Reply | Trouble:
        talk = Talk(sending)
        try:
            talk.request()
            answer = ScriptedServer(self.case, self.browser).answer(message_of(sending))
        except (Unmodelled, h11.LocalProtocolError):
            self.gave_up = True
            return Trouble(TroubleKind.CLOSED)
        if answer is None:
            return Trouble(TroubleKind.CLOSED)
        head = b"HTTP/1.1 %d X\r\n" % answer.status
        data = head + b"".join(b"%s: %s\r\n" % field for field in answer.headers) + b"\r\n"
        for at in range(0, len(data), self.chunk):
            reply = talk.receive(data[at : at + self.chunk])
            if reply is not None:
                return reply
        return talk.receive(b"") or talk.reply()


def message_of(sending: Sending) -> Message:
    """As much of the browser's message as the scripted server looks at, read off what is sent."""
    fields = {name.lower(): value for name, value in sending.headers}
    origin = fields.get(b"origin")
    request = Request(url=sending.url, origin=origin or b"null", method=sending.method)
    tainting = Tainting.BASIC if origin is None else Tainting.CORS
    hop = Hop(request=request, tainting=tainting, first_url=sending.url)
    asked = fields.get(b"access-control-request-method")
    if sending.method != b"OPTIONS" or asked is None:
        return Message(hop)
    return Message(hop, Preflight(origin=origin or b"null", method=asked, names=(), because=()))


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_it_says_what_the_recorded_browser_did_and_why(name: str, records: list[Record]) -> None:
    browser = RECORDED[name]
    compared = 0
    for record in records:
        case = record["case"]
        try:
            prediction = predict(case, browser)
            question = question_of(case, browser)
        except (Unmodelled, Thrown):
            continue
        if question is None:
            continue
        wire = Wire(case, browser)
        report = run(investigate(question), wire)
        if wire.gave_up and report.outcome is Outcome.UNREACHABLE:
            continue
        compared += 1
        assert (report.outcome is Outcome.ALLOWED) == record[name]["readable"], case["title"]
        assert report.rule is prediction.rule, case["title"]
        line = {"chromium": prediction.chrome, "firefox": prediction.firefox}[name]
        assert dict(report.console).get({"chromium": "Chrome", "firefox": "Firefox"}[name]) == line, case["title"]
        if report.is_allowed:
            assert report.status == record[name]["status"], case["title"]
            assert [each.decode("latin-1") for each in report.readable] == record[name]["headers"], case["title"]
    assert compared > 1500


def test_it_is_the_same_byte_by_byte(records: list[Record]) -> None:
    browser = RECORDED["firefox"]
    for record in records[::25]:
        try:
            question = question_of(record["case"], browser)
        except (Unmodelled, Thrown):
            continue
        if question is not None:
            whole = run(investigate(question), Wire(record["case"], browser))
            assert run(investigate(question), Wire(record["case"], browser, chunk=1)) == whole
