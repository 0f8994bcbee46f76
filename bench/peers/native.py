"""nginx, Caddy, lighttpd, the floor: servers that send what was written down for them, and files."""

import functools
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.answers import ACTUAL_ANSWER, ITEM_BODY, PATH, PREFLIGHT_ANSWER, STORED_BODY
from bench.exchanges import Kind
from bench.peers.contender import Contender, Place, kept_folder, needs_program, program

_NGINX: Final = """
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {directory}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 15000; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;  # The others have no such limit.
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  types {{ application/octet-stream bin; }}
  default_type application/json;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      {headers}
      {answer}
    }}
  }}
}}
"""

_CADDY: Final = """{{
  admin off
  auto_https off
  log {{
    level ERROR
  }}
}}
http://127.0.0.1:{port} {{
  bind 127.0.0.1
  header {{
    {headers}
  }}
  {answer}
}}
"""

_LIGHTTPD: Final = """
server.document-root = "{root}"
server.port = {port}
server.bind = "127.0.0.1"
server.modules = ( "mod_setenv" )
server.max-fds = 20000
server.max-connections = 15000
server.max-keep-alive-requests = 1000000000
server.max-keep-alive-idle = 75
setenv.set-response-header = ( {headers} )
mimetype.assign = ( ".bin" => "application/octet-stream", "" => "application/json" )
"""


def _fixed_headers(kind: Kind) -> Mapping[str, str]:
    return PREFLIGHT_ANSWER if kind is Kind.PREFLIGHT else ACTUAL_ANSWER


def nginx_command(place: Place) -> list[str]:
    """Write its configuration, and how it is started."""
    answers = {
        Kind.PREFLIGHT: "return 204;",
        Kind.JSON: f"return 200 '{ITEM_BODY.decode()}';",
        Kind.FILES: f"root {place.files};",
    }
    headers = "\n      ".join(f'add_header {name} "{value}";' for name, value in _fixed_headers(place.kind).items())
    text = _NGINX.format(directory=place.directory, port=place.port, headers=headers, answer=answers[place.kind])
    (place.directory / "nginx.conf").write_text(text)
    for folder in (place.directory, place.files):  # The worker is another user where the master is root.
        folder.chmod(0o755)
    return [program("nginx") or "", "-p", str(place.directory), "-e", "stderr", "-c", f"{place.directory}/nginx.conf"]


def _caddy_command(place: Place) -> list[str]:
    answers = {
        Kind.PREFLIGHT: "respond 204",
        Kind.JSON: f"header Content-Type application/json\n  respond `{ITEM_BODY.decode()}` 200",
        Kind.FILES: f"root * {place.files}\n  file_server",
    }
    headers = "\n    ".join(f"{name} {value}" for name, value in _fixed_headers(place.kind).items())
    text = _CADDY.format(port=place.port, headers=headers, answer=answers[place.kind])
    (place.directory / "Caddyfile").write_text(text)
    # It keeps its configuration in its home.
    return [
        "env",
        f"HOME={place.directory}",
        f"XDG_CONFIG_HOME={place.directory}",
        program("caddy") or "",
        "run",
        "--config",
        f"{place.directory}/Caddyfile",
        "--adapter",
        "caddyfile",
    ]


def _lighttpd_command(place: Place) -> list[str]:
    root = place.files
    if place.kind is not Kind.FILES:  # A file that there is: OPTIONS of it is 200 without a body.
        root = place.directory / "root"
        item = root / PATH.lstrip("/")
        item.parent.mkdir(parents=True)
        item.write_bytes(ITEM_BODY)
    headers = ", ".join(f'"{name}" => "{value}"' for name, value in _fixed_headers(place.kind).items())
    (place.directory / "lighttpd.conf").write_text(_LIGHTTPD.format(root=root, port=place.port, headers=headers))
    return [program("lighttpd") or "", "-D", "-f", f"{place.directory}/lighttpd.conf"]


def version_of(name: str, *arguments: str) -> str:
    """The version that a program says it is."""
    done = subprocess.run([program(name) or name, *arguments], capture_output=True, text=True, check=True)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else "?"


# The floor: what the kernel costs.


def _fixed_answer(kind: Kind, closes: bool) -> bytes:
    body = {Kind.PREFLIGHT: b"", Kind.JSON: ITEM_BODY, Kind.POST: STORED_BODY}[kind]
    headers = dict(_fixed_headers(kind))
    if kind is not Kind.PREFLIGHT:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    if closes:
        headers["Connection"] = "close"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {'200 OK' if body else '204 No Content'}\r\n{lines}\r\n".encode() + body


@functools.cache
def build_floor() -> Path:
    """The compiled floor, once for this process. Raises `subprocess.CalledProcessError`."""
    directory = kept_folder("floor")
    source = Path(__file__).with_name("floor.c")
    subprocess.run([shutil.which("cc") or "cc", "-O2", "-o", f"{directory}/floor", str(source)], check=True)
    return directory / "floor"


def _floor_command(place: Place) -> list[str]:
    answer = place.directory / "answer"
    answer.write_bytes(_fixed_answer(place.kind, place.closes))
    return [str(build_floor()), str(place.port), str(answer), *(["close"] if place.closes else [])]


_DECIDED: Final = frozenset({Kind.PREFLIGHT, Kind.JSON, Kind.FILES})

NATIVE: Final = (
    Contender(
        name="floor",
        command=_floor_command,
        version=lambda: f"cc {version_of('cc', '-dumpfullversion', '-dumpversion')}",
        missing=needs_program("cc", "apt-get install gcc libc6-dev"),
    ),
    Contender(
        name="nginx",
        command=nginx_command,
        version=lambda: version_of("nginx", "-v"),
        kinds=_DECIDED,
        missing=needs_program("nginx", "apt-get install nginx-light"),
    ),
    Contender(
        name="caddy",
        command=_caddy_command,
        version=lambda: version_of("caddy", "version"),
        kinds=_DECIDED,
        missing=needs_program("caddy", "apt-get install caddy"),
    ),
    Contender(
        name="lighttpd",
        command=_lighttpd_command,
        version=lambda: version_of("lighttpd", "-v"),
        kinds=_DECIDED,
        missing=needs_program("lighttpd", "apt-get install lighttpd"),
    ),
)


def _node_command(name: str, *options: str) -> Contender:
    def command(place: Place) -> list[str]:
        given = (option.format(files=place.files, port=place.port) for option in options)
        return [program(name) or name, *given]

    return Contender(
        name=name,
        command=command,
        version=lambda: version_of(name, "--version"),
        kinds=frozenset({Kind.FILES}),
        missing=needs_program(name, f"npm install -g {name}"),
        environment={"NO_UPDATE_CHECK": "1"},
    )


NODE: Final = (
    _node_command("http-server", "{files}", "-a", "127.0.0.1", "-p", "{port}", "--cors", "-s"),
    _node_command("serve", "-l", "tcp://127.0.0.1:{port}", "--cors", "-L", "-u", "{files}"),
)
