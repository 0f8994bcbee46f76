"""Files whose sending ends before they do, or may: nothing stays open, and the log says why."""

import functools
import os
import socket
from pathlib import Path

import pytest
import trio

from corserver.http.fileslice import FileSlice
from corserver.http.limits import Limits
from corserver.http.log import Entry
from corserver.http.sendfile import PIECE, FileSending
from corserver.http.serving import serve
from corserver.http.visitor import WAITING
from tests.apps.files.site import open_descriptors

from .files import CONTENT, SIZE, SMALL, Files, enter_by_tcp, take
from .lobbies import GET, PREFLIGHT, Attended, ask, read_all, until, visitors
from .peer import read_answers, request
from .transcript import recorded


async def test_a_client_that_takes_nothing_is_left_when_its_time_is_over(attended: Attended, fd: int) -> None:
    files, before = Files(fd), open_descriptors()
    with recorded() as records:
        async with attended(files.service(write_seconds=0.1)) as hall:
            client = hall.enter(buffer=SMALL)
            await client.send_all(GET)
            await until(lambda: hall.left == 1)
    assert not records.own_faults
    assert [(entry.failure, 0 < entry.sent < SIZE) for entry in files.entries] == [("the client left", True)]
    assert open_descriptors() == before


async def test_a_client_that_takes_some_of_it_has_its_time_anew(fd: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        file = FileSlice(fd, 0, SIZE)
        sending = FileSending(theirs, file, 0, lambda sent: None)
        sending.send()
        sending.wait(100.0)
        sending.look(101.0)  # What is left is known from now on.
        since = []
        for now, size in ((102.0, 0), (103.0, 100), (104.0, 100_000), (105.0, 0)):
            ours.recv(size, socket.MSG_WAITALL)
            sending.look(now)
            since.append(sending.since)
        assert since == [101.0, 101.0, 104.0, 104.0]
        file.close()


async def test_the_time_begins_anew_with_each_piece_and_when_the_deadlines_are_looked_at(
    attended: Attended, fd: int
) -> None:
    async with attended(Files(fd).service(linger_idle_seconds=0.25)) as hall:
        client = hall.enter(buffer=SMALL)
        await client.send_all(GET)
        await until(lambda: visitors(hall)[0].sending is not None)
        (visitor,) = visitors(hall)
        sending = visitor.sending
        assert sending is not None
        for take_some in (True, False, True):
            sending.since -= 50.0
            if take_some:
                await take(client, 10 * SMALL)
            await until(lambda: trio.current_time() - sending.since < 30)


async def test_a_client_that_resets_its_connection_in_the_middle_leaves_nothing_open(
    attended: Attended, fd: int
) -> None:
    files, before = Files(fd), open_descriptors()
    with recorded() as records:
        async with attended(files.service()) as hall:
            client, other = enter_by_tcp(hall), hall.enter()
            await client.send_all(GET)
            await until(lambda: visitors(hall)[0].sending is not None)
            await client.aclose()  # With unread data.
            await until(lambda: hall.left == 1)
            assert (await ask(other, PREFLIGHT)).status == 204
    assert not records.own_faults
    assert [(entry.failure, 0 < entry.sent < SIZE) for entry in files.entries[:1]] == [("the client left", True)]
    assert open_descriptors() == before


@pytest.mark.parametrize("how", ["it is stopped", "it is cancelled"])
async def test_a_server_that_ends_in_the_middle_leaves_nothing_open(how: str, fd: int) -> None:
    files, before = Files(fd), open_descriptors()
    async with trio.open_nursery() as nursery:
        serving = functools.partial(
            serve, files, port=0, access_log=files.entries.append, limits=Limits(grace_seconds=0.0)
        )
        server = await nursery.start(serving)
        client = await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)
        await client.send_all(GET)
        await until(lambda: any(visitor.sending for visitor in server._lobby._visitors.values()))
        if how == "it is cancelled":
            nursery.cancel_scope.cancel()
        else:
            server.stop()
            await server.wait_stopped()
    await trio.aclose_forcefully(client)
    assert [(entry.failure, 0 < entry.sent < SIZE) for entry in files.entries] == [("the server stopped", True)]
    assert open_descriptors() == before


async def test_a_stop_in_the_middle_lets_the_file_be_finished(attended: Attended, fd: int) -> None:
    async with attended(Files(fd).service()) as hall:
        client = hall.enter(buffer=SMALL)
        await client.send_all(GET)
        await until(lambda: visitors(hall)[0].sending is not None)
        hall.lobby.stop()
        (answer,) = read_answers(await read_all(client))
        assert answer.body == CONTENT


async def test_a_file_that_ends_as_the_server_stops_is_not_lost_to_what_is_pipelined_behind_it(
    attended: Attended, fd: int
) -> None:
    async with attended(Files(fd).service(linger_idle_seconds=0.1)) as hall:
        client = enter_by_tcp(hall)
        await client.send_all(GET)
        await until(lambda: visitors(hall)[0].sending is not None)
        await client.send_all(GET)
        hall.lobby.is_stopping = True  # The lobby itself sends the end.
        (answer,) = read_answers(await read_all(client))
        assert answer.body == CONTENT
        hall.lobby.is_stopping = False


async def test_a_file_that_shrinks_in_the_middle_cuts_its_connection(attended: Attended, tmp_path: Path) -> None:
    path = tmp_path / "shrinking.bin"
    path.write_bytes(bytes(SIZE))
    fd = os.open(path, os.O_RDONLY)
    files = Files(fd)
    with recorded():
        async with attended(files.service()) as hall:
            client = enter_by_tcp(hall)
            await client.send_all(GET)
            await until(lambda: visitors(hall)[0].sending is not None)
            os.truncate(path, PIECE)
            with pytest.raises(trio.BrokenResourceError):  # It is reset, so that nobody takes it for whole.
                await take(client, SIZE)
    os.close(fd)
    assert [(entry.failure, entry.sent) for entry in files.entries] == [("FileShrank", PIECE)]


async def test_who_would_have_to_wait_for_a_disk_has_a_thread_for_it(attended: Attended, fd: int) -> None:
    looks: list[bool] = []

    class OnSlowDisk(FileSlice):
        __slots__ = ()

        def is_at_hand(self, offset: int, length: int) -> bool:
            looks.append(len(looks) % 3 == 2)
            return looks[-1]

    files = Files(fd, OnSlowDisk)
    async with attended(files.service()) as hall:
        client = hall.enter(buffer=SMALL)
        for _ in range(2):
            await client.send_all(request("GET", "/1000000"))
            answer = await take(client, len(CONTENT[:1000000]))
            _, _, begin = answer.partition(b"\r\n\r\n")
            assert begin + await take(client, 1000000 - len(begin)) == CONTENT[:1000000]
            await until(lambda: visitors(hall)[0].state is WAITING)
    assert looks.count(True) > 5
    assert [(entry.failure, entry.sent) for entry in files.entries] == [("", 1000000)] * 2


async def test_a_log_that_raises_once_a_file_has_ended_does_not_end_the_others(attended: Attended, fd: int) -> None:
    files = Files(fd)

    def log(entry: Entry) -> None:
        files.entries.append(entry)
        if len(files.entries) == 1:
            raise ValueError("a disk is full")

    service = files.service()
    service.access_log = log
    with recorded() as records:
        async with attended(service) as hall:
            client = hall.enter(buffer=SMALL)
            await client.send_all(request("GET", "/500000"))
            await client.send_eof()
            (answer,) = read_answers(await read_all(client))
            assert answer.body == CONTENT[:500000]
            await until(lambda: hall.left == 1)
            assert (await ask(hall.enter(), PREFLIGHT)).status == 204
    assert any("could not be logged" in told for told in records.errors)
