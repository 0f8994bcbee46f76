"""Three nodes behind HAProxy and nginx, as the folder deploy/ configures them, under load: restarted, and killed."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
import trio
import trio.testing

from tests.cli.running import ENVIRONMENT, Running
from tests.ports import reserved_ports

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
ENGINES = pytest.mark.parametrize(
    "engine",
    [
        pytest.param("haproxy", marks=pytest.mark.skipif(HAPROXY is None, reason="apt-get install haproxy")),
        pytest.param("nginx", marks=pytest.mark.skipif(NGINX is None, reason="apt-get install nginx-light")),
    ],
)
CLIENTS = 8


@dataclass
class Node:
    port: int
    process: trio.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it serves."""
        command = [sys.executable, "-m", "tests.deploy.node", str(self.port)]
        self.process = await trio.lowlevel.open_process(command, stdout=subprocess.PIPE, env=ENVIRONMENT)
        await Running(self.process).line_with("Stop")

    async def restart(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        assert await self.process.wait() == 0
        await end(self.process)
        await self.start()

    async def kill(self) -> None:
        if self.process is not None:
            await end(self.process)


async def end(process: trio.Process) -> None:
    process.kill()
    await process.wait()
    if process.stdout is not None:
        await process.stdout.aclose()


async def finish(balancer: trio.Process) -> None:
    """Let it end its workers: they outlive one that is killed."""
    balancer.terminate()
    with trio.fail_after(10):
        await balancer.wait()


class Failure(NamedTuple):
    """A request that was not answered with 200, and when it was asked."""

    method: str
    reason: str
    asked_at: float


@dataclass
class Load:
    """Clients that ask one request after the other. *nodes* are those that answered."""

    port: int
    answers: int = 0
    failures: list[Failure] = field(default_factory=list)
    nodes: set[bytes] = field(default_factory=set)

    async def ask(self, method: str) -> None:
        """Ask until cancelled; over one connection as long as it lasts."""
        while True:
            asked_at = trio.current_time()
            try:
                async with await trio.open_tcp_stream("127.0.0.1", self.port) as stream:
                    asked_at = trio.current_time()
                    while await self._exchange(stream, method, asked_at):
                        self.answers += 1
                        asked_at = trio.current_time()
            except (OSError, trio.BrokenResourceError) as error:
                self.failures.append(Failure(method, repr(error), asked_at))

    async def _exchange(self, stream: trio.SocketStream, method: str, asked_at: float) -> bool:
        body = b"x" * 10 if method == "POST" else b""
        head = f"{method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        await stream.send_all(head.encode() + body)
        received = b""
        while not (found := re.search(rb"(?si)content-length: (\d+).*?\r\n\r\n", received)) or (
            len(received) < found.end() + int(found[1])
        ):
            chunk = await stream.receive_some()
            if not chunk:
                raise trio.BrokenResourceError(f"an end after {received!r}")
            received += chunk
        if not received.startswith(b"HTTP/1.1 200 "):
            self.failures.append(Failure(method, received[:40].decode("latin-1"), asked_at))
        elif method == "GET":
            assert b"('127.0.0.1', 0)" in received, "the node does not know who asked"
            self.nodes.add(received.rpartition(b"\r\n")[2].split(b" ")[0])
        return b"connection: close" not in received.lower()

    async def more(self, count: int = 300) -> None:
        """Wait for so many more answers."""
        wanted = self.answers + count
        with trio.fail_after(20):
            while self.answers < wanted:
                await trio.testing.wait_all_tasks_blocked(0.001)

    async def comes_to(self, node: Node) -> None:
        """Wait until *node* takes part: nginx leaves one that refused out for up to two seconds."""
        assert node.process is not None
        with trio.fail_after(20):
            while b"%d" % node.process.pid not in self.nodes:
                await trio.testing.wait_all_tasks_blocked(0.001)


def configured(engine: str, port: int, nodes: Sequence[Node], folder: Path) -> list[str]:
    """Write the configuration of deploy/ with the addresses of this machine; the command that runs it."""
    text = (DEPLOY / ("haproxy.cfg" if engine == "haproxy" else "nginx.conf")).read_text()
    for number, node in enumerate(nodes, 1):
        text = text.replace(f"10.0.0.{number}:8000", f"127.0.0.1:{node.port}")
    text = text.replace("0.0.0.0:8080", f"127.0.0.1:{port}").replace("inter 1s", "inter 100ms")
    file = folder / engine
    if engine == "haproxy":
        file.write_text(text)
        return [str(HAPROXY), "-db", "-f", str(file)]
    paths = "".join(f"{name}_temp_path {folder};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    text = text.replace("http {", f"http {{\naccess_log off;\n{paths}").replace(
        "worker_processes auto", "worker_processes 1"
    )
    file.write_text(f"daemon off;\npid {folder}/pid;\nerror_log {folder}/errors;\n{text}")
    return [str(NGINX), "-c", str(file), "-e", f"{folder}/errors"]


@asynccontextmanager
async def fleet(engine: str, folder: Path) -> AsyncIterator[tuple[list[Node], Load]]:
    async with AsyncExitStack() as stack, trio.open_nursery() as nursery:
        port, *ports = stack.enter_context(reserved_ports(4))
        nodes = [Node(port) for port in ports]
        async with trio.open_nursery() as starting:
            for node in nodes:
                stack.push_async_callback(node.kill)
                starting.start_soon(node.start)
        command = configured(engine, port, nodes, folder)
        silent = subprocess.DEVNULL
        balancer = await trio.lowlevel.open_process(command, stdout=silent, stderr=silent)
        stack.push_async_callback(finish, balancer)
        load = Load(port)
        with trio.fail_after(10):
            while not await answers(port):
                await trio.testing.wait_all_tasks_blocked(0.01)
        for number in range(CLIENTS):
            nursery.start_soon(load.ask, "POST" if number % 2 else "GET")
        await load.more()
        yield nodes, load
        nursery.cancel_scope.cancel()


async def answers(port: int) -> bool:
    try:
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return (await stream.receive_some()).startswith(b"HTTP/1.1 200 ")
    except (OSError, trio.BrokenResourceError):
        return False


@ENGINES
async def test_restarts_fail_no_request_and_a_killed_node_only_what_was_under_way(engine: str, tmp_path: Path) -> None:
    async with fleet(engine, tmp_path) as (nodes, load):
        for node in nodes:
            await node.restart()
            await load.comes_to(node)
            await load.more()
        assert load.failures == []
        await nodes[0].kill()
        # The balancer learns of it in its own time: not before it has answered what each client asks next.
        await load.more(10 * CLIENTS)
        known_at = trio.current_time()
        await load.more(500)
        # What is safe to ask again was asked again; of the rest, nothing failed that was asked later.
        assert [failure for failure in load.failures if failure.method == "GET"] == []
        assert [failure for failure in load.failures if failure.asked_at > known_at] == []
