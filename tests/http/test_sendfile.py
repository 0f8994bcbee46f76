"""Files on their way into sockets: the lobby goes on with them, and they arrive as they are."""

import contextlib
import socket
from pathlib import Path

import pytest
import trio
import trio.testing

from corserver.http.crew import Crew
from corserver.http.exchange import run_call
from corserver.http.fileslice import FileSlice
from corserver.http.messages import Request, Response
from corserver.http.sendfile import PIECE, FileSending, may_be_enlarged
from corserver.http.visitor import WAITING
from tests.apps.files.site import open_descriptors

from .files import CONTENT, SIZE, SMALL, Files, enter_by_tcp, take
from .lobbies import GET, PREFLIGHT, Attended, Hall, read_all, served, until, visitors
from .peer import read_answers, request
from .transcript import recorded


class Members(trio.abc.Instrument):
    """The tasks of the crew that had a turn."""

    def __init__(self) -> None:
        self.seen: set[trio.lowlevel.Task] = set()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        if "_work" in task.name:
            self.seen.add(task)


@pytest.mark.parametrize("tcp", [False, True], ids=["Unix socket", "TCP"])
async def test_a_large_file_arrives_as_it_is_and_no_task_is_woken_for_the_rest_of_it(
    tcp: bool, attended: Attended, fd: int
) -> None:
    files, members = Files(fd), Members()
    async with attended(files.service()) as hall:
        client = enter_by_tcp(hall) if tcp else hall.enter(buffer=SMALL)
        trio.lowlevel.add_instrument(members)
        for _ in range(2):
            await client.send_all(GET)
            await until(lambda: visitors(hall)[0].sending is not None)
            data = await take(client, SIZE)
            _, _, begin = data.partition(b"\r\n\r\n")
            data = begin + await take(client, SIZE - len(begin))
            assert data == CONTENT
        trio.lowlevel.remove_instrument(members)
        await client.send_eof()
        await until(lambda: hall.left == 1)
    assert len(members.seen) == 1, "who is at the door began with it, and nobody had to take that place meanwhile"
    assert [(entry.sent, entry.failure) for entry in files.entries] == [(SIZE, "")] * 2


@pytest.mark.parametrize(
    ("method", "announced", "body"),
    [("GET", "9", b"whole"), ("GET", "", b"whole"), ("HEAD", "9", b""), ("GET", "10", None)],
)
async def test_a_file_goes_out_in_the_framing_of_its_head(
    method: str, announced: str, body: bytes | None, attended: Attended, fd: int
) -> None:
    before = open_descriptors()

    async def app(request: Request) -> Response:
        return Response(FileSlice(fd, 0, 9), headers={"Content-Length": announced} if announced else {})

    with recorded():
        async with attended(served(app)) as hall:
            client = hall.enter()
            await client.send_all(request(method, "/"))
            await client.send_eof()
            received = await read_all(client)
    if body is None:
        assert received.endswith(CONTENT[:9]), "it is cut short, and not taken for whole"
    else:
        (answer,) = read_answers(received, [method])
        assert answer.body == (CONTENT[:9] if body else b"")
        assert bool(answer.get(b"transfer-encoding")) is not bool(announced)
    assert open_descriptors() == before


async def test_a_client_that_reads_a_byte_at_a_time_gets_all_of_it(attended: Attended, fd: int) -> None:
    async with attended(Files(fd).service()) as hall:
        client = hall.enter(buffer=4096)
        await client.send_all(request("GET", "/30000"))
        await client.send_eof()
        received = bytearray()
        while byte := await client.receive_some(1):
            received += byte
        (answer,) = read_answers(bytes(received))
        assert answer.body == CONTENT[:30000]


async def test_what_comes_behind_a_file_is_answered_behind_it(attended: Attended, fd: int) -> None:
    async with attended(Files(fd).service()) as hall:
        for together in (True, False):
            client = hall.enter(buffer=SMALL)
            behind = PREFLIGHT + request("GET", "/500000") + request("GET", "/7")
            await client.send_all(GET + behind if together else GET)
            await until(lambda: visitors(hall)[0].sending is not None)
            if not together:
                await client.send_all(behind)
            await client.send_eof()
            answers = read_answers(await read_all(client), ["GET", "OPTIONS"])
            assert [(a.status, len(a.body)) for a in answers] == [(200, SIZE), (204, 0), (200, 500000), (200, 7)]
            await until(lambda: not visitors(hall))


async def test_a_head_that_finds_no_room_waits_for_it(attended: Attended, fd: int) -> None:
    """The file before it fills the socket to the brim."""
    with recorded() as records:
        async with attended(Files(fd).service()) as hall:
            for size in range(2000, 12000, 500):
                client = hall.enter(buffer=4096)
                await client.send_all(request("GET", f"/{size}") * 6)
                await trio.testing.wait_all_tasks_blocked()
                await client.send_eof()
                assert [len(answer.body) for answer in read_answers(await read_all(client))] == [size] * 6
    assert not records.own_faults


async def test_who_is_waited_for_by_its_handler_is_so_while_a_file_goes_out(attended: Attended, fd: int) -> None:
    left: list[bool] = []

    async def wait(request: Request) -> None:
        await request.client_left()
        left.append(True)

    async def app(request: Request) -> Response:
        request.start_soon(wait, request)
        await trio.testing.wait_all_tasks_blocked()
        return Response(FileSlice(fd, 0, SIZE), headers={"Content-Length": str(SIZE)})

    async with attended(served(app)) as hall:
        hall.service.crew = Crew(hall.nursery, run_call)
        client = hall.enter(buffer=SMALL)
        await client.send_all(GET)
        await until(lambda: visitors(hall)[0].sending is not None)
        await client.aclose()
        await until(lambda: bool(left))
        hall.service.crew.stop()


class Turns(trio.abc.Instrument):
    """How many turns trio's tasks had."""

    count = 0

    def before_io_wait(self, timeout: float) -> None:
        self.count += 1


async def test_what_is_sent_at_once_and_is_not_small_leaves_others_their_turn(attended: Attended, fd: int) -> None:
    turns = Turns()
    looks: list[int] = []

    class Looked(FileSlice):
        __slots__ = ()

        def is_at_hand(self, offset: int, length: int) -> bool:
            looks.append(turns.count)
            return True

    trio.lowlevel.add_instrument(turns)
    async with attended(Files(fd, Looked).service()) as hall:
        for _ in range(8):
            ours, theirs = socket.socketpair()
            theirs.setblocking(False)
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 400_000)
            hall.lobby.admit(theirs, "a client")
            ours.sendall(request("GET", "/270000"))
            hall.clients.append(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
        await until(lambda: len(looks) >= 8)
        assert all(visitor.state is WAITING for visitor in visitors(hall)), "each went out whole"
    trio.lowlevel.remove_instrument(turns)
    assert len(set(looks)) == 8


async def test_many_at_once_get_theirs_and_leave_others_their_turn(attended: Attended, fd: int) -> None:
    turn = 0
    looks: list[int] = []

    class Looked(FileSlice):
        __slots__ = ()

        def is_at_hand(self, offset: int, length: int) -> bool:
            looks.append(turn)
            return True

    async def count_turns() -> None:
        nonlocal turn
        while True:
            await trio.lowlevel.checkpoint()
            turn += 1

    got: list[bool] = []

    async def download(hall: Hall, client: trio.SocketStream) -> None:
        (answer,) = read_answers(await read_all(client))
        got.append(answer.body == CONTENT[:1_000_000])

    async with attended(Files(fd, Looked).service()) as hall, trio.open_nursery() as nursery:
        clients = [hall.enter(buffer=SMALL) for _ in range(64)]
        for client in clients:
            await client.send_all(request("GET", "/1000000"))
            await client.send_eof()
        await until(lambda: all(visitor.sending is not None for visitor in visitors(hall)))
        looks.clear()
        nursery.start_soon(count_turns)
        async with trio.open_nursery() as downloads:
            for client in clients:
                downloads.start_soon(download, hall, client)
        nursery.cancel_scope.cancel()
    assert got == [True] * 64
    assert max(looks.count(turn) for turn in set(looks)) <= 16, "eight in a turn of the lobby's"


@pytest.mark.parametrize(
    ("piece", "seconds", "is_large"), [(PIECE, 0.1, True), (PIECE, 1.0, False), (100_000, 0.1, False)]
)
def test_who_is_quick_to_take_much_has_a_larger_buffer(piece: int, seconds: float, is_large: bool, fd: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()):
        ours, _ = listener.accept()  # Its peer is gone in a moment: the system does not tune the buffer, too.
    with ours, contextlib.closing(FileSlice(fd, 0, SIZE)) as file:
        ours.setblocking(False)
        before = ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        sending = FileSending(ours, file, piece, lambda sent: None)
        sending.wait(100.0)
        sending.look(100.0 + seconds)  # Who takes a little now and then is not quick.
        sending.go_on(100.0 + seconds)
        after = ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    assert after == (PIECE if is_large and may_be_enlarged() else before)


@pytest.mark.parametrize(
    ("most", "allowed"), [("3145728\n", True), ("3145727\n", False), ("212992\n", False), ("?\n", False), (None, False)]
)
def test_a_buffer_is_enlarged_only_where_asking_for_it_makes_it_larger(
    most: str | None, allowed: bool, tmp_path: Path
) -> None:
    setting = tmp_path / "wmem_max"
    if most is not None:
        setting.write_text(most)
    assert may_be_enlarged(setting) is allowed
