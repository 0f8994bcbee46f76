"""Proxies, all in front of the same nginx: what a proxied request costs."""

import atexit
import contextlib
import functools
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from bench.answers import HEADER, MAX_AGE, METHOD, ORIGIN
from bench.cpu import choose_cores, pinned
from bench.exchanges import Kind
from bench.load import BenchmarkError
from bench.peers.contender import Contender, Place, free_port, kept_folder, needs_program, program
from bench.peers.native import nginx_command, version_of
from bench.peers.python import corserver_version

_START_SECONDS: Final = 10.0
_KINDS: Final = frozenset({Kind.JSON, Kind.FILES})

_NGINX_PROXY: Final = """
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 15000; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  upstream there {{ server 127.0.0.1:{upstream}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      proxy_pass http://there;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"""


@functools.cache
def upstream(kind: Kind, files: Path) -> int:
    """The port of an nginx that answers what is asked; it runs on the load's core until the benchmark ends.

    Raises `BenchmarkError` if it does not start.
    """
    port = free_port()
    folder = kept_folder("upstream")
    with open(folder / "output", "wb") as output, pinned(choose_cores().load):
        command = nginx_command(Place(port, folder, kind, files))
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    atexit.register(process.terminate)
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
            return port
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.01)  # It gives no sign that it listens: ask again, sooner if it ends meanwhile.
    raise BenchmarkError(f"the upstream does not start: {(folder / 'output').read_text(errors='replace')[-2000:]}")


def _corserver_command(place: Place) -> list[str]:
    url = f"http://127.0.0.1:{upstream(place.kind, place.files)}"
    policy = ["--cors", ORIGIN, "--cors-methods", METHOD, "--cors-headers", HEADER, "--cors-max-age", str(MAX_AGE)]
    options = ["--port", str(place.port), "--strict-port", "--no-access-log", "--no-config", "--quiet"]
    return [sys.executable, "-m", "corserver", "proxy", url, *policy, *options]


def _nginx_command(place: Place) -> list[str]:
    port = upstream(place.kind, place.files)
    file = place.directory / "nginx.conf"
    file.write_text(_NGINX_PROXY.format(directory=place.directory, port=place.port, upstream=port))
    place.directory.chmod(0o755)  # The worker is another user where the master is root.
    return [program("nginx") or "", "-p", str(place.directory), "-e", "stderr", "-c", str(file)]


def _local_cors_proxy_command(place: Place) -> list[str]:
    url = f"http://127.0.0.1:{upstream(place.kind, place.files)}"
    options = ["--proxyUrl", url, "--port", str(place.port), "--proxyPartial", "", "--origin", ORIGIN]
    return [program("lcp") or "lcp", *options]


def _local_cors_proxy_version() -> str:
    # It does not say its version; the package that it is of does.
    found = [parent / "package.json" for parent in Path(program("lcp") or "lcp").resolve().parents]
    package = next((file for file in found if file.exists()), None)
    return "?" if package is None else str(json.loads(package.read_text())["version"])


_NEEDS_NGINX: Final = needs_program("nginx", "apt-get install nginx-light")
_NEEDS_LCP: Final = needs_program("lcp", "npm install -g local-cors-proxy")

PROXIES: Final = (
    Contender(
        name="corserver-proxy",
        command=_corserver_command,
        version=corserver_version,
        kinds=_KINDS,
        missing=_NEEDS_NGINX,
    ),
    Contender(
        name="nginx-proxy",
        command=_nginx_command,
        version=lambda: version_of("nginx", "-v"),
        kinds=_KINDS,
        missing=_NEEDS_NGINX,
    ),
    Contender(
        name="local-cors-proxy",
        command=_local_cors_proxy_command,
        version=_local_cors_proxy_version,
        kinds=_KINDS,
        missing=lambda: _NEEDS_NGINX() or _NEEDS_LCP(),
    ),
)
