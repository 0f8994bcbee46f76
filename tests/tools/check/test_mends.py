"""The mends are enough: every recorded answer that a browser refused is let through once they are applied.

The recordings hold some thousand ways to get CORS wrong. Whatever of them a server can mend, the header lines of the
report do mend, to the letter, for the standard and for each recorded browser.
"""

from dataclasses import dataclass, field, replace

import pytest

from corserver.cors.browser import CHROMIUM, FIREFOX, STANDARD, Browser, Rule, parse_url
from corserver.tools.check.exchanges import Reply, Sending, Trouble
from corserver.tools.check.investigation import investigate, run
from corserver.tools.check.question import Question
from corserver.tools.check.report import Mend, Outcome
from corserver.tools.words import text
from tests.oracle.cases import Thrown, Unmodelled
from tests.oracle.recordings import load_compact
from tests.tools.check.test_investigation import Wire, question_of

#: What the header lines of a server cannot mend.
NOT_THE_SERVERS = {
    Rule.REQUEST_INVALID,
    Rule.METHOD_FORBIDDEN,
    Rule.NO_CORS_METHOD,
    Rule.OPAQUE,
    Rule.MODE_SAME_ORIGIN,
    Rule.BAD_PORT,
    Rule.SCHEME_NOT_HTTP,
    Rule.REDIRECT_HAS_CREDENTIALS,
    Rule.SAME_ORIGIN_REDIRECT_HAS_CREDENTIALS,
    Rule.REDIRECT_TOO_MANY,
    Rule.REDIRECT_NOT_HTTP,
    Rule.REDIRECT_URL_INVALID,
    Rule.RESOURCE_POLICY,
    Rule.NETWORK_ERROR,
    Rule.PROXY_AUTHENTICATION,
}


@dataclass
class Mended:
    """A server whose answers are mended: *mends* are kept by method and target."""

    server: Wire
    mends: list[Mend] = field(default_factory=list)

    def __call__(self, sending: Sending) -> Reply | Trouble:
        outcome = self.server(sending)
        if isinstance(outcome, Trouble):
            return outcome
        for mend in self.mends:
            if f" {sending.line}" in f" {mend.where}".removesuffix(", errors too"):
                outcome = apply(mend, outcome)
        return outcome


def apply(mend: Mend, reply: Reply) -> Reply:
    names = {name.lower() for name, _ in mend.send}
    shown = {f"{text(name).title()}: {text(value)}": (name, value) for name, value in reply.headers}
    dropped = [shown.get(line) for line in mend.drop]
    kept = tuple(line for line in reply.headers if line[0].lower() not in names and line not in dropped)
    status = int(mend.status.split()[1]) if mend.status else reply.status
    return Reply(status=status, headers=kept + mend.send)


@pytest.mark.parametrize("browser", [STANDARD, CHROMIUM, FIREFOX], ids=lambda browser: browser.name)
def test_every_recorded_fault_of_a_servers_is_mended(browser: Browser) -> None:
    mended = 0
    for record in load_compact():
        case = record["case"]
        try:
            question = question_of(case, browser)
        except (Unmodelled, Thrown):
            continue
        if question is None:
            continue
        server = Mended(Wire(case, browser))
        report = run(investigate(question), server)
        rounds = 0
        while report.outcome is Outcome.BLOCKED and report.rule not in NOT_THE_SERVERS and rounds < 6:
            if all(mend.where == "in the script" for mend in report.mends) or "the script" in str(report.mends):
                break  # `patch`, or a header of the server's in the request
            server.mends += report.mends
            report = run(investigate(question), server)
            rounds += 1
        if rounds and report.rule not in NOT_THE_SERVERS:
            assert report.is_allowed, (case["title"], report.headline, report.rule, server.mends)
            mended += 1
    assert mended > 500


def test_a_header_that_is_to_be_read_is_exposed_with_the_same_mend() -> None:
    """Only what needs it: a safelisted header is seen without, and Set-Cookie never is."""
    url = parse_url("http://api.example/items")
    assert url is not None
    question = Question(url=url, origin=b"https://app.example", read=(b"etag", b"content-type", b"set-cookie"))
    exposed = (b"Access-Control-Expose-Headers", b"etag")
    (mend,) = run(investigate(question), lambda sending: Reply(status=200)).mends
    assert mend.send[-1] == exposed
    preflighted = replace(question, method=b"PUT")
    answer, later = run(investigate(preflighted), lambda sending: Reply(status=200)).mends
    assert exposed not in answer.send
    assert later.send[-1] == exposed
