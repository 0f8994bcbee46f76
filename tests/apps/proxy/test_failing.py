"""Upstreams that fail, and clients that leave: 502, 504, an answer that is cut, a request that is taken back."""

import os
import resource

import pytest
import trio

from corserver.apps.proxy import Proxy
from tests.http.peer import request
from tests.ports import reserved_ports

from .upstreams import GET, SITE, Peer, answers, ask, connect, ok, proxied, receive_for, serving

BROKEN = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
    "a coding nobody knows": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
    "no chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "a status nobody knows": b"HTTP/1.1 799 What\r\nContent-Length: 0\r\n\r\n",
    "a control character": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "a control character before the answer": b"HTTP/1.1 103 Early Hints\r\nLink: a\1b\r\n\r\n" + ok(),
    "chunks of a version that has none": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a head without an end": b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 200_000,
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
async def test_no_answer_is_a_502_that_a_script_may_read(text: bytes) -> None:
    async with proxied(answers(text)) as (there, server):
        answer = await ask(server, GET)
    assert answer.status == 502
    assert answer.cors == {b"access-control-allow-origin": SITE.encode()}
    assert answer.get(b"content-type") == [b"text/plain; charset=utf-8"]
    assert b"the server behind this one gave no answer that can be passed on: " in answer.body
    assert len(there.heads) == 1


async def test_nobody_there_is_a_502_with_the_reason() -> None:
    with reserved_ports(1) as [port]:
        async with serving(Proxy(f"http://127.0.0.1:{port}")) as server:
            answer = await ask(server, request("PUT", "/", "Expect: 100-continue", body=b"abc"))
    assert answer.status == 502
    assert b"Connection refused" in answer.body


async def test_no_descriptor_for_a_connection_is_a_503_and_not_the_upstreams_fault(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with reserved_ports(1) as [port]:
        async with serving(Proxy(f"http://127.0.0.1:{port}")) as server, await connect(server) as client:
            await client.send_all(GET)
            assert b" 502 " in await receive_for(client, b"Connection refused\n")
            caplog.clear()
            most = resource.getrlimit(resource.RLIMIT_NOFILE)
            os.close(lowest := os.dup(0))
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, most[1]))
            try:
                await client.send_all(GET)
                answer = await receive_for(client, b"too many files are open at this moment\n")
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, most)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 1\r\n" in answer
    assert caplog.messages == ["no connection to the upstream can be opened for the moment: Too many open files"]


async def test_silence_is_a_504() -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.wait_closed()

    for data in (GET, request("POST", "/", body=b"abc")):
        async with proxied(script, timeout=0.05) as (_, server):
            answer = await ask(server, data)
        assert answer.status == 504
        assert b"it said nothing for 0.05 seconds" in answer.body


HALVES = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabc",
    "half a size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1",
}


@pytest.mark.parametrize("dies", [True, False], ids=["dies", "stalls"])
@pytest.mark.parametrize("text", HALVES.values(), ids=HALVES)
async def test_half_an_answer_is_no_whole_one(text: bytes, dies: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(text)
        if not dies:
            await peer.wait_closed()

    async with proxied(script, timeout=5 if dies else 0.05) as (_, server), await connect(server) as stream:
        await stream.send_all(GET)
        received = await receive_until_cut(stream)
    # Either it was known in time, or the head went out and the connection is reset, with no end of the body.
    assert received.startswith((b"HTTP/1.1 502 ", b"HTTP/1.1 200 "))
    if received.startswith(b"HTTP/1.1 200 "):
        assert b"0\r\n\r\n" not in received
        assert not received.endswith(b"abcabc")
    assert "Traceback" not in caplog.text


async def receive_until_cut(stream: trio.SocketStream) -> bytes:
    received = b""
    try:
        while not received.startswith(b"HTTP/1.1 502 ") and (chunk := await stream.receive_some()):
            received += chunk
        else:
            assert received.startswith(b"HTTP/1.1 502 "), "an end, where it should be cut"
    except trio.BrokenResourceError:
        pass
    return received


@pytest.mark.parametrize("begins", [False, True], ids=["before the answer", "inside of it"])
async def test_a_client_that_leaves_takes_its_request_with_it(begins: bool, caplog: pytest.LogCaptureFixture) -> None:
    reached, left = trio.Event(), trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        if begins:
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        reached.set()
        await peer.wait_closed()
        left.set()

    async with proxied(script) as (_, server):
        stream = await connect(server)
        await stream.send_all(GET)
        await reached.wait()
        if begins:
            assert b"data: 1" in await receive_for(stream, b"data: 1")
        await stream.aclose()
        await left.wait()
        while server.connections:
            await trio.lowlevel.checkpoint()
    assert not caplog.text, "that is nobody's fault"


async def test_what_a_client_sends_ahead_is_not_lost_while_it_waits() -> None:
    begun, go_on = trio.Event(), trio.Event()

    async def script(peer: Peer, number: int) -> None:
        while await peer.head():
            begun.set()
            await go_on.wait()
            await peer.say(ok(b"ok%d" % len(peer.heads)))

    async with proxied(script) as (there, server), await connect(server) as stream:
        await stream.send_all(GET)
        await begun.wait()
        with trio.move_on_after(0.3):  # Until it looks whether the client is still there.
            await stream.receive_some()
        await stream.send_all(GET)
        go_on.set()
        await receive_for(stream, b"ok2")
    assert len(there.heads) == 2
