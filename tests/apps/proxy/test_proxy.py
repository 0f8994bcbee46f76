"""A proxy between a real client and an upstream: answers, policies, mounts, and connections that are used again."""

import pytest

from corserver import App, Limits
from corserver.apps.proxy import Proxy
from tests.http.peer import request

from .upstreams import GET, SITE, Peer, answers, ask, ok, proxied, serving, upstream


async def test_an_answer_passes_with_the_policy_of_this_server_on_it() -> None:
    sent = ok(
        b"hello", "X-Own: 1", "Vary: Accept", "Access-Control-Allow-Origin: *", "Set-Cookie: a=b", "Set-Cookie: c=d"
    )
    async with proxied(answers(sent)) as (there, server):
        answer = await ask(server, GET)
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.cors == {b"access-control-allow-origin": SITE.encode()}
    assert answer.vary == [b"Accept", b"Origin"]
    assert answer.get(b"set-cookie") == [b"a=b", b"c=d"]
    assert there.targets == ["/a?b=c"]


async def test_vary_is_merged_and_an_upstreams_policy_is_replaced_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = ("Vary: Origin, Accept", "Access-Control-Allow-Origin: https://other.example", "Access-Control-Max-Age: 1")
    async with proxied(answers(ok(b"", *lines))) as (_, server):
        answer = await ask(server, GET)
    assert answer.vary == [b"Origin", b"Accept"]
    assert answer.cors == {b"access-control-allow-origin": SITE.encode()}
    assert not caplog.records


async def test_without_a_policy_the_upstreams_own_stays() -> None:
    script = answers(ok(b"", "Access-Control-Allow-Origin: *"))
    async with upstream(script) as there, serving(Proxy(there.url), cors=None) as server:
        assert (await ask(server, GET)).cors == {b"access-control-allow-origin": b"*"}


async def test_a_preflight_does_not_reach_the_upstream_and_a_plain_options_does() -> None:
    async with proxied(answers(ok(b"", "Allow: GET"))) as (there, server):
        asking = request("OPTIONS", "/", f"Origin: {SITE}", "Access-Control-Request-Method: PUT")
        assert (await ask(server, asking)).status == 204
        assert there.heads == []
        assert (await ask(server, request("OPTIONS", "/"))).get(b"allow") == [b"GET"]


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_answers_without_a_body(status: str) -> None:
    text = f'HTTP/1.1 {status}\r\nETag: "a"\r\n\r\n'.encode()
    async with proxied(answers(text, ok(b"next"))) as (there, server):
        answer = await ask(server, GET)
        assert (str(answer.status), answer.body, answer.get(b"etag")) == (status[:3], b"", [b'"a"'])
        assert (await ask(server, GET)).body == b"next"
    assert len(there.heads) == 2


async def test_head_has_the_length_and_no_body() -> None:
    async with proxied(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", ok(b"next"))) as (_, server):
        answer = await ask(server, request("HEAD", "/"))
        assert (answer.get(b"content-length"), answer.body) == ([b"1000000"], b"")
        assert (await ask(server, GET)).body == b"next"


async def test_connections_to_the_upstream_are_used_again() -> None:
    numbers: list[int] = []

    async def script(peer: Peer, number: int) -> None:
        while head := await peer.head():
            await peer.exactly(3 if head.startswith(b"POST ") else 0)
            numbers.append(number)
            await peer.say(ok())

    async with proxied(script) as (_, server):
        for data in (GET, request("POST", "/", body=b"abc"), GET):
            await ask(server, data)
    assert len(set(numbers)) == 1
    assert len(numbers) == 3


async def test_below_a_mount_the_rest_of_the_path_is_asked_for() -> None:
    async with upstream(answers(ok(), ok(b"", "Location: /there"))) as there:
        app = App()
        app.mount("/api", Proxy(there.url))
        async with serving(app) as server:
            await ask(server, request("GET", "/api/a%2Fb//c?d"))
            assert (await ask(server, request("GET", "/api"))).get(b"location") == [b"/api/there"]
    assert there.targets == ["/a%2Fb//c?d", "/"]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="timeout"):
        Proxy("http://a", timeout=0)
    with pytest.raises(ValueError, match="about the connection"):
        Proxy("http://a", request_headers={"Connection": "x"})


async def test_a_body_beyond_the_servers_limit_is_refused() -> None:
    async with upstream(answers(ok())) as there, serving(Proxy(there.url), limits=Limits(body=10)) as server:
        assert (await ask(server, request("POST", "/", body=b"x" * 11))).status == 413
