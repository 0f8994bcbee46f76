"""What governs a running server: its policies, its hosts, and the entries of its log."""

from functools import partial

import pytest
import trio

from corserver import App, Entry, Policy, Request, Server, serve

from .peer import read_answers, request
from .serving import SITE, fetch, hello


@pytest.fixture(params=[True, False], ids=["lobby", "alone"])
def lobby(request: pytest.FixtureRequest) -> bool:
    """Whether connections wait in the lobby, or each for itself."""
    return bool(request.param)


async def test_the_policy_can_be_replaced_while_serving_and_a_bad_one_is_not_taken(lobby: bool) -> None:
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(
            lambda task_status: serve(hello, port=0, cors=Policy([SITE]), lobby=lobby, task_status=task_status)
        )
        data = request("GET", "/", f"Origin: {SITE}")
        assert read_answers(await fetch(server, data))[0].cors[b"access-control-allow-origin"] == SITE.encode()
        with pytest.raises(ValueError, match="begins with a slash"):
            server.replace_cors({"api": None})
        assert read_answers(await fetch(server, data))[0].cors[b"access-control-allow-origin"] == SITE.encode()
        server.replace_cors({"/*": Policy(["*"]), "/private/*": None})
        assert read_answers(await fetch(server, data))[0].cors[b"access-control-allow-origin"] == b"*"
        assert read_answers(await fetch(server, data.replace(b"GET /", b"GET /private/x")))[0].cors == {}
        nursery.cancel_scope.cancel()


async def test_the_policies_of_an_app_are_found_and_an_argument_goes_before_them(lobby: bool) -> None:
    app = App(cors=Policy([SITE]))

    @app.get("/")
    async def root(request: Request) -> str:
        return "root"

    data = request("GET", "/", f"Origin: {SITE}")
    for cors, expected in ((None, SITE.encode()), (Policy(["*"]), b"*")):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(
                lambda task_status, cors=cors: serve(app, port=0, cors=cors, lobby=lobby, task_status=task_status)
            )
            assert read_answers(await fetch(server, data))[0].cors[b"access-control-allow-origin"] == expected
            nursery.cancel_scope.cancel()


async def test_on_loopback_a_foreign_host_is_refused_unless_allowed(lobby: bool) -> None:
    evil = b"GET / HTTP/1.1\r\nHost: evil.example:8000\r\n\r\n"
    for allowed, status in ((None, 403), (["evil.example"], 200), (["other.example"], 403)):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(
                lambda task_status, allowed=allowed: serve(
                    hello, port=0, allow_hosts=allowed, lobby=lobby, task_status=task_status
                )
            )
            (answer,) = read_answers(await fetch(server, evil))
            assert answer.status == status
            if status == 403:
                assert b"--allow-host" in answer.body
            nursery.cancel_scope.cancel()


async def test_an_entry_names_the_client(lobby: bool) -> None:
    entries: list[Entry] = []
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(
            lambda task_status: serve(hello, port=0, access_log=entries.append, lobby=lobby, task_status=task_status)
        )
        await fetch(server, request("GET", "/"))
        nursery.cancel_scope.cancel()
    assert isinstance(entries[0].client, tuple)
    assert entries[0].client[0] == "127.0.0.1"


async def test_an_entry_has_both_heads_as_they_went_over_the_wire(lobby: bool) -> None:
    entries: list[Entry] = []
    policy = Policy(["https://a.example"])
    preflight = request("OPTIONS", "/", "Origin: https://a.example", "Access-Control-Request-Method: GET")
    async with trio.open_nursery() as nursery:
        start = partial(serve, hello, port=0, access_log=entries.append, lobby=lobby, cors=policy)
        server: Server = await nursery.start(start)
        received = [await fetch(server, asked) for asked in (request("GET", "/", "X-A: b"), preflight, preflight)]
        received.append(await fetch(server, request("GET", "/", "Host: c")))
        nursery.cancel_scope.cancel()
    assert [entry.response_head for entry in entries] == [head_of(answer) for answer in received]
    assert [dict(entry.request_fields).keys() for entry in entries] == [
        {b"host", b"x-a"},
        *[{b"host", b"origin", b"access-control-request-method"}] * 2,
        set(),
    ]


def head_of(answer: bytes) -> bytes:
    head, end, _ = answer.partition(b"\r\n\r\n")
    return head + end
