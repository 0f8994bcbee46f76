"""The hot path is invisible over time, too: what one connection leaves in the memories changes nothing for another.

`test_equality` sends one stream to servers that know nothing else. Here each server lives for many connections, so that
heads, lines, verdicts and answers of one meet those of others: nearly the same, in another order, for another host or
policy, from behind a proxy; while policies are replaced in the middle of a stream and a predicate changes its mind.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import trio
import trio.testing

from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
from corserver.http.connection import Connection
from corserver.http.exchange import Service
from corserver.http.forwarded import TrustedProxies
from corserver.http.hosts import AllowedHosts
from corserver.http.log import Entry
from corserver.http.messages import HTTPError, Request, Response

from .grammar import SITE
from .kqueues import openers
from .lobbies import attended_with, talk
from .test_equality import EXACTLY_ONE, SEVERAL, timeless, undated
from .test_fuzz import TIGHT

CONNECTIONS = 100
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "named hosts": {"hosts": AllowedHosts(frozenset({"named.example"})), "explain_denials": True},
    "behind a proxy": {"proxies": TrustedProxies.parse(["unix"])},
    "beside a proxy": {"proxies": TrustedProxies.parse(["10.0.0.0/8"])},
    "few requests": {"limits": replace(TIGHT, requests=2)},
    "a health endpoint": {"health": b"/read"},
    "lines of its own": {"headers": ((b"X-More", b"1"), (b"Vary", b"Accept"))},
}


@dataclass
class Moods:
    """Tables of policies, one of which has a predicate that may change its mind."""

    says_yes: bool = True
    tables: tuple[Scopes, ...] = field(init=False)

    def __post_init__(self) -> None:
        asked = Policy([], ["PUT"], predicate=lambda origin: self.says_yes and origin == SITE.decode())
        echoing = Policy([SITE.decode(), "https://*.sub.example"], ["*"], ["*"], ["*"], credentials=True)
        self.tables = (EXACTLY_ONE, SEVERAL, Scopes(default=asked), Scopes(default=echoing), Scopes())


@dataclass(frozen=True)
class Script:
    """The pieces of a stream, and what happens before each."""

    pieces: tuple[bytes, ...]
    before: dict[int, Callable[[Service], None]]

    def played(self, service: Service) -> Iterator[bytes]:
        for number, piece in enumerate(self.pieces):
            if number in self.before:
                self.before[number](service)
            yield piece


async def app(request: Request) -> Response:
    """Answers as the path says, and says what it was asked."""
    match str(request.path):
        case "/leave":
            raise HTTPError(404, request.target)
        case "/early":
            return Response("early")
        case "/last":
            return Response("last")._replace(closes=True)
        case "/unchanged":
            return Response(status=304, headers={"ETag": '"1"'})
    said = f"{request.method} {request.url} {request.client} {await request.body()!r} {dict(request.headers)}"
    return Response(said, headers={"ETag": '"1"', "Access-Control-Allow-Origin": "*", "Vary": "Accept"})


class Streams:
    """Streams of requests that have much in common."""

    _METHODS = ("GET", "GET", "POST", "HEAD", "OPTIONS", "OPTIONS", "OPTIONS", "PUT", "M-SEARCH")
    _TARGETS = (
        *("/read", "/read", "/read?x=\\", "//read/", "/%72ead", "/a;b/c", "/leave", "/early", "/last", "/unchanged"),
        *("/a/../b", "/a%zz", "http://localhost/read", "http://named.example?x", "/stream/x", "/leave/x", "*"),
    )
    _LINES = (
        *("Connection: close", "Connection: keep-alive", "Connection: x, CLOSE", "Upgrade: websocket", "Expect: tea"),
        *("X-A: b", "X: \t y \t", "Content-Length: 0", "Content-Length: 4", "Transfer-Encoding: chunked", " fold"),
        *("Forwarded: for=192.0.2.1;proto=https;host=named.example", "X-Forwarded-For: 192.0.2.2, 10.0.0.1"),
        *(
            "X-Forwarded-Proto: https",
            "Forwarded: for=",
            "Host: named.example",
            "Expect: 100-continue",
            "Content-Length: 01",
        ),
    )
    _ORIGINS = (SITE.decode(), SITE.decode(), "https://a.sub.example", "https://site.example.", "null", "a, b")
    _ASKED = ("PUT", "PUT", "DELETE", "TRACE", "a b", "")
    _BODIES = (b"", b"abcd", b"4\r\nabcd\r\n0\r\n\r\n", b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def __init__(self, seed: int, moods: Moods) -> None:
        self._random = random.Random(seed)
        self._moods = moods
        self._sent: list[tuple[bytes, bytes]] = []

    def mood(self) -> bool:
        """What the predicate says when the next connection is made."""
        return self._random.random() < 0.7

    def script(self) -> Script:
        chance = self._random
        requests = [self._request() for _ in range(chance.randint(1, 4))]
        whole = b"".join(head + body for head, body in requests)
        pieces = [part for request in requests for part in request if part]
        match chance.randrange(3):
            case 0:
                pieces = [head + body for head, body in requests]
            case 1:
                at = chance.randrange(len(whole))
                pieces = [part for part in (whole[:at], whole[at:]) if part]
        before: dict[int, Callable[[Service], None]] = {}
        if not chance.randrange(8):
            table = chance.choice(self._moods.tables)
            before[chance.randrange(len(pieces))] = lambda service: setattr(service, "scopes", table)
        if not chance.randrange(6):
            mood = chance.random() < 0.5
            before[chance.randrange(len(pieces))] = lambda service: setattr(self._moods, "says_yes", mood)
        return Script(tuple(pieces), before)

    def _common(self) -> tuple[bytes, bytes]:
        """A preflight, or a GET, that others differ from in a line at most."""
        chance = self._random
        lines = [f"Host: {chance.choice(('localhost', 'named.example', 'other.example'))}", f"Origin: {SITE.decode()}"]
        lines += ["Connection: close"] * (chance.random() < 0.3) + [f"X-N: {chance.randrange(3)}"]
        if chance.random() < 0.7:
            head = f"OPTIONS /{chance.choice(('read', 'a;b', 'stream/x'))}"
            lines.append("Access-Control-Request-Method: PUT")
        else:
            head = f"GET {chance.choice(('/read', 'http://named.example/read', 'http://other.example/read'))}"
        body = chance.choice(self._BODIES) if chance.random() < 0.2 else b""
        lines += ["Transfer-Encoding: chunked" if b"\r\n0\r\n" in body else f"Content-Length: {len(body)}"] * bool(body)
        return "\r\n".join([f"{head} HTTP/1.1", *lines, "", ""]).encode(), body

    def _request(self) -> tuple[bytes, bytes]:
        chance = self._random
        if chance.random() < 0.5:
            return self._common()
        if self._sent and chance.random() < 0.4:
            return chance.choice(self._sent)
        method = chance.choice(self._METHODS)
        lines = [
            chance.choice(["Host: localhost"] * 6 + ["Host: named.example", "Host: [::1]:8", "Host: other.example"])
        ]
        lines += [f"Origin: {chance.choice(self._ORIGINS)}"] * (chance.random() < 0.8)
        if method == "OPTIONS" and chance.random() < 0.9:
            lines.append(f"Access-Control-Request-Method: {chance.choice(self._ASKED)}")
            lines += ["Access-Control-Request-Headers: x-a,authorization"] * (chance.random() < 0.5)
        lines += chance.sample(self._LINES, chance.choice([0, 0, 1, 1, 2]))
        chance.shuffle(lines)
        version = chance.choice(["1.1"] * 9 + ["1.0"])
        head = "\r\n".join([f"{method} {chance.choice(self._TARGETS)} HTTP/{version}", *lines, "", ""])
        self._sent.append(
            (head.encode(), chance.choice(self._BODIES) if "Length: 4" in head or "chunked" in head else b"")
        )
        return self._sent[-1]


@pytest.mark.parametrize("open_poller", openers().values(), ids=openers())
@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("seed", [0, 2, 3])
async def test_what_is_remembered_changes_no_answer(setting: dict[str, Any], seed: int, open_poller: Any) -> None:
    moods = Moods()
    streams, logs = Streams(seed, moods), tuple[list[Entry], ...](([], [], []))
    limits = replace(TIGHT, linger_idle_seconds=0.01, linger_seconds=0.1)
    options = {"app": app, "scopes": moods.tables[seed], "limits": limits, **setting}
    plain, remembering, lobbied = (
        Service(**options, remembers=bool(number), access_log=logs[number].append if seed == 0 else None)
        for number in range(3)
    )
    async with attended_with(open_poller, lobbied) as hall:
        for _ in range(CONNECTIONS):
            script, mood, table = streams.script(), streams.mood(), plain.scopes
            answers = []
            for service in (plain, remembering, lobbied):
                moods.says_yes, service.scopes = mood, table
                played = script.played(service)
                if service is lobbied:
                    answers.append(undated(await talk(hall, b"", lambda _, played=played: played)))  # type: ignore[misc]
                else:
                    answers.append(undated(await _settled(service, played)))
            assert answers[1:] == answers[:1] * 2, script.pieces
            for each in (remembering, lobbied):
                each.scopes = plain.scopes
    assert [list(map(timeless, log)) for log in logs[1:]] == [list(map(timeless, logs[0]))] * 2


async def _settled(service: Service, pieces: Iterator[bytes]) -> bytes:
    """As `talk`, on a connection without a lobby."""
    ours, theirs = trio.testing.memory_stream_pair()
    received: list[bytes] = []

    async def read() -> None:
        received.extend([bytes(chunk) async for chunk in ours])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service, "a client").run)
        nursery.start_soon(read)
        try:
            for piece in pieces:
                await ours.send_all(piece)
                await trio.testing.wait_all_tasks_blocked()
            await ours.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # The server closed first: what it answered is what counts.
    return b"".join(received)
