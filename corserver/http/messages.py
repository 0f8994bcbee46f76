"""The messages: what a handler is given and what it returns. Values, apart from the `Body`, which is read once."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import trio

from corserver.cors.fetch import Field
from corserver.cors.scopes import Path
from corserver.http.body import NO_BODY, Body, Peer
from corserver.http.body import BodyWithTrailers as BodyWithTrailers  # Apps may have one,
from corserver.http.body import PeerLeft as PeerLeft  # and raise this.
from corserver.http.forms import Form, FormError, FormLimits, Query, read_form
from corserver.http.header_lines import Headers, HeadersLike, header_fields
from corserver.http.json_text import from_json, to_json
from corserver.http.percent import unquoted, urlencoded_pair
from corserver.http.statuses import reason_phrase as reason_phrase  # Apps make pages of errors.

if TYPE_CHECKING:
    from trio.abc import Stream

_FORM_LIMITS: Final = FormLimits()
_MOST_FIELDS: Final = 1000

Address = tuple[str, int] | str | None
#: What takes over a connection's stream, with the bytes that were read already.
UpgradeHandler = Callable[["Stream", bytes], Awaitable[None]]


def _final(status: int) -> int:
    """*status*, which is no interim one (RFC 9110 §15). Raises ValueError for any other."""
    if not 200 <= status <= 599:
        raise ValueError(f"a response has a status from 200 to 599, not {status}")
    return int(status)


class HTTPError(Exception):
    """An answer that is an error: *status*, a sentence for people, and header lines. Raise it anywhere in a handler.

    >>> from corserver import HTTPError
    >>> response = HTTPError(404, "there is no such item").response()
    >>> response.status, response.body.split()[-1]
    (404, b'item')
    """

    def __init__(self, status: int, detail: str = "", headers: HeadersLike = ()) -> None:
        super().__init__(status, detail)
        self.status = _final(status)
        self.detail = detail
        self.headers = header_fields(headers)

    def response(self) -> "Response":
        """As plain text: the status, then the sentence."""
        text = f"{self.status} {reason_phrase(self.status)}\n"
        if self.detail:
            text += f"\n{self.detail}\n"
        return Response(text, self.status, self.headers)


_NO_PARAMETERS: Final[Mapping[str, Any]] = MappingProxyType({})
_ROOT: Final = Path(slash=False)
#: Makes a named tuple of a tuple, without a look at it. Sums of tuples take half the time of one with unpackings in it.
_make: Final = tuple.__new__


def _not_served(fn: Callable[..., Awaitable[Any]], *args: Any) -> None:
    raise RuntimeError("a task can be started by a request that a server received")


class _RequestFields(NamedTuple):
    # A named tuple, as `_ResponseFields`: a frozen dataclass takes five times as long to make.
    method: str
    target: str
    path: Path
    headers: Headers = Headers()
    scheme: str = "http"
    authority: str = ""
    http_version: str = "1.1"
    client: Address = None
    content: Body = NO_BODY
    #: Who asks, None where the request did not come over a connection.
    peer: Peer | None = None
    #: `request.start_soon(fn, *args)` runs an async function in a task that outlives the answer. When the server stops
    #: it is waited for, within the grace of `Limits`; what it raises goes to the log.
    start_soon: Callable[..., None] = _not_served
    mount: Path = _ROOT
    path_params: Mapping[str, Any] = _NO_PARAMETERS


class Request(_RequestFields):
    """A request. *target* is as received, percent-encoded; *path* is normalised, and below *mount* if there is one.

    >>> import urllib.request
    >>> from corserver import Request, Response
    >>> from corserver.testing import running
    >>> async def app(request: Request) -> Response:
    ...     return Response.json({"method": request.method, "path": str(request.path), "query": request.query["q"]})
    >>> with running(app) as server:
    ...     urllib.request.urlopen(f"{server.url}/items?q=1").read()
    b'{"method":"GET","path":"/items","query":"1"}'
    """

    __slots__ = ()

    async def body(self) -> bytes:
        """The whole body. Raises `HTTPError` 413, 408 or 400 as `Body.read`."""
        return await self.content.read()

    async def json(self) -> Any:
        """The body as JSON, in UTF-8. Raises `HTTPError` 400 where it is not (RFC 8259)."""
        body = await self.content.read()
        try:
            return from_json(body.decode("utf-8"))
        except ValueError as error:  # A number of thousands of digits is no JSONDecodeError.
            raise HTTPError(400, f"the request body is not JSON: {error}") from error

    async def form(self, limits: FormLimits = _FORM_LIMITS) -> Form:
        """The body as a form, urlencoded or multipart. Raises `HTTPError` 400, 413, 415 and as `body`."""
        if self.content.form is not None:
            return self.content.form
        try:
            form = await read_form(self.headers.get("content-type", ""), self.stream(), limits)
        except FormError as error:
            raise HTTPError(error.status, str(error)) from error
        if self.content is not NO_BODY:
            self.content.form = form
        return form

    @property
    def trailers(self) -> Headers:
        """The trailers of a chunked body, once it was read to its end."""
        return Headers(self.content.trailers)

    async def client_left(self) -> None:
        """Wait until the client has left; one that ended its side, as none does that waits for an answer, has.

        For a handler that works long, in a task beside it, once the body was read to its end. Raises RuntimeError in a
        task that outlives the answer: what arrives then is of another request.
        """
        if self.peer is None:
            await trio.sleep_forever()
        await self.peer.wait_left()

    async def inform(self, status: int, headers: HeadersLike = ()) -> None:
        """Send an interim answer before the answer, such as a 103 (RFC 9110 §15.2). HTTP/1.0 has none, and gets none.

        Raises ValueError for what is none, and for header lines that cannot be on the wire.
        """
        if not 100 <= status <= 199 or status == 101:
            raise ValueError(f"an interim answer has a status from 100 to 199, and not 101, not {status}")
        fields = header_fields(headers)
        if self.peer is not None and self.http_version != "1.0":
            await self.peer.inform(status, fields)

    def stream(self) -> AsyncIterator[bytes]:
        """The body's chunks as they arrive. Raises as `body`."""
        return aiter(self.content)

    @property
    def server(self) -> Address:
        """Our address and port on the connection, None where it has none."""
        return None if self.peer is None else self.peer.server

    def asks_for(self, protocol: str) -> bool:
        """Whether it asks to go on in *protocol*, and in no other (RFC 9110 §7.8)."""
        asked = [value for name, value in self.headers.fields if name == b"upgrade"]
        if len(asked) != 1 or asked[0].lower() != protocol.encode() or self.http_version == "1.0":
            return False
        return "upgrade" in (option.strip().lower() for option in self.headers.get("connection", "").split(","))

    @property
    def url(self) -> str:
        """The whole URL, as the client named it."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def query_string(self) -> str:
        """What follows the `?` of the target, undecoded."""
        return self.target.partition("?")[2]

    @property
    def query(self) -> Query:
        """The decoded query, blank values kept. Raises `HTTPError` 400 for more than 1000 fields."""
        fields = self.query_string.split("&")
        if len(fields) > _MOST_FIELDS:
            raise HTTPError(400, f"the query has more than {_MOST_FIELDS} fields")
        return Query(tuple(urlencoded_pair(field) for field in fields if field))

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies (RFC 6265 §4.2.1), percent-decoded; of two of one name the first."""
        cookies: dict[str, str] = {}
        for pair in ";".join(self.headers.get_all("cookie")).split(";"):  # A comma may be in a value.
            name, equals, value = pair.strip().partition("=")
            if equals:
                cookies.setdefault(name, unquoted(value.strip('"')))
        return cookies

    def received(self, client: Address, content: Body, peer: Peer, start_soon: Callable[..., None]) -> "Request":
        """This request as it came over a connection."""
        return _make(Request, self[:7] + (client, content, peer, start_soon, _ROOT, _NO_PARAMETERS))  # noqa: RUF005

    def routed(self, path_params: Mapping[str, Any]) -> "Request":
        """This request with the parameters of its route, beside those of its mounts."""
        if self.path_params:
            path_params = {**self.path_params, **path_params}
        return _make(Request, self[:12] + (path_params,))  # noqa: RUF005

    def below(self, depth: int, path_params: Mapping[str, Any]) -> "Request":
        """This request as an app sees it that is mounted at the first *depth* segments of the path."""
        mount = Path(self.mount.segments + self.path.segments[:depth], slash=False)
        below = self[:2] + (self.path.below(depth),) + self[3:11] + (mount,) + self[12:]  # noqa: RUF005
        return _make(Request, below).routed(path_params)


class _ResponseFields(NamedTuple):
    body: bytes | AsyncIterable[bytes]
    status: int
    headers: tuple[Field, ...]
    upgrade: UpgradeHandler | None
    closes: bool


class Response(_ResponseFields):
    """A response. *headers* are lines as they will be written; *body* is bytes or an async iterable of them.

    A streamed body is sent chunk by chunk as it comes, with the framing that the client's version has. Its `aclose`,
    if it has one, is called when the exchange ends, however it ends; a `corserver.http.messages.BodyWithTrailers` is
    followed by these where it is chunked (RFC 9110 §6.5). *closes* ends the connection with it.

    *upgrade* answers a request that has Upgrade with 101, and is then given the connection's stream and the bytes that
    were read already (RFC 9110 §7.8); the status is 101 then, and there is no body. Its `stop`, if it has one, is
    called when the server stops, and it is to end within the grace; its `aclose`, if the 101 could not be sent.

    Raises ValueError for a status that is not final, and for header lines that cannot be on the wire.

    >>> from corserver import Response
    >>> Response.json({"id": 7}).body
    b'{"id":7}'
    >>> Response("<p>hello", headers={"Content-Type": "text/html; charset=utf-8"}).header(b"content-type")
    b'text/html; charset=utf-8'
    """

    __slots__ = ()

    def __new__(
        cls,
        body: bytes | str | AsyncIterable[bytes] = b"",
        status: int = 200,
        headers: HeadersLike = (),
        *,
        upgrade: UpgradeHandler | None = None,
        closes: bool = False,
    ) -> Self:
        status = _final(status) if upgrade is None else 101
        fields = header_fields(headers)
        if isinstance(body, str):
            body, fields = _utf8(body), _typed(fields, _PLAIN_TEXT)
        if not (isinstance(body, bytes) or hasattr(body, "__aiter__")):
            raise TypeError(f"a body is bytes, str or an async iterable of bytes, not {type(body).__name__}")
        return super().__new__(cls, body, status, fields, upgrade, closes)

    @classmethod
    def json(cls, value: object, status: int = 200, headers: HeadersLike = ()) -> "Response":
        """*value* as compact JSON in UTF-8. Raises TypeError or ValueError where it is not JSON."""
        body = _utf8(to_json(value))
        if headers or status != 200:
            return cls(body, status, _typed(header_fields(headers), _JSON))
        return _make(cls, (body, status, _JSON_ALONE, None, False))  # Which needs no check.

    def header(self, name: bytes) -> bytes | None:
        """The value of the first line of that lower-case *name*, or None."""
        return next((value for key, value in self.headers if key.lower() == name), None)


def _utf8(text: str) -> bytes:
    # Half a surrogate pair is escaped, as in JSON: a path that is no UTF-8 may be in a text.
    return text.encode("utf-8", "backslashreplace")


def _typed(fields: tuple[Field, ...], line: Field) -> tuple[Field, ...]:
    """*fields* with that Content-Type, if they have none."""
    return fields if any(name.lower() == b"content-type" for name, _ in fields) else (*fields, line)


_PLAIN_TEXT: Final = (b"Content-Type", b"text/plain; charset=utf-8")
_JSON: Final = (b"Content-Type", b"application/json")
_JSON_ALONE: Final = (_JSON,)
#: What a server runs: a callable from a request to a response.
App = Callable[[Request], Awaitable[Response]]
