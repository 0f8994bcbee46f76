"""Answers that are not quite HTTP, as `check` reads them, beside the browsers' recorded reading of the same bytes."""

import pytest

from corserver.cors.browser import Browser
from corserver.tools.check.exchanges import Reply, Sending, Trouble, TroubleKind
from corserver.tools.check.head import NotHTTP
from corserver.tools.check.investigation import investigate, run
from corserver.tools.check.report import Outcome
from corserver.tools.check.talk import Talk
from tests.oracle.cases import Case
from tests.oracle.compare import BROWSERS as RECORDED
from tests.oracle.recordings import load_compact
from tests.tools.check.test_investigation import Wire, message_of, question_of

RECORDS = [
    record
    for record in load_compact()
    if any("raw" in (record["case"].get(f"{kind}_response") or {}) for kind in ("preflight", "actual"))
]


class RawWire(Wire):
    """The scripted server, with the answers of which the very bytes were written down."""

    def __call__(self, sending: Sending) -> Reply | Trouble:
        is_preflight = message_of(sending).preflight is not None
        response = self.case["preflight_response" if is_preflight else "actual_response"]
        if response is None or "raw" not in response:
            return super().__call__(sending)
        talk = Talk(sending)
        talk.request()
        try:
            for data in (response["raw"].encode("latin-1"), b""):
                reply = talk.receive(data)
                if reply is not None:
                    return reply
        except (EOFError, NotHTTP):
            return Trouble(TroubleKind.CLOSED)
        return Trouble(TroubleKind.CLOSED)


def is_allowed(case: Case, browser: Browser) -> bool:
    question = question_of(case, browser)
    assert question is not None
    return run(investigate(question), RawWire(case, browser)).outcome is Outcome.ALLOWED


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_raw_bytes_are_read_as_the_browser_reads_them(name: str) -> None:
    differing = {
        record["case"]["id"]: record["case"]["title"]
        for record in RECORDS
        if is_allowed(record["case"], RECORDED[name]) != record[name]["readable"]
    }
    assert len(RECORDS) > 40
    assert differing == {}
