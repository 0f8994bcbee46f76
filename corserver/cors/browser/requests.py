"""The values: what is asked for, the hop a fetch is at, the answers it gets and the verdict that comes of them.

All are values. A `Request` is what a page asks for. A `Hop` is that request as it is about to be sent, to one URL,
after some redirects; a new hop is made for each. An `Answer` is what a server said. A `Failure` says which rule was
not kept, by what value; a `Verdict` is the end: readable, with these headers, or not, with that failure.
"""

from dataclasses import dataclass
from enum import Enum

from ..fetch import Field
from .rules import Rule, Stage
from .urls import Url


class Mode(Enum):
    """Fetch request "mode", those that a script can ask for.

    >>> from corserver.cors.browser import Mode
    >>> Mode("no-cors")
    <Mode.NO_CORS: 'no-cors'>
    """

    CORS = "cors"
    NO_CORS = "no-cors"
    SAME_ORIGIN = "same-origin"


class Credentials(Enum):
    """Fetch request "credentials mode". An XMLHttpRequest's withCredentials is INCLUDE.

    >>> from corserver.cors.browser import Credentials
    >>> Credentials("include")
    <Credentials.INCLUDE: 'include'>
    """

    OMIT = "omit"
    SAME_ORIGIN = "same-origin"
    INCLUDE = "include"


class RedirectMode(Enum):
    """Fetch request "redirect mode".

    >>> from corserver.cors.browser import RedirectMode
    >>> RedirectMode("manual")
    <RedirectMode.MANUAL: 'manual'>
    """

    FOLLOW = "follow"
    ERROR = "error"
    MANUAL = "manual"


class Initiator(Enum):
    """The API or the element that asks; the value is Chrome's word for it.

    >>> from corserver.cors.browser import Initiator
    >>> Initiator.XHR.value
    'XMLHttpRequest'
    """

    FETCH = "fetch"
    XHR = "XMLHttpRequest"
    EVENT_SOURCE = "resource"
    IMAGE = "image"
    AUDIO = "audio"
    SCRIPT = "script"
    STYLE = "CSS stylesheet"
    FONT = "font"


class EmbedderPolicy(Enum):
    """The page's Cross-Origin-Embedder-Policy.

    >>> from corserver.cors.browser import EmbedderPolicy
    >>> EmbedderPolicy("require-corp")
    <EmbedderPolicy.REQUIRE_CORP: 'require-corp'>
    """

    UNSAFE_NONE = "unsafe-none"
    REQUIRE_CORP = "require-corp"
    CREDENTIALLESS = "credentialless"


class Tainting(Enum):
    """Fetch request "response tainting": how much of the response the script will get.

    >>> from corserver.cors.browser import Tainting
    >>> [tainting.name for tainting in Tainting]
    ['BASIC', 'CORS', 'OPAQUE']
    """

    BASIC = "basic"
    CORS = "cors"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Fetch "request", as far as it decides who may read the answer.

    >>> from corserver.cors.browser import Credentials, Request, parse_url
    >>> url = parse_url("https://api.example/items")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"POST", credentials=Credentials.INCLUDE)
    >>> request.url.host, request.method
    ('api.example', b'POST')
    """

    url: Url
    #: the page's serialised origin; `null` for an opaque one (sandboxed frame, data: URL)
    origin: bytes
    method: bytes = b"GET"
    #: what the script set; not what the browser adds
    headers: tuple[Field, ...] = ()
    has_body: bool = False
    credentials: Credentials = Credentials.SAME_ORIGIN
    mode: Mode = Mode.CORS
    redirect: RedirectMode = RedirectMode.FOLLOW
    initiator: Initiator = Initiator.FETCH
    #: Fetch "use-CORS-preflight flag": an upload listener was registered before send()
    upload_listener: bool = False
    embedder_policy: EmbedderPolicy = EmbedderPolicy.UNSAFE_NONE

    @property
    def is_credentialed(self) -> bool:
        """Whether cookies and other credentials go along."""
        return self.credentials is Credentials.INCLUDE


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A request as it is about to be sent to `request.url`.

    >>> from corserver.cors.browser import Request, begin, parse_url
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> hop = begin(request)
    >>> hop.origin, hop.tainting.name, hop.redirects
    (b'https://site.example', 'CORS', 0)
    """

    request: Request
    tainting: Tainting
    #: where the fetch began; differs from `request.url` after a redirect
    first_url: Url
    #: Fetch "redirect-taint": a cross-origin hop was redirected cross-origin, so the origin is serialised as `null`
    origin_is_tainted: bool = False
    redirects: int = 0
    #: a preflight is due whatever the request looks like (Browser.preflight_is_sticky)
    owes_preflight: bool = False

    @property
    def origin(self) -> bytes:
        """Fetch "serializing a request origin": what Access-Control-Allow-Origin must be equal to."""
        return b"null" if self.origin_is_tainted else self.request.origin


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its status and its header lines, as received.

    >>> from corserver.cors.browser import Answer
    >>> Answer(204, ((b"Access-Control-Allow-Origin", b"*"),)).status
    204
    """

    status: int
    headers: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A rule that was not kept, with what the console needs to say so.

    >>> from corserver.cors.browser import Answer, Request, parse_url, simulate
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> failure = simulate(request, lambda message: Answer(200)).failure
    >>> failure.rule.name, failure.stage.name, failure.first_url.host
    ('ACAO_MISSING', 'ACTUAL', 'api.example')
    """

    rule: Rule
    stage: Stage
    request: Request
    first_url: Url
    #: the offending value, as received
    value: bytes = b""
    #: every offending name, in the order of Access-Control-Request-Headers
    names: tuple[bytes, ...] = ()
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a fetch: *readable*, with *headers*; or not, because of *failure*.

    >>> from corserver.cors.browser import Answer, Request, parse_url, simulate
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> allowing = ((b"Access-Control-Allow-Origin", b"*"), (b"ETag", b"7"), (b"Content-Type", b"text/plain"))
    >>> verdict = simulate(request, lambda message: Answer(200, allowing))
    >>> verdict.readable, verdict.status, verdict.headers, verdict.hidden
    (True, 200, (b'content-type',), (b'access-control-allow-origin', b'etag'))
    """

    readable: bool
    failure: Failure | None = None
    status: int | None = None
    #: lower-case names that a script can read, sorted
    headers: tuple[bytes, ...] = ()
    #: lower-case names that arrived and a script cannot read, sorted
    hidden: tuple[bytes, ...] = ()

    @property
    def rule(self) -> Rule | None:
        """The rule that was not kept."""
        return None if self.failure is None else self.failure.rule


def failed(hop: Hop, rule: Rule, stage: Stage, *, value: bytes = b"", status: int | None = None) -> Failure:
    """A failure at *hop*."""
    return Failure(rule=rule, stage=stage, request=hop.request, first_url=hop.first_url, value=value, status=status)


def unreadable(failure: Failure) -> Verdict:
    """The verdict that *failure* amounts to."""
    return Verdict(readable=False, failure=failure)
