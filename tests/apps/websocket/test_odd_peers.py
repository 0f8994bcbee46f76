"""Peers that send whatever comes to their mind: no server fails, and nothing is left behind."""

import gc
from collections.abc import Awaitable, Callable
from functools import partial

import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from corserver import Server, WebSocketOptions, serve
from corserver.apps.websocket.closed import check_close
from corserver.apps.websocket.session import Session
from tests.http.peer import cut_at
from tests.http.transcript import recorded

from .peer import TEXT, Client, close_frame, echo, frame, handshake, opened, routed
from .seen import Seen

# ------------------------------------------------------------------------------------------------------- whatever comes

_ODD_FRAMES = st.builds(
    frame,
    st.integers(0, 15),
    st.binary(max_size=130),
    fin=st.booleans(),
    rsv=st.sampled_from([0, 0, 0, 4, 7]),
    mask=st.sampled_from([b"abcd", None]),
)
_ODD = st.lists(st.one_of(st.binary(max_size=40), _ODD_FRAMES, st.just(frame(TEXT, b"fine"))), max_size=8).map(b"".join)


@given(_ODD, st.lists(st.integers(0, 500), max_size=6), st.booleans())
async def test_no_peer_makes_the_server_fail(data: bytes, places: list[int], compressed: bool) -> None:
    """Its end is one of those that there are, and the log has nothing to say."""
    seen = Seen()
    headers = ["Sec-WebSocket-Extensions: permessage-deflate"] * compressed
    with recorded() as records:
        async with opened(seen, WebSocketOptions(message=200, fragments=3), *headers) as client:
            for piece in cut_at(places)(data):
                await client.send(piece)
            await trio.testing.wait_all_tasks_blocked()
            await client.stream.aclose()
            await trio.testing.wait_all_tasks_blocked()
    code, _ = seen.end
    if code not in (1005, 1006):  # Which no peer may say: there was no code, or no Close.
        check_close(code, "")
    assert records.errors == []


# ------------------------------------------------------------------------------------------------------- nothing leaks


async def test_what_ended_leaves_nothing_behind() -> None:
    def count() -> int:
        gc.collect()
        return sum(issubclass(type(found), Session) for found in gc.get_objects())

    before = count()
    end: Callable[[Client], Awaitable[None]]
    for end in (lambda c: c.send(close_frame(1000)), lambda c: c.stream.aclose()):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, routed(echo), port=0))
            for _ in range(5):
                async with await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port) as stream:
                    client = Client(stream)
                    await client.send(handshake() + frame(TEXT, b"a"))
                    await client.read_head()
                    assert await client.next_frame() == (TEXT, b"a")
                    await end(client)
                while server.connections:
                    await trio.lowlevel.checkpoint()
            # Whoever served the last one may remember it.
            assert count() <= before + 1
            server.stop()
        assert count() <= before, "those before may have gone meanwhile"
