"""A stream under deadlines: patience, sending to whom does not read, closing without losing the answer."""

import pytest
import trio
import trio.testing

from corserver.http.body import PeerLeft
from corserver.http.fileslice import CHUNK, FileSlice
from corserver.http.limits import Limits
from corserver.http.reader import Pace
from corserver.http.transport import Transport

from .files import CONTENT


def test_patience_is_the_idle_time_and_no_less_than_the_rate() -> None:
    pace = Pace(Limits(body_seconds=20, body_rate=100, rate_grace_seconds=5))
    assert pace.seconds == 20
    pace.received, pace.waited = 300, 6
    assert pace.seconds == 2
    pace.received = 100_000
    assert pace.seconds == 20
    pace.waited = 10_000
    assert pace.seconds == 0


async def test_a_peer_that_closes_or_has_closed_has_left() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    transport = Transport(theirs, Limits())
    await ours.aclose()
    with pytest.raises(PeerLeft):
        await transport.send(b"x")
    assert await transport.receive() == b""
    await transport.close()
    with pytest.raises(PeerLeft):
        await transport.receive()


async def test_an_answer_gets_through_to_a_peer_that_sends_first_and_reads_afterwards(autojump_clock: object) -> None:
    ours, theirs = trio.testing.lockstep_stream_pair()
    transport = Transport(theirs, Limits())
    received = bytearray()

    async def send_then_read() -> None:
        for _ in range(100):
            await ours.send_all(b"x" * 80_000)
        received.extend(await ours.receive_some())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send_then_read)
        await transport.send_while_dropping(b"the answer")
    assert received == b"the answer"


async def test_dropping_ends_when_the_peer_pauses_or_goes_on_for_too_long(
    autojump_clock: trio.testing.MockClock,
) -> None:
    for pause, expected in ((3.0, 2.0), (1.5, 10.0)):
        ours, theirs = trio.testing.memory_stream_pair()
        start = trio.current_time()
        async with trio.open_nursery() as nursery:

            async def send(pause: float = pause, ours: trio.StapledStream = ours) -> None:  # type: ignore[type-arg]
                while True:
                    await trio.sleep(pause)
                    await ours.send_all(b"x")

            nursery.start_soon(send)
            await Transport(theirs, Limits()).drop_input()
            assert trio.current_time() - start == expected
            nursery.cancel_scope.cancel()


async def test_lingering_tells_the_peer_that_nothing_more_comes(autojump_clock: object) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Transport(theirs, Limits()).linger)
        assert await ours.receive_some() == b""
        await ours.aclose()


async def test_a_cut_connection_is_reset_where_there_is_a_socket() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    client = await trio.testing.open_stream_to_socket_listener(listener)
    transport = Transport(await listener.accept(), Limits())
    await transport.send(b"half an ans")
    assert await client.receive_some() == b"half an ans"
    await transport.cut()
    with pytest.raises(trio.BrokenResourceError):
        await client.receive_some()
    await client.aclose()
    await listener.aclose()


async def test_of_a_file_what_is_at_hand_is_read_here_and_the_rest_in_a_thread(fd: int) -> None:
    looks: list[bool] = []
    counted: list[int] = []

    class OnSlowDisk(FileSlice):
        __slots__ = ()

        def is_at_hand(self, offset: int, length: int) -> bool:
            looks.append(len(looks) % 2 == 0)
            return looks[-1]

    ours, theirs = trio.testing.memory_stream_pair()
    file = OnSlowDisk(fd, 5, 3 * CHUNK + 1)
    await Transport(theirs, Limits()).send_file(b"head", file, counted.append)
    file.close()
    await theirs.aclose()
    assert b"".join([piece async for piece in ours]) == b"head" + CONTENT[5 : 3 * CHUNK + 6]
    assert (counted, looks) == ([CHUNK] * 3 + [1], [True, False, True, False])
