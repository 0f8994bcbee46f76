"""The contenders: corserver and its peers, each as it is started, on a free port of 127.0.0.1, with no access log."""

import contextlib
import importlib.util
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from bench.cpu import pinned
from bench.load import BenchmarkError
from bench.preflight import ANSWER_HEADERS, PATH, ask, faults
from corserver import __version__

_ROOT: Final = Path(__file__).resolve().parent.parent
_START_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Contender:
    """A server to measure. *command* takes the port and an empty directory; *missing* says how to install it, if so."""

    name: str
    command: Callable[[int, Path], list[str]]
    missing: Callable[[], str | None]
    version: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Running:
    """A contender that listens, with a right answer seen from it."""

    name: str
    version: str
    pid: int
    url: str


_NGINX_CONF: Final = """
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;  # The others have no such limit.
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      {headers}
      return 204;
    }}
  }}
}}
"""


def _corserver_command(port: int, directory: Path) -> list[str]:
    return [sys.executable, "-m", "bench.server", str(port)]


def _nginx_command(port: int, directory: Path) -> list[str]:
    headers = "\n      ".join(f'add_header {name} "{value}";' for name, value in ANSWER_HEADERS.items())
    configuration = directory / "nginx.conf"
    configuration.write_text(_NGINX_CONF.format(directory=directory, port=port, headers=headers))
    return [_nginx() or "nginx", "-p", str(directory), "-e", "stderr", "-c", str(configuration)]


def _nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def _nginx_version() -> str:
    said = subprocess.run([_nginx() or "nginx", "-v"], capture_output=True, text=True, check=True).stderr
    return said.rpartition("/")[2].strip()


def _corserver_version() -> str:
    return f"{__version__}, {_versions('trio', 'h11')()}"


def _uvicorn_command(*app: str) -> Callable[[int, Path], list[str]]:
    fastest = ("--loop", "uvloop", "--http", "httptools")
    quiet = ("--lifespan", "off", "--no-access-log", "--log-level", "error")

    def command(port: int, directory: Path) -> list[str]:
        return [sys.executable, "-m", "uvicorn", *app, "--port", str(port), *fastest, *quiet]

    return command


def _missing(*modules: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        return None if all(map(importlib.util.find_spec, modules)) else "pip install -e '.[bench]'"

    return missing


def _versions(*distributions: str) -> Callable[[], str]:
    return lambda: ", ".join(f"{name} {metadata.version(name)}" for name in distributions)


_UVICORN: Final = ("uvicorn", "uvloop", "httptools")

#: The first is the one that the others are compared with.
CONTENDERS: Final = (
    Contender("corserver", _corserver_command, lambda: None, _corserver_version),
    Contender("nginx", _nginx_command, lambda: None if _nginx() else "apt-get install nginx-light", _nginx_version),
    Contender("uvicorn", _uvicorn_command("bench.asgi:bare"), _missing(*_UVICORN), _versions(*_UVICORN)),
    Contender(
        "starlette",
        _uvicorn_command("bench.asgi:starlette", "--factory"),
        _missing(*_UVICORN, "starlette"),
        _versions("starlette", *_UVICORN),
    ),
)


@contextlib.contextmanager
def started(contender: Contender, core: int) -> Iterator[Running]:
    """*contender*, on *core*, stopped when the block is left. Raises `BenchmarkError` if it does not answer right."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, open(f"{name}/output", "w+b") as output:
        port = _free_port()
        command = contender.command(port, Path(name))
        with pinned(core):
            # A session of its own, so that Ctrl-C is for the benchmark, which then stops it.
            process = subprocess.Popen(
                command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        try:
            wrong = _wait_for_answer(process, port)
            if wrong:
                output.seek(0)
                said = output.read().decode(errors="replace")
                raise BenchmarkError(f"{contender.name} does not answer as it should: {wrong}\n{said}")
            yield Running(contender.name, contender.version(), process.pid, f"http://127.0.0.1:{port}{PATH}")
        finally:
            _stop(process)


def _free_port() -> int:
    # nginx takes no port 0, so one that was free a moment ago has to do for all.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_answer(process: subprocess.Popen[bytes], port: int) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            return "; ".join(faults(*ask("127.0.0.1", port)))
        except ConnectionError:  # A peer gives no sign that it listens: ask again, sooner if it ends meanwhile.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
    return "it did not start"


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
