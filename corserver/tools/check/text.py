"""The report as text: the verdict first, then the story, then the mend. Coloured and wrapped as it is told to be.

Prose is wrapped to *width* columns, or not at all. What is to be pasted (header lines, configurations, commands) never
is. Looks are ANSI; whoever prints it takes them out where they are not wanted.
"""

from collections.abc import Iterable, Iterator
from textwrap import wrap

from corserver.cors.browser import Rule
from corserver.cors.fetch import Field
from corserver.tools.check.curl import commands
from corserver.tools.check.exchanges import Reply
from corserver.tools.check.report import Mend, Note, Outcome, Report, Spoken, Step
from corserver.tools.check.rows import Mark, Row
from corserver.tools.check.snippets import SERVERS
from corserver.tools.looks import Look, styled
from corserver.tools.words import names, plain, text

#: The response headers that have to do with the verdict or its cause; the others are named only.
_SHOWN = frozenset(b"vary location allow www-authenticate server x-powered-by set-cookie cache-control".split())
_MAX_BODY = 200
#: Under so many columns what is a table stands line below line.
_NARROW = 76
#: A column of prose is no narrower.
_NARROW_COLUMN = 16


def render(report: Report, *, width: int | None = None, insecure: bool = False) -> str:
    """*report* as text, for a terminal of *width* columns; None: one line a sentence."""
    return "\n".join(_Page(width).report(report, insecure=insecure))


class _Page:
    """Lines of one width."""

    def __init__(self, width: int | None) -> None:
        self.width = width
        #: tables do not fit
        self.is_narrow = width is not None and width < _NARROW

    def report(self, report: Report, *, insecure: bool) -> Iterator[str]:
        yield from self._headline(report)
        for number, step in enumerate(report.steps, 1):
            yield ""
            yield from self._step(number, step)
        yield from self._section("The script can read", self._readable(report))
        yield from self._section("The browser remembers the preflight for", self._lifetimes(report))
        yield from self._section("Mend", self._mends(report))
        yield from self._section("Notes", self._notes(report.notes))
        yield from self._section("Other browsers", self._others(report))
        yield from self._section("Asked as other origins", self._probes(report))
        yield from self._section("In the browser's console", self._console(report))
        yield from self._section("Reproduce", self._commands(report, insecure))

    def _headline(self, report: Report) -> Iterator[str]:
        head = styled(report.headline, Look.GOOD if report.is_allowed else Look.BAD)
        first, *more = self._wrapped(f"{report.headline}: {report.reason}", "  ")
        yield head + first[len(report.headline) :]
        yield from more
        yield from self._faint(report.asked, "  ")
        rule = report.rule
        if rule is not None and rule is not Rule.NETWORK_ERROR:
            yield from self._faint(f"{rule.name}, {rule.url}", "  ")
        if report.cause and report.outcome is not Outcome.UNREACHABLE:
            yield ""
            yield from self._wrapped(report.cause)

    def _step(self, number: int, step: Step) -> Iterator[str]:
        kind = "Preflight" if step.is_preflight else "Request"
        yield _bold(f"{number}. {kind}: {step.sending.line}")
        for reason in step.because:
            yield from self._wrapped(f"needed because {reason}", "     ", "   ")
        if step.spoken is not None:
            yield from self._spoken(step.spoken)
        yield from (_dim(f"   > {line}") for line in _sent(step))
        if isinstance(step.outcome, Reply):
            yield from self._received(step.outcome)
            yield from self._rows(step.rows)
        else:
            yield from map(_bold, self._wrapped(str(step.outcome), "   ", "   "))
        if step.then:
            yield from self._wrapped(step.then, "   ", "   ")

    def _spoken(self, spoken: Spoken) -> Iterator[str]:
        yield from self._wrapped(f"{spoken.verdict}: {spoken.sentence}", "     ", "   ")
        if spoken.hint:
            yield from self._wrapped(spoken.hint, "     ", "     ")
        yield from self._faint(f"{spoken.reason}, {spoken.source}", "     ", "     ")

    def _received(self, reply: Reply) -> Iterator[str]:
        yield f"   < HTTP/{text(reply.version)} {plain(reply.status_text)}"
        shown: list[Field] = []
        others: list[Field] = []
        for name, value in reply.headers:
            lower = name.lower()
            (shown if lower.startswith(b"access-control-") or lower in _SHOWN else others).append((name, value))
        yield from (f"   < {line}" for line in _lines(shown))
        if others:
            more = f"({len(others)} more: {names([name for name, _ in others])})"
            yield from self._faint(more, "     ", "   < ")
        if reply.status >= 400 and reply.body:
            yield from self._faint(text(b" ".join(reply.body.split()), _MAX_BODY), "     ", "   < ")

    def _rows(self, rows: tuple[Row, ...]) -> Iterator[str]:
        column = 0 if self.is_narrow else max((len(row.label) for row in rows), default=0)
        indent = " " * (9 if self.is_narrow else 11 + column)
        for row in rows:
            is_broken, word = row.mark is Mark.BROKEN, row.mark.value
            mark = styled(word, Look.BAD if is_broken else None) + " " * (4 - len(word))
            first, *more = self._wrapped(
                "(absent)" if row.observed is None else row.observed or "(empty)", indent, indent
            )
            label = f"{row.label}\n{indent}" if self.is_narrow else f"{row.label:<{column}}  "
            look = Look.FAINT if row.mark is Mark.UNNEEDED else None
            yield f"   {mark}  {styled(label + first[len(indent) :], look)}"
            yield from (styled(line, look) for line in more)
            if is_broken:
                yield from self._wrapped(f"must be {row.expected}", indent, indent)

    def _readable(self, report: Report) -> Iterator[str]:
        if not report.steps or report.outcome is Outcome.UNREACHABLE:
            return
        if not report.readable and report.rule is not None:
            sentence = "nothing: fetch() rejects with a TypeError that does not say why"
            yield from self._wrapped(sentence, "  ", "  ")
            return
        yield from self._labelled(
            "yes", f"status {report.status}, the body, and {names(report.readable) or 'no header'}"
        )
        if report.hidden:
            yield from self._labelled("no", names(report.hidden))

    def _lifetimes(self, report: Report) -> Iterator[str]:
        if report.lifetimes:
            sentence = ", ".join(f"{seconds} s in {name}" for name, seconds in report.lifetimes)
            yield from self._wrapped(sentence, "  ", "  ")

    def _mends(self, report: Report) -> Iterator[str]:
        for mend in report.mends:
            yield from self._mend(mend)
        for snippet in report.snippets:
            seen = f", as the server says of itself ({snippet.seen})" if snippet.seen else ""
            yield from self._wrapped(f"With {snippet.title}{seen}:", "    ", "  ")
            yield from (f"      {line}" for line in snippet.code.splitlines())
        if any(mend.send or mend.status for mend in report.mends) and not (report.question.fixes or report.is_offline):
            shown = {snippet.name for snippet in report.snippets}
            others = [name for name in SERVERS if name not in shown]
            yield from self._wrapped(
                f"As a configuration: add --fix {others[0]} (or {', '.join(others[1:])}) to this command.", "    ", "  "
            )

    def _mend(self, mend: Mend) -> Iterator[str]:
        if mend.status or mend.send or mend.drop:
            yield from self._wrapped(f"In {mend.where}:", "    ", "  ")
        if mend.status:
            yield f"      {_bold(mend.status)}"
        yield from (f"      {_bold(line)}" for line in _lines(mend.send))
        for line in mend.drop:
            yield f"      {styled(line, Look.STRUCK)}  (drop this line)"
        for sentence in mend.advice:
            yield from self._wrapped(sentence, "  ", "  ")

    def _notes(self, notes: tuple[Note, ...]) -> Iterator[str]:
        for note in notes:
            bullet = "  ! " if note.is_warning else "  - "
            first, *more = self._wrapped(note.sentence, "    ", bullet)
            yield f"  {_bold('!')} {first[4:]}" if note.is_warning else first
            yield from more
            yield from (f"      {_bold(line)}" for line in _lines(note.send))

    def _others(self, report: Report) -> Iterator[str]:
        for other in report.others:
            yield from self._labelled(other.browser, other.sentence, 18)

    def _probes(self, report: Report) -> Iterator[str]:
        origins = ["" if probe.origin is None else text(probe.origin) for probe in report.probes]
        column = max(map(len, origins), default=0)
        is_narrow = self.width is not None and 22 + column + _NARROW_COLUMN > self.width
        for probe, origin in zip(report.probes, origins, strict=True):
            mark = styled("FAIL", Look.BAD) if probe.is_danger else "ok  "
            if is_narrow:
                yield f"  {mark}  {probe.name}: {origin}"
                yield from self._wrapped(probe.sentence, " " * 8, " " * 8)
            else:
                indent = " " * (22 + column)
                first, *more = self._wrapped(probe.sentence, indent, indent)
                yield f"  {mark}  {probe.name:<10}  {origin:<{column}}  {first[len(indent) :]}"
                yield from more

    def _console(self, report: Report) -> Iterator[str]:
        for browser, line in report.console:
            yield from self._labelled(browser, line, 8)

    def _commands(self, report: Report, insecure: bool) -> Iterator[str]:
        if report.is_offline:
            return
        yield from (f"  {command}" for command in commands(report, insecure=insecure))

    def _section(self, title: str, lines: Iterable[str]) -> Iterator[str]:
        found = list(lines)
        if found:
            yield ""
            yield _bold(title)
            yield from found

    def _labelled(self, label: str, sentence: str, column: int = 3) -> Iterator[str]:
        indent = " " * (column + 4)
        first, *more = self._wrapped(sentence, indent, f"  {label:<{column}}  ")
        return iter([first, *more])

    def _faint(self, sentence: str, indent: str = "", first: str = "") -> Iterator[str]:
        return (_dim(line) for line in self._wrapped(sentence, indent, first))

    def _wrapped(self, sentence: str, indent: str = "", first: str = "") -> list[str]:
        sentence = plain(sentence)
        if self.width is None:
            return [first + sentence]
        return wrap(
            sentence,
            self.width,
            initial_indent=first,
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=False,
        )


def _sent(step: Step) -> Iterator[str]:
    yield f"{step.sending.line} HTTP/1.1"
    yield from _lines(step.sending.headers)


def _lines(fields: Iterable[Field]) -> Iterator[str]:
    return (f"{text(name)}: {text(value)}" for name, value in fields)


def _dim(line: str) -> str:
    return styled(line, Look.FAINT)


def _bold(line: str) -> str:
    return styled(line, Look.STRONG)
