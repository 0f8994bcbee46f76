"""`Proxy`: another server's answers as one's own.

The server's policies hold for what it answers, the refusals too: it answers the preflights itself, and puts its own
`Access-Control-*` in the place of the upstream's. What goes through is streamed both ways, each side no faster than the
other takes it.
"""

import contextlib
import secrets
import ssl
from collections.abc import Mapping
from typing import Any, Final

import trio

from corserver.apps.proxy.exchange import AnswerBody, Exchange
from corserver.apps.proxy.hops import tokens
from corserver.apps.proxy.links import Link, Links, tls_context
from corserver.apps.proxy.outgoing import Outgoing, takes_trailers, upgrading
from corserver.apps.proxy.places import Places
from corserver.apps.proxy.returning import Returning
from corserver.apps.proxy.target import Target
from corserver.apps.proxy.tunnel import Tunnel
from corserver.cors.scopes import Path
from corserver.http.header_lines import HeadersLike, header_fields
from corserver.http.messages import HTTPError, Request, Response
from corserver.http.wire import AnswerHead, BadAnswer

#: How much of a body that has arrived with its head is sent together with it, in bytes, and in how many pieces:
#: of chunks of a byte, so many take 3 ms.
_AT_ONCE: Final = 65536
_PIECES: Final = 128


class Proxy:
    """The server at *url* (`http://…`, `https://…`, `unix:/path/of.sock`), as an app.

    *path_prefix* is what the paths here begin with and those there do not; *rewrite* replaces the beginning of what
    comes after it: `{"/v1": "/api/v2"}`. *change_origin* puts the upstream's name in Host, else the client's stays.
    *request_headers* replace what the upstream would get of these names, Host too, an empty value leaves a line out;
    *headers* are put on its answers.
    *rewrite_locations* is whether the upstream's own URLs in Location, Content-Location and Refresh become ours,
    *rewrite_cookies* whether Domain, Path and Secure of its cookies are made to fit here. *timeout* is how long it may
    say nothing, in seconds: before its answer that is a 504, inside of it the connection is cut; an event stream may
    be silent. *insecure* does not ask for its certificate; *ssl_context* is for everything else about that.

    An async context manager: leaving it closes the connections that are kept. Raises ValueError for what cannot be.

    >>> import urllib.request
    >>> from corserver import App, Policy, Proxy
    >>> from corserver.testing import assert_readable, running
    >>> upstream = App()
    >>> @upstream.get("/hello")
    ... async def hello(request):
    ...     return "hello"
    >>> with running(upstream) as behind, running(Proxy(behind.url), cors=Policy("*")) as server:
    ...     assert_readable(f"{server.url}/hello", origin="https://site.example").status
    200
    """

    def __init__(
        self,
        url: str,
        *,
        path_prefix: str = "",
        rewrite: Mapping[str, str] | None = None,
        change_origin: bool = True,
        request_headers: HeadersLike = (),
        headers: HeadersLike = (),
        rewrite_locations: bool = True,
        rewrite_cookies: bool = False,
        timeout: float = 60.0,
        insecure: bool = False,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        if not timeout > 0:
            raise ValueError(f"timeout={timeout}: write how many seconds the upstream may say nothing, such as 30")
        target = Target.parse(url)
        places = Places(target, path_prefix, rewrite or {})
        mark = f"corserver-{secrets.token_hex(8)}".encode()
        self.url = target.url
        self._timeout = timeout
        self._places = places
        self._outgoing = Outgoing(
            target,
            changes_host=change_origin,
            prefix=places.prefix,
            own=header_fields(request_headers),
            mark=mark,
        )
        self._returning = Returning(
            target, places, locations=rewrite_locations, cookies=rewrite_cookies, own=header_fields(headers), mark=mark
        )
        tls = (ssl_context or tls_context(insecure)) if target.scheme == "https" else None
        self._links = Links(target, timeout, tls)
        self._stack = contextlib.AsyncExitStack()

    def decodes_path(self, path: Path, method: str) -> bool:
        """True: how the upstream reads a path is not known."""
        return True

    async def __call__(self, request: Request) -> Response:
        """Raises `HTTPError`: 404 outside of the prefix, 502 and 504 where the upstream fails, 508 for a loop."""
        if self._outgoing.has_passed(request):
            raise HTTPError(508, "this request came through this proxy before: its upstream leads back to it")
        target = self._places.there(request)
        if target is None:
            raise HTTPError(404)
        fields = self._outgoing.fields(request)
        exchange = Exchange(self._links, self.url, request, target, fields, self._timeout)
        link, head = await exchange.ask()
        try:
            return await self._response(exchange, link, head)
        except BaseException:
            await exchange.abandon(link)
            raise

    async def __aenter__(self) -> "Proxy":
        self._stack.push_async_callback(self._links.close)
        nursery = await self._stack.enter_async_context(trio.open_nursery())
        self._stack.callback(nursery.cancel_scope.cancel)
        nursery.start_soon(self._links.sweep)
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        await self._stack.aclose()

    async def _response(self, exchange: Exchange, link: Link, head: AnswerHead) -> Response:
        request = exchange.request
        fields = self._returning.fields(head.fields, request)
        try:
            if head.status == 101:
                asked = upgrading(request.headers.fields, request.http_version)
                if not exchange.is_asked or tokens(asked, b"upgrade") != tokens(head.fields, b"upgrade") or not asked:
                    raise BadAnswer("it changes the protocol to one that nobody asked for")
                return Response(headers=fields, upgrade=Tunnel(link))
            trails = head.chunked and takes_trailers(request.headers.fields, request.http_version)
            if trails:
                fields += [line for line in head.fields if line[0] == b"trailer"]
            pieces, is_whole = _arrived(link) if exchange.is_asked and not trails else ([], False)
            if not is_whole:
                quiet = any(name == b"content-type" and b"text/event-stream" in value.lower() for name, value in fields)
                patience = float("inf") if quiet else self._timeout
                body = AnswerBody(exchange, link, pieces, patience, takes_trailers=trails)
                return Response(body, head.status, fields)
            if request.method != "HEAD" and head.status not in (204, 304):
                fields = [line for line in fields if line[0] != b"content-length"]
            response = Response(b"".join(pieces), head.status, fields)
        except (BadAnswer, ValueError) as error:
            raise exchange.failure(error) from error
        await self._links.give_back(link)
        return response


def _arrived(link: Link) -> tuple[list[bytes], bool]:
    """The pieces of the body that are here already, and whether these are all."""
    pieces: list[bytes] = []
    size = 0
    while size < _AT_ONCE and len(pieces) < _PIECES:
        piece = link.asking.next_body()
        if not piece:
            return pieces, piece is not None
        pieces.append(piece)
        size += len(piece)
    return pieces, False
