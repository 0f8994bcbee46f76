"""What a browser would make of a server, as assertions: a script may read this answer, or it may not, and why.

The server is really asked: each message that a browser would send is sent, once, and nothing else. What is judged is
judged by `corserver.cors.browser`. A failure says which step of the fetch, which rule, what was observed and what is
expected, and the header line that mends it.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import Any

import trio

from corserver.cors.browser import STANDARD, Browser, Credentials, Rule, Url
from corserver.cors.browser.construct import is_valid_header
from corserver.cors.fetch import Field
from corserver.tools.check.assembly import assemble
from corserver.tools.check.exchanges import Reply
from corserver.tools.check.fetching import Fetched, Known, fetch
from corserver.tools.check.question import Question, Unaskable, asked_method, asked_name, asked_origin, asked_url
from corserver.tools.check.report import Mend, Outcome, Report, Step
from corserver.tools.check.rows import Mark
from corserver.tools.check.sending import Sender

#: Header lines that a script sets: a mapping, or pairs where a name comes twice.
HeaderLines = Mapping[str, str] | Iterable[tuple[str, str]]


def assert_readable(
    url: str,
    *,
    origin: str,
    method: str = "GET",
    headers: HeaderLines = (),
    body: bytes | None = None,
    credentials: bool = False,
    read: Iterable[str] = (),
    browser: Browser = STANDARD,
    timeout: float = 10.0,
) -> Report:
    """Assert that a script of a page on *origin* may send this request and read the answer, whatever its status.

    *credentials* is `credentials: "include"` of `fetch()`. *read* are response headers that the script must see, too.
    Returns the report: `status`, `readable`, `steps`, …. Raises AssertionError with an explanation, ValueError for what
    cannot be asked.

    >>> from corserver import App, Policy
    >>> from corserver.testing import assert_readable, running
    >>> with running(App(), cors=Policy(["https://site.example"])) as server:
    ...     report = assert_readable(server.url, origin="https://site.example")
    >>> report.status
    404
    """
    question = _question(url, origin, method, headers, body, credentials, read, browser)
    report = _ask(question, timeout)
    if not report.is_allowed:
        raise AssertionError(explain(report, "a script should be able to read it, and cannot"))
    return report


def assert_blocked(
    url: str,
    *,
    origin: str,
    method: str = "GET",
    headers: HeaderLines = (),
    body: bytes | None = None,
    credentials: bool = False,
    read: Iterable[str] = (),
    rule: Rule | None = None,
    browser: Browser = STANDARD,
    timeout: float = 10.0,
) -> Report:
    """Assert that a browser keeps this request, its answer, or one of the headers in *read* from such a script.

    *rule* is the rule that must be the reason: what is blocked by another is blocked by accident. A server that does
    not answer blocks nothing, and fails. The rest is as in `assert_readable`.

    >>> from corserver import App, Policy
    >>> from corserver.testing import assert_blocked, running
    >>> with running(App(), cors=Policy(["https://site.example"])) as server:
    ...     report = assert_blocked(server.url, origin="https://other.example")
    >>> report.rule.name
    'ACAO_MISSING'
    """
    question = _question(url, origin, method, headers, body, credentials, read, browser)
    report = _ask(question, timeout)
    if report.outcome is not Outcome.BLOCKED:
        what = "it cannot be reached" if report.outcome is Outcome.UNREACHABLE else "a script can"
        raise AssertionError(explain(report, f"no script should be able to read it, and {what}"))
    if rule is not None and report.rule is not rule:
        found = "a header that is not exposed" if report.rule is None else report.rule.name
        raise AssertionError(explain(report, f"it should be blocked by {rule.name}, and is by {found}"))
    return report


def explain(report: Report, finding: str) -> str:
    """*finding*, and why: for an assertion's message."""
    return "\n".join([f"{finding}: {report.asked}", *_labelled(_why(report))])


def _why(report: Report) -> Iterator[tuple[str, str]]:
    yield "verdict", f"{report.headline}: {report.reason}"
    if report.rule is not None and report.rule is not Rule.NETWORK_ERROR:
        yield "rule", f"{report.rule.name}, {report.rule.url}"
    for number, step in enumerate(report.steps, 1):
        yield from _step(number, step)
    if report.cause and report.outcome is not Outcome.UNREACHABLE:
        yield "cause", report.cause
    for found in report.mends:
        yield from _mend(found)
    yield from report.console


def _step(number: int, step: Step) -> Iterator[tuple[str, str]]:
    kind = "preflight" if step.is_preflight else "request"
    status = step.outcome.status_text if isinstance(step.outcome, Reply) else str(step.outcome)
    yield f"step {number}", f"{kind} {step.sending.line} -> {status}"
    for row in step.rows:
        if row.mark is Mark.BROKEN:
            yield "observed", f"{row.label}: {'(absent)' if row.observed is None else row.observed or '(empty)'}"
            yield "expected", f"{row.label}: {row.expected}"


def _mend(found: Mend) -> Iterator[tuple[str, str]]:
    yield "mend", f"in {found.where.removeprefix('in ')}:"
    if found.status:
        yield "", f"  {found.status}"
    for name, value in found.send:
        yield "", f"  {name.decode('latin-1')}: {value.decode('latin-1')}"
    yield from (("", f"  drop {line}") for line in found.drop)
    yield from (("", f"  {sentence}") for sentence in found.advice)


def _labelled(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f"  {label:<9} {text}" for label, text in rows)


def _ask(question: Question, timeout: float) -> Report:
    """Ask in a thread of its own: the caller may be in a trio, or in asyncio."""
    done: Future[Fetched] = Future()

    def ask() -> None:
        try:
            done.set_result(trio.run(Sender(timeout).drive, fetch(question, question.browser, Known())))
        except BaseException as error:
            done.set_exception(error)

    Thread(target=ask, name="corserver-asking", daemon=True).start()
    return assemble(question, done.result())


def _question(
    url: str,
    origin: str,
    method: str,
    headers: HeaderLines,
    body: bytes | None,
    credentials: bool,
    read: Iterable[str],
    browser: Browser,
) -> Question:
    if isinstance(read, str):
        raise ValueError(f"read is a list of header names: write read=[{read!r}]")
    lines: Iterable[Any] = headers.items() if isinstance(headers, Mapping) else headers
    return Question(
        url=_url(url),
        origin=_origin(origin),
        method=_method(method),
        headers=tuple(_field(line) for line in lines),
        body=body,
        credentials=Credentials.INCLUDE if credentials else Credentials.SAME_ORIGIN,
        browser=browser,
        read=tuple(map(_name, read)),
    )


def _url(text: str) -> Url:
    try:
        return asked_url(text)
    except Unaskable as error:
        words = f"url {text!r} is no URL that takes part in CORS: write 'http://HOST:PORT/PATH'"
        raise ValueError(words) from error


def _origin(text: str) -> bytes:
    try:
        return asked_origin(text)
    except Unaskable as error:
        write = f": write {error.write!r}" if error.write else ""
        raise ValueError(f"origin {text!r} {error.why}{write}") from error


def _method(text: str) -> bytes:
    try:
        return asked_method(text)
    except Unaskable as error:
        raise ValueError(f"method {text!r} {error.why}: write one word, such as 'PUT'") from error


def _name(text: str) -> bytes:
    try:
        return asked_name(text).lower()
    except Unaskable as error:
        raise ValueError(f"read: {text!r} {error.why}: write a name, such as 'etag'") from error


def _field(line: object) -> Field:
    match line:
        case (str(name), str(value)) if is_valid_header(name.encode("utf-8"), value.encode("utf-8")):
            return name.encode("utf-8"), value.encode("utf-8")
    raise ValueError(f"headers: {line!r} is no header: write {{'content-type': 'application/json'}}")
