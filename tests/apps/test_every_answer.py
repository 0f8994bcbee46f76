"""Every way to be answered, by every kind of app, over a real socket: what CORS lines stand on it.

What has to stand there comes from a second mind: `expected` reads the Fetch standard and the wishes of a policy, and
nothing of the engine. Each request is sent twice, as what is remembered must not differ.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import h11
import pytest
import trio

from corserver import Limits, Policy, Proxy, Server, StaticFiles, asgi, serve, wsgi
from corserver.apps.auth import BasicAuth
from corserver.apps.proxy import Fallback
from corserver.http.messages import App as AnyApp

from ..http.peer import Answer, request
from . import answering
from .answering import APPS, FALLBACK, FILES, LOGIN, NATIVES, ROUTES, SERVERS, SOCKETS, TIGHT, UPGRADE, Row

SITE, OTHER = "https://site.example", "https://other.example"
#: The Origin lines of a request.
SENDERS = {
    "allowed": [SITE],
    "denied": [OTHER],
    "null": ["null"],
    "nobody": [],
    "two": [SITE, OTHER],
    "bad": [SITE + "/"],
}


@dataclass(frozen=True)
class Wish:
    """What a policy is to do, for somebody who does not know the engine. *exposed* is None for all that is sent."""

    origin: str
    credentials: bool = False
    exposed: str | None = ""

    @property
    def policy(self) -> Policy:
        exposed = ["*"] if self.exposed is None else [self.exposed] if self.exposed else []
        return Policy([self.origin], ["PUT"], ["x-a"], exposed, credentials=self.credentials)


WISHES: dict[str, Wish | None] = {
    "a list": Wish(SITE, exposed="etag"),
    "credentials": Wish(SITE, credentials=True, exposed=None),
    "anybody": Wish("*", exposed="*"),
    "none": None,
}
SAFELISTED = {
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
}


def expected(wish: Wish | None, origins: list[str], answer: Answer) -> dict[str, str]:
    """The Access-Control lines of an *answer* to whoever has these *origins*."""
    if wish is None or (wish.origin != "*" and origins != [wish.origin]):
        return {}
    lines = {"allow-origin": wish.origin}
    if wish.credentials:
        lines["allow-credentials"] = "true"
    if wish.exposed:
        lines["expose-headers"] = wish.exposed
    if wish.exposed is None and answer.status != 304:  # Else what is kept would lose the names that it has.
        hidden = {"connection", "transfer-encoding", "set-cookie", *SAFELISTED}
        names = {name.decode() for name, _ in answer.headers if not name.startswith(b"access-control-")}
        lines["expose-headers"] = ", ".join(sorted(names - hidden))
    return {f"access-control-{name}": value for name, value in lines.items()}


def found(answer: Answer) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in answer.cors.items()}


@asynccontextmanager
async def started(app: AnyApp, cors: Policy | None, limits: Limits = TIGHT, **options: Any) -> AsyncIterator[Server]:
    async with trio.open_nursery() as nursery:
        yield await nursery.start(partial(serve, app, port=0, cors=cors, limits=limits, **options))
        nursery.cancel_scope.cancel()


async def ask(server: Server, *requests: bytes, method: str) -> list[Answer]:
    """What is answered to each of *requests* on one connection, until that ends."""
    answers: list[Answer] = []
    async with await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port) as stream:
        for data in requests:
            client = h11.Connection(h11.CLIENT)
            client.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
            client.send(h11.EndOfMessage())
            await stream.send_all(data)
            head = None
            while not isinstance(event := client.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    client.receive_data(await stream.receive_some())
                elif isinstance(event, h11.Response):
                    head = event
            assert head is not None
            answers.append(Answer(head.status_code, tuple((name, value) for name, value in head.headers), b""))
            if (b"connection", b"close") in head.headers:
                break
    return answers


def is_refused(wish: Wish | None, origins: list[str], lines: list[str]) -> bool:
    """Whether it is a WebSocket from a page of an origin that is not allowed."""
    return lines is UPGRADE and wish is not None and wish.origin != "*" and origins not in ([], [wish.origin])


async def hold(server: Server, wish: Wish | None, rows: Iterable[Row], own_lines: bool = False) -> None:
    """Every row, from every sender. *own_lines*: without a policy the app's own lines stay as they are."""
    for status, method, target, lines in rows:
        for sender, origins in SENDERS.items():
            data = request(method, target, *lines[:10], *(f"Origin: {origin}" for origin in origins), *lines[10:])
            for answer in await ask(server, data, data, method=method):
                what = sender, method, target[:40], lines[:1], answer.status
                assert (403 if is_refused(wish, origins, lines) else status, *what) == (answer.status, *what)
                if wish is not None or not own_lines:
                    assert (expected(wish, origins, answer), *what) == (found(answer), *what)
                    varies = b"Origin" in answer.vary
                    assert (varies, *what) == (wish is not None and wish.origin != "*", *what)


@pytest.fixture(params=WISHES.values(), ids=list(WISHES))
def wish(request: pytest.FixtureRequest) -> Wish | None:
    found: Wish | None = request.param
    return found


def policy_of(wish: Wish | None) -> Policy | None:
    return None if wish is None else wish.policy


# ---------------------------------------------------------------------------------------------------------- the tables


@pytest.mark.parametrize("lobby", [True, False], ids=["lobby", "alone"])
async def test_a_function_and_a_router(wish: Wish | None, lobby: bool) -> None:
    async with started(answering.native, policy_of(wish), lobby=lobby) as server:
        await hold(server, wish, [*SERVERS, *APPS])
        await hold(server, wish, NATIVES, own_lines=True)
    async with started(answering.router(), policy_of(wish), lobby=lobby) as server:
        await hold(server, wish, [*SERVERS, *APPS, *ROUTES])


async def test_hosted_apps(wish: Wish | None) -> None:
    async with started(asgi(answering.of_asgi, loop="trio", lifespan="off"), policy_of(wish)) as server:
        await hold(server, wish, SERVERS)
        await hold(server, wish, [*APPS, *SOCKETS], own_lines=True)
    async with started(wsgi(answering.of_wsgi), policy_of(wish)) as server:
        await hold(server, wish, SERVERS)
        await hold(server, wish, APPS, own_lines=True)


async def test_files_with_a_login_and_without(wish: Wish | None, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "list").mkdir()
    async with started(StaticFiles(tmp_path), policy_of(wish)) as server:
        await hold(server, wish, [*SERVERS, *FILES])
    async with started(BasicAuth(StaticFiles(tmp_path), {"a": "b"}), policy_of(wish)) as server:
        await hold(server, wish, [*SERVERS, *LOGIN])


async def test_an_upstream_and_files_before_it(wish: Wish | None, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    (tmp_path / "list").mkdir()
    async with started(answering.native, Policy("*")) as behind:
        proxy = Proxy(behind.url)
        async with started(proxy, policy_of(wish)) as server:
            await hold(server, wish, SERVERS)
            await hold(server, wish, APPS, own_lines=True)
        async with started(Fallback(StaticFiles(tmp_path), Proxy(behind.url)), policy_of(wish)) as server:
            await hold(server, wish, [*SERVERS, *FALLBACK])
            await hold(server, wish, APPS, own_lines=True)
    async with started(Proxy(behind.url), policy_of(wish)) as server:
        await hold(server, wish, [(502, "GET", "/200", []), (502, "GET", "/200", UPGRADE)])


async def test_what_the_server_says_in_the_apps_place(wish: Wish | None) -> None:
    async with started(answering.native, policy_of(wish), Limits(concurrency=0)) as server:
        await hold(server, wish, [(503, "GET", "/200", []), (503, "POST", "/reads", [])])
    # About the server as a whole, or for a load balancer: no policy governs them.
    async with started(answering.native, policy_of(wish), health="/200") as server:
        await hold(server, None, [(200, "GET", "/200", []), (204, "OPTIONS", "*", [])])
