"""The hot path is invisible: the same bytes get the same answer with the lobby and the memories, and without them.

Each stream of bytes is cut at random and sent three ways, several times each: to a connection of a server that
remembers nothing, to one that remembers heads, verdicts and response heads, and through the lobby, which answers
preflights by itself. What comes back is compared byte by byte, but for Date.
"""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from corserver.cors.policy import Policy
from corserver.cors.scopes import INHERIT, PathPattern, Scope, Scopes
from corserver.http.exchange import Service
from corserver.http.hosts import AllowedHosts
from corserver.http.log import Entry
from corserver.http.messages import HTTPError, Request, Response

from .grammar import CUTS, PIPELINES, SITE, broken
from .kqueues import openers
from .lobbies import Attended, attended_with, talk
from .peer import Cutter, cut_at, request
from .test_fuzz import TIGHT, tried
from .transcript import hold

LISTED = Policy([SITE.decode()], ["PUT"], ["x-a"], ["etag"], max_age=600)
EXACTLY_ONE = Scopes(default=LISTED)
SEVERAL = Scopes(
    [
        Scope(PathPattern.parse("/leave/*"), Policy(["*"], ["*"], ["*"])),
        Scope(PathPattern.parse("/stream/*"), None),
        Scope(PathPattern.parse("/read/*"), Policy([SITE.decode()], ["*"], ["*"], credentials=True), ("PUT",)),
        Scope(PathPattern.parse("/read/*"), INHERIT),
    ],
    default=LISTED,
)
ASKED = Scopes(default=Policy([], ["PUT"], predicate=lambda origin: origin == SITE.decode()))
TABLES = {"one policy": EXACTLY_ONE, "several": SEVERAL, "none": Scopes(), "a predicate": ASKED}


async def app(request: Request) -> Response:
    """Says what it was asked, in each way there is to answer."""
    if request.target.startswith("/leave"):
        raise HTTPError(403, request.target)
    body = await request.body()
    lines = [("ETag", '"1"'), ("Access-Control-Allow-Origin", "*"), ("X-Body", str(len(body)))]
    if request.target.startswith("/stream"):
        return Response(_pieces(body), headers=lines)
    return Response(f"{request.method} {request.url} {body!r} {dict(request.headers)}", headers=lines)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 7):
        yield body[start : start + 7]


def served(scopes: Scopes, **more: object) -> Service:
    options: dict[str, object] = {"limits": TIGHT, "explain_denials": True, "server_header": b"corserver", **more}
    return Service(app=app, scopes=scopes, **options)  # type: ignore[arg-type]


def undated(answers: bytes) -> bytes:
    return re.sub(rb"\r\nDate: [^\r]{29}\r\n", b"\r\nDate: -\r\n", answers)


def in_lobby(service: Service, data: bytes, cut: Cutter, times: int) -> list[bytes]:
    """What is answered to the same bytes on so many connections, one after the other, over each poller."""

    async def main() -> list[bytes]:
        answers = []
        for open_poller in openers().values():
            async with attended_with(open_poller, replace(service)) as hall:
                answers += [await talk(hall, data, cut) for _ in range(times)]
        return answers

    return trio.run(main)


def assert_equal_answers(service: Service, data: bytes, cut: Cutter) -> bytes:
    plain = undated(hold(replace(service, remembers=False), data, cut).received)
    remembering = replace(service)
    for _ in range(3):
        assert undated(hold(remembering, data, cut).received) == plain
    for answers in in_lobby(service, data, cut, 3):
        assert undated(answers) == plain
    return plain


@pytest.mark.parametrize("scopes", TABLES.values(), ids=TABLES)
@tried(60)
@given(PIPELINES, CUTS)
def test_valid_requests_get_the_same_answers(scopes: Scopes, pipeline: list[object], places: list[int]) -> None:
    data = b"".join(sent.raw for sent in pipeline)  # type: ignore[attr-defined]
    assert assert_equal_answers(served(scopes), data, cut_at(places))


@pytest.mark.parametrize("scopes", [EXACTLY_ONE, SEVERAL], ids=["one policy", "several"])
@tried(100)
@given(broken(), CUTS)
def test_broken_requests_get_the_same_answers(scopes: Scopes, data: bytes, places: list[int]) -> None:
    assert_equal_answers(served(scopes), data, cut_at(places))


# ------------------------------------------------------------------------------------------------------- preflights

_TARGETS = st.one_of(
    st.sampled_from(["/", "/read", "/leave/x", "/a//b/", "/a?b=c\\d", "/a/../b", "/a/.", "/%2e/a", "/a%zz", "/.a/..b"]),
    st.text(st.sampled_from("/.%25?#\\ab~!*"), max_size=12).map(lambda text: "/" + text),
)
_PREFLIGHT_LINES = st.lists(
    st.sampled_from(
        [
            f"Origin: {SITE.decode()}",
            f"ORIGIN:{SITE.decode()}",
            "Origin: https://other.example",
            "Origin: null",
            "Access-Control-Request-Method: PUT",
            "Access-Control-Request-Method: DELETE",
            "Access-Control-Request-Method: a b",
            "Access-Control-Request-Headers: x-a,x-b",
            "Access-Control-Request-Headers: authorization",
            "Content-Length: 0",
            "Content-Length: 2",
            "Transfer-Encoding: chunked",
            "Expect: 100-continue",
            "Connection: close",
            "Connection: keep-alive",
            "Upgrade: h2c",
            "Host: evil.example",
            "X: \t y \t",
        ]
    ),
    min_size=1,
    max_size=6,
)


@st.composite
def preflights(draw: st.DrawFn) -> bytes:
    """Something that is a preflight, or nearly one."""
    asks = ["Host: localhost", f"Origin: {SITE.decode()}", "Access-Control-Request-Method: PUT"]
    lines = draw(st.one_of(_PREFLIGHT_LINES, _PREFLIGHT_LINES.map(lambda more: asks + more), st.just(asks)))
    method = draw(st.sampled_from(["OPTIONS", "OPTIONS", "OPTIONS", "options", "GET", "OPTIONS "]))
    version = draw(st.sampled_from(["1.1", "1.1", "1.1", "1.0", "1.2", "2.0"]))
    head = "\r\n".join([f"{method} {draw(_TARGETS)} HTTP/{version}", *lines, "", ""])
    return head.encode("latin-1") + draw(st.sampled_from([b"", b"", b"ab", b"0\r\n\r\n"]))


@pytest.mark.parametrize("scopes", TABLES.values(), ids=TABLES)
@tried(150)
@given(st.lists(preflights(), min_size=1, max_size=3), st.one_of(st.just([]), CUTS))
def test_preflights_and_what_is_nearly_one_get_the_same_answers(
    scopes: Scopes, sent: list[bytes], places: list[int]
) -> None:
    service = served(scopes, hosts=AllowedHosts())
    cut: Callable[[bytes], object] = cut_at(places) if places else lambda data: iter(sent)
    assert_equal_answers(service, b"".join(sent), cut)  # type: ignore[arg-type]


PREFLIGHT = request("OPTIONS", "/read", f"Origin: {SITE.decode()}", "Access-Control-Request-Method: PUT")
LAST = request("GET", "/second", "Connection: close")


@pytest.mark.parametrize("scopes", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Transfer-Encoding: chunked", b"4\r\nabcd\r\n0\r\n\r\n"),
        (b"Transfer-Encoding: chunked", b"0\r\n\r\n"),
        (b"Content-Length: 4", b"abcd"),
        (b"Content-Length: 0", b""),
    ],
    ids=["chunked", "chunked and empty", "of a length", "empty"],
)
@pytest.mark.parametrize(
    "head", [PREFLIGHT, request("OPTIONS", "/read"), request("POST", "/read")], ids=["preflight", "OPTIONS", "POST"]
)
def test_a_body_that_comes_after_its_head_is_never_the_next_request(
    scopes: Scopes, framing: bytes, body: bytes, head: bytes
) -> None:
    """Of a connection that goes on after it, the answers are those of the plain way; the same head twice, so that it
    is known."""
    head = head.replace(b"\r\n\r\n", b"\r\n" + framing + b"\r\n\r\n")
    pieces = [head, body, head, body, LAST]
    answers = assert_equal_answers(served(scopes), b"".join(pieces), lambda data: iter(filter(None, pieces)))
    assert b"400 Bad Request" not in answers


def timeless(entry: Entry) -> Entry:
    return entry._replace(time=0, seconds=0, response_head=re.sub(rb"Date: [^\r]*", b"Date: -", entry.response_head))


@pytest.mark.parametrize("hosts", [None, AllowedHosts()])
def test_the_lobby_answers_a_preflight_without_a_task_and_logs_it_as_a_connection_does(
    attended: Attended,
    hosts: AllowedHosts | None,
) -> None:
    entries: list[Entry] = []

    async def main() -> None:
        async with attended(served(EXACTLY_ONE, access_log=entries.append, hosts=hosts)) as hall:
            for _ in range(3):
                await talk(hall, PREFLIGHT)
            assert len(hall.nursery.child_tasks) == 1, "who is at the door"

    trio.run(main)
    (plain,) = hold(served(EXACTLY_ONE), PREFLIGHT).entries
    assert [timeless(entry) for entry in entries] == [timeless(plain)._replace(client="a client")] * 3
    assert b"access-control-request-method" in dict(plain.request_fields)
    assert plain.response_head.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert all(0 <= entry.seconds < 5 for entry in entries)
