"""What the model of the browser says will happen, before anything is sent: `check`'s report, answered by B's values."""

from corserver.cors.browser import CHROMIUM, FIREFOX, SAFARI, STANDARD, Browser, Url
from corserver.cors.decision import CORSRequest
from corserver.http.statuses import reason_phrase
from corserver.tools.check.exchanges import Reply, Sending
from corserver.tools.check.investigation import investigate, run
from corserver.tools.check.question import Question
from corserver.tools.check.report import Report
from corserver.tools.demo.runs import Run

#: What a User-Agent has that is nobody else's; the first that is found counts.
_SIGNS = (("Firefox/", FIREFOX), ("Chrome/", CHROMIUM), ("Safari/", SAFARI))


def browser_of(user_agent: str) -> Browser:
    """The model of the browser that calls itself *user_agent*; the standard for one that is not known."""
    return next((browser for sign, browser in _SIGNS if sign in user_agent), STANDARD)


def foretell(wished: Run, origin: str, url: Url, browser: Browser) -> Report:
    """What *browser* will do where a page of *origin* runs the script of *wished* against *url*."""
    script = wished.script
    question = Question(
        url=url,
        origin=b"null" if script.is_sandboxed else origin.encode("latin-1"),
        method=script.method.encode("latin-1"),
        headers=tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in script.headers),
        body=None if script.body is None else script.body.encode(),
        credentials=script.credentials,
        browser=browser,
        read=script.read,
    )

    def answer(sending: Sending) -> Reply:
        request = CORSRequest.read(sending.method, sending.headers, sending.url.origin)
        answered = wished.site_b.answer(sending.method.decode("latin-1"), sending.url.path, request)
        phrase = reason_phrase(answered.status).encode()
        return Reply(status=answered.status, reason=phrase, headers=answered.headers, body=answered.body)

    return run(investigate(question), answer)
