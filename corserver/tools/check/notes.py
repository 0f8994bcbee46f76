"""What there is to know beside the verdict. No note changes the verdict or the exit code.

Mixed content and Local Network Access are decided by other rules than CORS, by a browser that knows more than this
program: which network the page came from, what the user allowed. They are said, never judged.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from itertools import pairwise

from corserver.cors.browser import SAFARI, Rule, Stage, Tainting, Url, Verdict, parse_url, preflight_lifetime
from corserver.cors.browser.headers import values
from corserver.cors.fetch import CORS_RESPONSE_HEADERS, is_forbidden_request_header, list_of_tokens
from corserver.cors.origins import is_loopback_host
from corserver.tools.check.causes import LOST_ORIGIN, redirect_hint
from corserver.tools.check.exchanges import Reply
from corserver.tools.check.fetching import Fetched, Turn
from corserver.tools.check.question import Question
from corserver.tools.check.report import Note, Topic
from corserver.tools.words import names, text

#: Chromium keeps a preflight no longer than this; a longer Max-Age is only of use to Firefox.
_GOOD_MAX_AGE = b"7200"


def notes(question: Question, fetched: Fetched, verdict: Verdict) -> Iterator[Note]:
    """Everything worth knowing about *fetched*, which had this *verdict*."""
    turns = fetched.turns
    yield from _about_the_request(question, verdict, turns)
    yield from _about_the_place(question, turns)
    yield from _about_preflights(turns)
    yield from _about_redirects(turns, verdict.readable)
    yield from _about_the_answer(question, verdict, turns)
    if fetched.browser is SAFARI:
        yield Note(Topic.UNRECORDED, "Safari is judged from WebKit's source; it was not recorded.")


def _about_the_request(question: Question, verdict: Verdict, turns: tuple[Turn, ...]) -> Iterator[Note]:
    blamed = () if verdict.failure is None else verdict.failure.names  # the cause says it
    for name, value in question.headers:
        if name.lower() in blamed:
            continue
        if name.lower() in CORS_RESPONSE_HEADERS:
            sentence = (
                f"{text(name)} is for the server to send. In a request it allows nothing, and only makes a preflight "
                "necessary: leave it out of the script."
            )
            yield Note(Topic.REQUEST_HEADER, sentence, is_warning=True)
        elif is_forbidden_request_header(name, value):
            instead = " (--cookie says what the browser has)" if name.lower() == b"cookie" else ""
            sentence = f"A browser silently drops {text(name)}: a script cannot set it{instead}."
            yield Note(Topic.DROPPED_HEADER, sentence, is_warning=True)
    sent = {name for turn in turns for name, _ in turn.sending.headers}
    if question.cookie is not None and turns and b"Cookie" not in sent:
        sentence = "The cookie was not sent: a script asks with it by `credentials: 'include'` (--credentials include)."
        yield Note(Topic.COOKIES, sentence, is_warning=True)


def _about_the_place(question: Question, turns: tuple[Turn, ...]) -> Iterator[Note]:
    page = parse_url(question.origin.decode("latin-1"))
    is_home = page is not None and page.origin == question.url.origin
    if turns and is_home and all(turn.message.hop.tainting is Tainting.BASIC for turn in turns):
        yield Note(Topic.SAME_ORIGIN, "The page and the server are the same origin: CORS plays no part.")
        return
    if page is None:
        return
    if page.scheme == "https" and question.url.scheme == "http" and not is_loopback_host(question.url.host.encode()):
        sentence = "Mixed content: a page on https may not fetch from http at all, whatever the headers say. Use https."
        yield Note(Topic.MIXED_CONTENT, sentence, is_warning=True)
    address = next((t.outcome.address for t in turns if isinstance(t.outcome, Reply) and t.outcome.address), None)
    if address is not None and not _is_local(page):
        yield from _local_network(page, address)


def _local_network(page: Url, address: str) -> Iterator[Note]:
    ip = ip_address(address.partition("%")[0])
    if not (ip.is_loopback or ip.is_private or ip.is_link_local):
        return
    where = "on this machine" if ip.is_loopback else "on a local network"
    if page.scheme == "https":
        what = "Chrome (142 and later) asks the user first"
    else:
        what = "Chrome (142 and later) refuses it, since a page on http is no secure context"
    sentence = (
        f"Local Network Access: the server is {where} ({address}). From a page of the public web {what}. No header "
        "grants or refuses this."
    )
    yield Note(Topic.LOCAL_NETWORK, sentence)


def _is_local(page: Url) -> bool:
    if is_loopback_host(page.host.encode()):
        return True
    try:
        ip = ip_address(page.host.strip("[]"))
    except ValueError:
        return False
    return ip.is_private or ip.is_loopback or ip.is_link_local


def _about_preflights(turns: tuple[Turn, ...]) -> Iterator[Note]:
    for turn, following in pairwise(turns):
        if not turn.is_preflight or following.is_preflight or not isinstance(turn.outcome, Reply):
            continue
        value = turn.outcome.get(b"access-control-max-age")
        send = ((b"Access-Control-Max-Age", _GOOD_MAX_AGE),)
        if value is None:
            sentence = (
                "Browsers forget this preflight after 5 seconds, and ask again: Access-Control-Max-Age is absent."
            )
            yield Note(Topic.CACHE, sentence, send)
        elif not value.isdigit():
            sentence = (
                f"Access-Control-Max-Age: {text(value)} is no number of seconds: Firefox does not remember the "
                "preflight at all, the standard for 5 seconds."
            )
            yield Note(Topic.CACHE, sentence, send, is_warning=True)
        elif preflight_lifetime(turn.outcome.answer, SAFARI) <= 5:
            yield Note(Topic.CACHE, f"Access-Control-Max-Age is {text(value)}: a preflight before every call.", send)


def _about_redirects(turns: tuple[Turn, ...], readable: bool) -> Iterator[Note]:
    requests = [turn for turn in turns if not turn.is_preflight]
    for turn in requests[:-1]:
        if isinstance(turn.outcome, Reply):
            yield Note(
                Topic.REDIRECT, f"Redirected ({turn.outcome.status}). {redirect_hint(turn.outcome, turn.sending.url)}"
            )
    if readable and any(turn.message.hop.origin_is_tainted for turn in requests):
        yield Note(Topic.REDIRECT, LOST_ORIGIN, is_warning=True)


def _about_the_answer(question: Question, verdict: Verdict, turns: tuple[Turn, ...]) -> Iterator[Note]:
    last = turns[-1] if turns else None
    if last is None or not isinstance(last.outcome, Reply):
        return
    reply = last.outcome
    if reply.malformed is not None:
        sentence = f"The answer is not well-formed HTTP ({reply.malformed}); it is judged as browsers read it."
        yield Note(Topic.MALFORMED, sentence, is_warning=True)
    if verdict.rule is Rule.OPAQUE:
        sentence = (
            "`mode: 'no-cors'` does not switch CORS off. The request is sent, and the script gets an opaque answer: "
            "status 0, no headers, no body."
        )
        yield Note(Topic.NO_CORS, sentence)
    is_sent = not last.is_preflight and verdict.failure is not None and verdict.failure.stage is Stage.ACTUAL
    if is_sent and last.message.method not in (b"GET", b"HEAD"):
        acted = "acted" if reply.status < 400 else "may have acted"
        sentence = (
            f"The server got the {text(last.message.method)} and {acted} on it: CORS hides the answer, not the request."
        )
        yield Note(Topic.SENT, sentence, is_warning=True)
    if verdict.readable and reply.status >= 400:
        yield Note(Topic.ERROR_STATUS, f"The script can read this {reply.status}: it is no CORS error.")
    if question.request.is_credentialed:
        yield from _about_cookies(reply)
    if verdict.readable and last.message.hop.tainting is Tainting.CORS:
        yield from _about_exposing(question, verdict, reply)


def _about_cookies(reply: Reply) -> Iterator[Note]:
    cookies = values(reply.headers, b"set-cookie")
    bad = [text(cookie.partition(b"=")[0]) for cookie in cookies if not _crosses_sites(cookie)]
    if bad:
        sentence = (
            f"The cookie {', '.join(bad)} lacks `SameSite=None; Secure`: a page of another site neither gets it stored "
            "nor sent. That is no matter of CORS."
        )
        yield Note(Topic.COOKIES, sentence, is_warning=True)
    else:
        sentence = (
            "CORS allows cookies, it does not send them: a page of another site needs `SameSite=None; Secure`, and a "
            "browser that lets third-party cookies through."
        )
        yield Note(Topic.COOKIES, sentence)


def _crosses_sites(cookie: bytes) -> bool:
    attributes = {part.strip().lower().replace(b" ", b"") for part in cookie.split(b";")[1:]}
    return b"samesite=none" in attributes and b"secure" in attributes


def _about_exposing(question: Question, verdict: Verdict, reply: Reply) -> Iterator[Note]:
    lines = values(reply.headers, b"access-control-expose-headers")
    if list_of_tokens(lines) is None:
        sentence = "Access-Control-Expose-Headers is not a list of names, so it exposes nothing."
        yield Note(Topic.EXPOSE_UNPARSABLE, sentence, is_warning=True)
    useful = tuple(name for name in verdict.hidden if name in _OFTEN_READ and name not in question.read)
    if useful:
        send = ((b"Access-Control-Expose-Headers", b", ".join(useful)),)
        yield Note(Topic.HIDDEN, f"A script cannot read {names(useful)}: it gets null. If it should:", send)


#: What scripts are often surprised not to see.
_OFTEN_READ = frozenset(
    b"accept-ranges content-disposition content-encoding content-range etag link location retry-after "
    b"www-authenticate x-request-id x-total-count".split()
)
