"""The report: all that `check` and `explain` found out, as one value. `text` and `as_json` render it."""

from dataclasses import dataclass
from enum import Enum, unique

from corserver.cors.browser import Credentials, Failure, Rule
from corserver.cors.fetch import Field
from corserver.tools.check.exchanges import Reply, Sending, Trouble
from corserver.tools.check.question import Question
from corserver.tools.check.rows import Row
from corserver.tools.words import names


@unique
class Outcome(Enum):
    """What the script gets."""

    ALLOWED = "ALLOWED"
    BLOCKED = "BLOCKED"
    UNREACHABLE = "UNREACHABLE"


@unique
class Place(Enum):
    """Where a fetch ended that was blocked."""

    BEFORE = "before the request"
    PREFLIGHT = "at the preflight"
    REDIRECT = "at a redirect"
    RESPONSE = "at the response"
    READING = "at reading"


@dataclass(frozen=True, slots=True)
class Spoken:
    """What corserver itself decided, where it is the server (`explain`)."""

    verdict: str
    reason: str
    sentence: str
    fix: str
    source: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One message of the browser's: why, what was sent, what came, how it fared, what follows."""

    is_preflight: bool
    because: tuple[str, ...]
    sending: Sending
    outcome: Reply | Trouble
    rows: tuple[Row, ...]
    then: str
    spoken: Spoken | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """What to change, and where: header lines to send, lines to drop, and what else there is to do."""

    where: str
    status: str = ""
    send: tuple[Field, ...] = ()
    drop: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snippet:
    """The mend as a configuration of one server."""

    name: str
    title: str
    code: str
    #: why it is shown: what the server says of itself
    seen: str = ""


@unique
class Topic(Enum):
    """What a note is about. None of them changes the verdict."""

    SAME_ORIGIN = "same origin"
    MISSING_VARY = "Vary"
    ANY_ORIGIN = "any origin"
    ERROR_STATUS = "error status"
    CACHE = "preflight cache"
    REQUEST_HEADER = "request header"
    DROPPED_HEADER = "dropped header"
    COOKIES = "cookies"
    HIDDEN = "hidden headers"
    EXPOSE_UNPARSABLE = "exposed headers"
    REDIRECT = "redirect"
    SENT = "sent all the same"
    MIXED_CONTENT = "mixed content"
    LOCAL_NETWORK = "local network"
    NO_CORS = "no-cors"
    MALFORMED = "malformed HTTP"
    UNRECORDED = "Safari"


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know beside the verdict; *send* is a header line that mends it."""

    topic: Topic
    sentence: str
    send: tuple[Field, ...] = ()
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """A browser that would do otherwise than the one that decided."""

    browser: str
    sentence: str
    is_allowed: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """What the server says to another origin (`--security`)."""

    name: str
    origin: bytes | None
    is_allowed: bool
    credentials: bool
    is_danger: bool
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was asked, what happened, why, and what mends it."""

    question: Question
    outcome: Outcome
    place: Place | None = None
    failure: Failure | None = None
    status: int | None = None
    #: the reason in one sentence
    reason: str = ""
    #: what is behind it, where that is not CORS or not plain from the rule
    cause: str = ""
    steps: tuple[Step, ...] = ()
    readable: tuple[bytes, ...] = ()
    hidden: tuple[bytes, ...] = ()
    #: browser -> seconds that the preflight is remembered
    lifetimes: tuple[tuple[str, int], ...] = ()
    others: tuple[Comparison, ...] = ()
    mends: tuple[Mend, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    #: browser -> line
    console: tuple[tuple[str, str], ...] = ()
    #: DevTools' code of the failure
    chrome_code: str | None = None
    notes: tuple[Note, ...] = ()
    probes: tuple[Probe, ...] = ()

    @property
    def rule(self) -> Rule | None:
        return None if self.failure is None else self.failure.rule

    @property
    def is_allowed(self) -> bool:
        return self.outcome is Outcome.ALLOWED

    @property
    def is_offline(self) -> bool:
        """No server was asked: a policy answered (`explain`)."""
        return any(step.spoken is not None for step in self.steps)

    @property
    def headline(self) -> str:
        """`ALLOWED`, `BLOCKED at the preflight`, …"""
        return self.outcome.value if self.place is None else f"{self.outcome.value} {self.place.value}"

    @property
    def asked(self) -> str:
        """The question in one line."""
        question = self.question
        parts = [f"{question.method.decode('latin-1')} {question.url} from {question.origin.decode('latin-1')}"]
        if question.headers:
            parts.append(f"with {names([name for name, _ in question.headers])}")
        if question.credentials is Credentials.INCLUDE:
            parts.append("with credentials")
        return f"{', '.join(parts)}; {question.browser.name} decides"
