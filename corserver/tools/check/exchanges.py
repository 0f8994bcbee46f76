"""What goes over the wire and what comes back, as values: nothing here sends anything."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, unique
from typing import Final

from corserver.cors.browser import Answer, Browser, Credentials, Message, Tainting, Url
from corserver.cors.browser.headers import get
from corserver.cors.fetch import Field

#: RFC 9110 §15.2.2: the one 1xx after which no other response comes.
SWITCHING_PROTOCOLS: Final = 101


@dataclass(frozen=True, slots=True)
class Sending:
    """One HTTP request: what a browser adds for CORS is in *headers*, what the transport needs is not."""

    method: bytes
    url: Url
    headers: tuple[Field, ...]
    body: bytes | None = None

    @classmethod
    def of(cls, message: Message, body: bytes | None = None, cookie: bytes | None = None) -> "Sending":
        """The request that *message* of the browser's is; *body* and *cookie* go with it where a browser's would."""
        request = message.hop.request
        is_itself = message.preflight is None  # a preflight carries neither
        lines = message.headers
        if is_itself and cookie is not None and _carries_cookies(message):
            lines = (*lines, (b"Cookie", cookie))
        url = replace(request.url, userinfo="")
        return cls(message.method, url, lines, body if is_itself and request.has_body else None)

    @property
    def is_safe(self) -> bool:
        """RFC 9110 §9.2.1: it asks for nothing but an answer, so it may be repeated."""
        return self.method in (b"GET", b"HEAD", b"OPTIONS")

    @property
    def line(self) -> str:
        """Method and target, for people."""
        return f"{self.method.decode('latin-1')} {self.url.path}"

    def with_origin(self, origin: bytes | None) -> "Sending":
        """The same request from another origin, or from none."""
        kept = tuple(field for field in self.headers if field[0].lower() != b"origin")
        return replace(self, headers=kept if origin is None else (*kept, (b"Origin", origin)))


def _carries_cookies(message: Message) -> bool:
    """Fetch "HTTP-network-or-cache fetch", includeCredentials; cookies belong to the host that they were given for."""
    hop = message.hop
    if hop.request.url.host != hop.first_url.host:
        return False
    is_home = hop.tainting is Tainting.BASIC and hop.request.credentials is Credentials.SAME_ORIGIN
    return hop.request.is_credentialed or is_home


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response as it came: header lines with their case, order and repetitions; only the beginning of the body."""

    status: int
    reason: bytes = b""
    headers: tuple[Field, ...] = ()
    body: bytes = b""
    #: there was more of the body than was read
    is_cut: bool = False
    version: bytes = b"1.1"
    #: the peer's IP address
    address: str | None = None
    #: what is wrong with it as HTTP, where browsers read it all the same
    malformed: str | None = None
    #: after a 101 that nobody has asked for: the response that followed, if one did
    following: "Reply | None" = None

    @property
    def answer(self) -> Answer:
        """As the browser judges it."""
        return Answer(self.status, self.headers)

    def read_by(self, browser: Browser) -> "Reply | Trouble":
        """The response as *browser* reads it; without a browser's own way it is read as it came."""
        if self.status == SWITCHING_PROTOCOLS and browser.passes_over_101:
            return Trouble(TroubleKind.CLOSED) if self.following is None else self.following.read_by(browser)
        if self.status > 999 and not browser.reads_long_statuses:
            return Trouble(TroubleKind.NOT_HTTP, f"its status is {self.status}")
        if not browser.mends_header_lines:
            return self
        return replace(self, headers=tuple(field for line in self.headers for field in _mended(*line)))

    def get(self, name: bytes) -> bytes | None:
        """The joined values of the lines called *name* (lower-case), None if there is no such line."""
        return get(self.headers, name)

    @property
    def status_text(self) -> str:
        """Status and reason, for people."""
        return f"{self.status} {self.reason.decode('latin-1')}".strip()


def _mended(name: bytes, value: bytes) -> Iterator[Field]:
    first, *more = value.split(b"\r")
    yield name.rstrip(b"\t "), first.rstrip(b"\t ")
    for line in more:
        name, colon, value = line.partition(b":")
        if colon:
            yield name.rstrip(b"\t "), value.strip(b"\t ")


@unique
class TroubleKind(Enum):
    """Why no response came; the value is the sentence."""

    NO_SUCH_HOST = "no such host"
    REFUSED = "nothing listens there"
    UNREACHABLE = "no connection"
    TIMEOUT = "no answer in time"
    CERTIFICATE = "the certificate is not trusted"
    TLS = "no TLS connection"
    CLOSED = "the connection was closed before a response came"
    NOT_HTTP = "what came back is not HTTP"
    UNSENDABLE = "this program cannot send it"


@dataclass(frozen=True, slots=True)
class Trouble:
    """No response came."""

    kind: TroubleKind
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value} ({self.detail})" if self.detail else self.kind.value
