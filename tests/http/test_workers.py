"""Workers: real processes on a real port, killed, replaced and stopped."""

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path

import pytest
import trio

from corserver.http.listeners import open_queues
from corserver.http.workers import serve_workers
from corserver.http.workers.process import Process

from .peer import Answer, read_answers, request

ROOT = Path(__file__).parent.parent.parent
GET_PID = request("GET", "/pid")
PREFLIGHT = request("OPTIONS", "/pid", "Origin: https://site.example", "Access-Control-Request-Method: PUT")
NOT_FOUND = request("GET", "/nothing")


class Running:
    """A supervisor's process, what it and its workers have written, and where it serves."""

    def __init__(self, process: trio.Process) -> None:
        self.process = process
        self.port = 0
        self._rest = b""
        #: Which were not looked for yet.
        self._lines: list[str] = []

    async def line_with(self, text: str) -> str:
        """The next line that has *text*, those before it being passed over."""
        with trio.fail_after(20):
            while True:
                while self._lines:
                    line = self._lines.pop(0)
                    if text in line:
                        return line
                chunk = await self._receive()
                assert chunk, f"no line with {text!r}"
                *whole, self._rest = (self._rest + chunk).split(b"\n")
                self._lines += [line.decode() for line in whole]

    async def started(self) -> None:
        self.port = int((await self.line_with("STARTED")).rpartition(":")[2])

    async def wait_all_ended(self) -> None:
        """Wait until no process is left that could write something."""
        with trio.fail_after(20):
            while await self._receive():
                pass

    async def _receive(self) -> bytes:
        assert self.process.stdout is not None
        return bytes(await self.process.stdout.receive_some())

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    async def client(self) -> "Client":
        return Client(await trio.open_tcp_stream("127.0.0.1", self.port))

    async def pid(self) -> int:
        """Which worker answers a new connection."""
        client = await self.client()
        answer = await client.ask(GET_PID)
        await client.aclose()
        return int(answer.body)

    async def pids(self, number: int) -> set[int]:
        """The workers, once so many different ones have answered."""
        seen: set[int] = set()
        with trio.fail_after(20):
            while len(seen) < number:
                seen.add(await self.pid())
        return seen


class Client:
    """A connection that is kept."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream

    async def ask(self, data: bytes) -> Answer:
        """The answer, which has a Content-Length or no body. A connection that ends instead is an error."""
        await self.stream.send_all(data)
        received = b""
        while not _is_whole(received):
            chunk = await self.stream.receive_some()
            assert chunk, f"the connection ended after {received!r}"
            received += chunk
        (answer,) = read_answers(received, [data.split(b" ")[0].decode()])
        return answer

    async def aclose(self) -> None:
        await trio.aclose_forcefully(self.stream)


def _is_whole(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return bool(end) and len(body) >= int(length or 0)


@asynccontextmanager
async def supervised(what: int | str, *arguments: str | Path, starts: bool = True) -> AsyncIterator[Running]:
    """A server of so many workers, or a program that runs one."""
    program = ["-c", what] if isinstance(what, str) else ["-m", "tests.http.workers_main", str(what)]
    command = [sys.executable, *program, *map(str, arguments)]
    process = await trio.lowlevel.open_process(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT
    )
    running = Running(process)
    try:
        if starts:
            await running.started()
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        assert process.stdin is not None
        await process.stdin.aclose()
        await running.wait_all_ended()


async def test_all_workers_serve_one_port_and_stop_at_a_signal() -> None:
    async with supervised(3) as running:
        assert len(await running.pids(3)) == 3
        running.signal(signal.SIGTERM)
        await running.line_with("STOPPED")
        assert await running.process.wait() == 0
        with pytest.raises(OSError, match=r"."):
            await running.client()


async def test_a_worker_that_is_killed_is_replaced_and_the_others_serve_meanwhile() -> None:
    async with supervised(2) as running:
        victim, other = sorted(await running.pids(2))
        os.kill(victim, signal.SIGKILL)
        assert "another one starts now" in await running.line_with(f"worker {victim} ended: SIGKILL")
        # Nothing is refused or lost: what the victim had not accepted its successor does.
        assert victim not in {await running.pid() for _ in range(20)}
        (new,) = await running.pids(2) - {other}
        assert new not in (victim, other)


async def test_a_worker_that_is_stopped_by_somebody_else_finishes_and_is_replaced_meanwhile() -> None:
    async with supervised(1) as running:
        slow = await running.client()
        await slow.stream.send_all(request("GET", "/slow"))
        received = await until(slow, b"begun")
        first = await running.pid()
        os.kill(first, signal.SIGTERM)
        await running.line_with(f"worker {first} stops")
        assert await running.pid() != first
        await running.process.stdin.aclose()  # type: ignore[union-attr]
        assert (await until_end(slow, received)).body == b"begun, finished"


async def until(client: Client, text: bytes) -> bytes:
    received = b""
    while text not in received:
        chunk = await client.stream.receive_some()
        assert chunk
        received += chunk
    return received


async def until_end(client: Client, received: bytes) -> Answer:
    rest = b"".join([chunk async for chunk in client.stream])
    await client.aclose()
    (answer,) = read_answers(received + rest)
    return answer


@pytest.mark.parametrize("arguments", [[], ["--one-queue"]], ids=["a queue each", "one queue"])
async def test_replacing_the_workers_under_load_fails_no_request(arguments: list[str]) -> None:
    statuses: list[int] = []
    served: set[int] = set()
    over = trio.Event()

    async def keep_asking(running: Running) -> None:
        while not over.is_set():
            client = await running.client()
            for data, status in cycle(((GET_PID, 200), (PREFLIGHT, 204), (NOT_FOUND, 404))):
                answer = await client.ask(data)
                assert answer.status == status
                statuses.append(status)
                if status == 200:
                    served.add(int(answer.body))
                if over.is_set() or answer.get(b"connection") == [b"close"]:
                    break
            await client.aclose()

    async with supervised(2, *arguments) as running, trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(keep_asking, running)
        for _ in range(3):
            old = await running.pids(2)
            running.signal(signal.SIGHUP)
            await running.line_with("REPLACED 2")
            assert not old & await running.pids(2)
        over.set()
    # Which of them the load has reached is the system's business, where they share a queue.
    assert len(served) > 2
    assert len(statuses) > 100


async def test_a_client_that_was_idle_while_its_worker_was_replaced_is_answered_and_told_to_leave() -> None:
    async with supervised(1) as running:
        old = await running.pid()
        clients = [await running.client() for _ in range(4)]
        for client in clients[1:]:
            assert (await client.ask(PREFLIGHT)).get(b"connection") == []
        assert (await clients[3].ask(GET_PID)).get(b"connection") == []
        running.signal(signal.SIGHUP)
        await running.line_with("REPLACED 1")
        for client, data in zip(clients, (GET_PID, GET_PID, PREFLIGHT, NOT_FOUND), strict=True):
            answer = await client.ask(data)
            assert answer.get(b"connection") == [b"close"]
            assert answer.body in (str(old).encode(), b"", b"no such thing")
            await client.aclose()
        assert await running.pid() != old
        with trio.fail_after(10):
            while is_there(old):  # All its clients have left.
                await running.pid()


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_worker_that_cannot_start_takes_nobodys_place(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    async with supervised(2, broken) as running:
        old = await running.pids(2)
        broken.touch()
        running.signal(signal.SIGHUP)
        assert "exit status 7; it did not get to serve" in await running.line_with("ended")
        assert {await running.pid() for _ in range(10)} <= old
        broken.unlink()
        running.signal(signal.SIGHUP)
        await running.line_with("REPLACED 2")
        assert not await running.pids(2) & old


async def test_stopping_finishes_an_answer_under_way() -> None:
    async with supervised(2) as running:
        slow = await running.client()
        await slow.stream.send_all(request("GET", "/slow"))
        received = await until(slow, b"begun")
        running.signal(signal.SIGTERM)
        await running.line_with("STOPPING 1")
        await running.process.stdin.aclose()  # type: ignore[union-attr]
        assert (await until_end(slow, received)).body == b"begun, finished"
        await running.line_with("STOPPED")
        assert await running.process.wait() == 0


async def test_a_second_signal_cuts_answers_off() -> None:
    async with supervised(2) as running:
        slow = await running.client()
        await slow.stream.send_all(request("GET", "/slow"))
        await until(slow, b"begun")
        running.signal(signal.SIGINT)
        await running.line_with("STOPPING 1")
        running.signal(signal.SIGINT)
        await running.line_with("CUT OFF")
        await slow.aclose()


async def test_workers_that_die_again_and_again_are_started_ever_more_slowly(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    async with supervised(2, broken) as running:
        victim, other = await running.pids(2)
        broken.touch()
        os.kill(victim, signal.SIGKILL)
        await running.line_with("SIGKILL; another one starts now")
        for seconds in ("0.1", "0.2", "0.4"):
            assert f"starts in {seconds} seconds" in await running.line_with("exit status 7")
        broken.unlink()
        assert other in await running.pids(2)


async def test_a_server_whose_workers_cannot_start_does_not(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.touch()
    async with supervised(2, broken, starts=False) as running:
        assert "exit status 7" in await running.line_with("WorkersFailed: ")
        assert await running.process.wait() == 1


async def test_a_worker_that_comes_while_the_server_drains_says_so_too() -> None:
    async with supervised(1, "--drains") as running:
        first = await running.pid()
        running.signal(signal.SIGTERM)
        await until_unhealthy(running)
        os.kill(first, signal.SIGKILL)
        await running.line_with(f"worker {first} ended: SIGKILL")
        second = await running.client()
        assert (await second.ask(request("GET", "/healthz"))).status == 503
        await second.aclose()
        running.signal(signal.SIGHUP)
        running.signal(signal.SIGTERM)
        await running.line_with("STOPPED")
        assert await running.process.wait() == 0


async def test_a_server_that_has_not_started_has_nobody_to_drain() -> None:
    async with supervised(1, "--drains", "--never", starts=False) as running:
        await running.line_with("BEGINS")
        running.signal(signal.SIGTERM)
        await running.line_with("STOPPED")
        assert await running.process.wait() == 0


async def until_unhealthy(running: Running) -> None:
    with trio.fail_after(20):
        while True:
            client = await running.client()
            answer = await client.ask(request("GET", "/healthz"))
            await client.aclose()
            if answer.status == 503:
                return


def test_a_worker_that_cannot_be_forked_leaves_no_pipe_open() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    pipe = os.pipe()
    after = max(pipe)  # Of those that are free, these were the lowest.
    for fd in pipe:
        os.close(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (after + 2, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            Process.fork(trio.sleep_forever, print)  # type: ignore[arg-type]
        free = os.pipe()
        for fd in free:
            os.close(fd)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert free == pipe


async def test_the_workers_end_when_their_supervisor_has_died() -> None:
    async with supervised(2) as running:
        slow, idle = await running.client(), await running.client()
        await idle.ask(GET_PID)
        await slow.stream.send_all(request("GET", "/slow"))
        received = await until(slow, b"begun")
        running.signal(signal.SIGKILL)
        assert await idle.stream.receive_some() == b""
        await idle.aclose()
        await running.process.stdin.aclose()  # type: ignore[union-attr]
        assert (await until_end(slow, received)).body == b"begun, finished"
        await running.wait_all_ended()


@pytest.mark.parametrize("apart", [True, False])
def test_queues_are_on_one_address_which_is_taken_then(apart: bool) -> None:
    queues = open_queues("127.0.0.1", 0, 3, apart=apart)
    addresses = {sock.getsockname() for (sock,) in queues}
    assert len(addresses) == 1
    port = addresses.pop()[1]
    assert len({os.fstat(sock.fileno()).st_ino for (sock,) in queues}) == (3 if apart else 1)
    with pytest.raises(OSError, match=f"port {port} is taken"):
        open_queues("127.0.0.1", port, 2, apart=True)
    more = open_queues("127.0.0.1", port, 2, or_next=50)
    assert port < more[0][0].getsockname()[1] <= port + 50
    for sock in (sock for queue in (*queues, *more) for sock in queue):
        sock.close()


#: A program that says where it serves, once it does.
PROGRAM = """
import os, socket
from corserver import App, serve_workers

def tell(moment, number):
    for fd in range(3, 64):
        try:
            found = socket.socket(fileno=os.dup(fd))
        except OSError:
            continue
        if found.family == socket.AF_INET:
            print(moment.name, f"port:{found.getsockname()[1]}", flush=True)
            return

serve_workers(App(), workers=2, port=0, tell=tell, headers={"X-Own": "1"})
"""


async def test_header_lines_are_put_on_every_answer_of_every_worker() -> None:
    async with supervised(PROGRAM) as running:
        for _ in range(8):
            client = await running.client()
            answer = await client.ask(NOT_FOUND)
            await client.aclose()
            assert (answer.status, answer.get(b"x-own")) == (404, [b"1"])
        running.signal(signal.SIGTERM)
        assert await running.process.wait() == 0


def test_mistakes_are_said_before_anything_is_started() -> None:
    async def app(request: object) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match="workers=0"):
        serve_workers(app, workers=0)  # type: ignore[arg-type]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="is taken"):
            serve_workers(app, workers=2, port=taken.getsockname()[1])  # type: ignore[arg-type]
