"""Workers: real processes on a real port, killed, stopped and started again."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trio

from corserver import App, Server, serve
from corserver.http.listeners import open_queues
from corserver.http.workers import serve_workers
from corserver.http.workers.process import Process
from corserver.http.workers.worker import Command, _Worker

from .peer import Answer, read_answers, request
from .supervised import GET_PID, ROOT, Client, supervised
from .worker_main import TRIES


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


async def test_stopping_finishes_an_answer_under_way() -> None:
    async with supervised(2) as running:
        slow = await running.client()
        await slow.stream.send_all(request("GET", "/slow"))
        received = await until(slow, b"begun")
        running.signal(signal.SIGTERM)
        await running.line_with("STOPPING 1")
        await running.process.stdin.aclose()  # type: ignore[union-attr]
        assert (await until_end(slow, received)).body == b"begun, finished"
        assert "STOPPED" in await running.line_with("STOP"), "what is left is said once"
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


def test_a_worker_that_cannot_be_forked_leaves_no_pipe_open() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    pipe = os.pipe()
    after = max(pipe)  # Of those that are free, these were the lowest.
    for fd in pipe:
        os.close(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (after + 2, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            Process.fork(trio.sleep_forever, print)
        free = os.pipe()
        for fd in free:
            os.close(fd)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert free == pipe


def test_patience_with_a_worker_is_not_made_longer_by_who_has_none() -> None:
    """A third signal, and a fourth, put off the end that the second had set."""
    reading, writing = os.pipe()
    process = Process(0, writing, reading)
    process.tell(Command.STOP, 100.0)
    latest = process.kill_at
    process.tell(Command.CUT, 2.0)
    assert (soon := process.kill_at) < latest
    process.tell(Command.CUT, 20.0)
    assert process.kill_at == soon
    process.forget()


def test_the_app_of_a_worker_that_has_served_all_has_time_to_end() -> None:
    control, writing = os.pipe()
    reading, report = os.pipe()
    process = Process(0, writing, reading)

    class Ending(App):
        async def __aexit__(self, *exc_info: object) -> None:
            with trio.fail_after(20):
                while process.kill_at < time.monotonic() + 30:  # It is told to be gone in two seconds.
                    await trio.lowlevel.wait_readable(reading)
                    process.read_report()

    async def stop_it() -> None:
        await trio.lowlevel.wait_readable(reading)
        assert process.read_report(), "it serves"
        process.tell(Command.STOP, 2.0)

    async def serve_on(*, task_status: trio.TaskStatus[Server]) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop_it)
            await serve(Ending(), port=0, task_status=task_status)

    assert not trio.run(_Worker(control, report).run, serve_on)
    os.close(report)
    process.forget()


def test_a_worker_that_is_told_to_stop_as_it_starts_does() -> None:
    """The command comes when the start can be cancelled no more, and the server is not known yet."""
    program = [sys.executable, "-m", "tests.http.worker_main"]
    ran = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ran.stdout.split("\n") == ["ended: 0"] * TRIES + [""], ran.stderr


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


def test_an_address_that_a_name_has_twice_is_listened_on_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a hosts file has a line twice."""
    getaddrinfo = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: getaddrinfo(*args, **options) * 2)
    ((listener,),) = open_queues("127.0.0.1", 0, 1)
    listener.close()


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
            answer = await client.ask(request("GET", "/nothing"))
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
