"""`python -m docs.others` asks servers of the same directory the same questions, and prints the README's table.

It needs Chromium, nginx, `pip install -e '.[docs]'`, and the other two in PATH: `npm install http-server serve`, then
`PATH=$PWD/node_modules/.bin:$PATH`.
"""

import contextlib
import gzip
import http.client
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from corserver import Request, Response, StaticFiles
from corserver.config import cors_policy
from corserver.testing import running
from docs.pictures import browser

_README: Final = Path(__file__).parent.parent / "README.md"
_NGINX: Final = """
daemon off; pid nginx.pid; error_log stderr; events {{}}
http {{
  include /etc/nginx/mime.types; access_log off; client_body_temp_path body; proxy_temp_path proxy;
  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {{
    listen 127.0.0.1:{port}; root {root};
    add_header Access-Control-Allow-Origin *; autoindex on; gzip_static on;
  }}
}}
"""

#: What a page of another origin asks, as the body of a function of the server's *url*: it returns the table's cell.
IN_A_PAGE: Final = {
    "`GET` can be read": "await fetch(`${url}/data.txt`); return 'yes'",
    "`PUT` of JSON: what the script sees": """
        const headers = {'Content-Type': 'application/json'};
        return fetch(`${url}/data.txt`, {method: 'PUT', headers, body: '{}'}).then(r => `${r.status}`,
                                                                                   () => 'CORS error')""",
    "`GET` with `Authorization`": "await fetch(`${url}/data.txt`, {headers: {Authorization: 'x'}}); return 'yes'",
    "a 404 can be read": "const {status} = await fetch(`${url}/no`); return status == 404 ? 'yes' : 'no'",
    "a preflighted 404": """
        const {status} = await fetch(`${url}/no`, {headers: {'X-Asked': '1'}});
        return status == 404 ? 'yes' : 'no'""",
    "`Content-Range`, `ETag` readable": """
        const {headers} = await fetch(`${url}/data.txt`, {cache: 'no-store', headers: {Range: 'bytes=0-1'}});
        return headers.has('content-range') && headers.has('etag') ? 'yes' : 'no'""",
    "`import()` of an `.mjs`": """
        try { return (await import(`${url}/module.mjs`)).default == 42 ? 'yes' : 'no' } catch {
          const {headers} = await fetch(`${url}/module.mjs`);
          return `no (${headers.get('content-type')})` }""",
}


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Server(NamedTuple):
    """A server on this machine, at *port*."""

    port: int

    def ask(self, target: str = "/data.txt", method: str = "GET", **lines: str) -> Answer:
        """The answer to one request, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in ({"Host": "localhost"} | lines).items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())


def _last_bytes(server: Server) -> str:
    answer = server.ask(Range="bytes=-5")
    known = {(206, b"56789"): "yes", (200, b"0123456789"): "whole file"}
    return known.get((answer.status, answer.body), str(answer.status))


def _two_parts(server: Server) -> str:
    answer = server.ask(Range="bytes=0-1,5-6")
    if answer.headers.get("content-type", "").startswith("multipart/byteranges"):
        return "yes"
    return {b"01": "first only", b"0123456789": "whole file"}.get(answer.body, str(answer.status))


def _stale(server: Server) -> str:
    status, _, body = server.ask(Range="bytes=0-1", If_Range='"of another version"')
    return "whole file" if (status, len(body)) == (200, 10) else f"wrong: {status}"


def _list_of_tags(server: Server) -> str:
    tag = server.ask().headers.get("etag")
    return str(server.ask(If_None_Match=f'"x", {tag}').status) if tag else "no ETag"


def _gzip(server: Server) -> str:
    headers = server.ask("/style.css", Accept_Encoding="gzip").headers
    if headers.get("content-encoding") != "gzip":
        return "no gzip"
    return "yes" if "accept-encoding" in ", ".join(headers.get_all("vary", [])).lower() else "no `Vary`"


def _served(*targets: str) -> Callable[[Server], str]:
    def ask(server: Server) -> str:
        found = {server.ask(target).status for target in targets}
        return ", ".join("served" if status == 200 else str(status) for status in sorted(found))

    return ask


def _redirected(server: Server) -> str:
    for begin, said in (("//", "yes"), ("/\\", r"via `/\`")):
        location = server.ask(f"{begin}evil.test/%2e%2e/sub").headers.get("location", "")
        if location.startswith(("//", "/\\")):
            return said
    return "no"


def _posted(server: Server) -> str:
    status, _, body = server.ask(method="POST", Content_Length="0")
    return f"{status}, the file" if body == b"0123456789" else str(status)


#: What anybody can ask: from the server to the table's cell.
ON_THE_WIRE: Final[Mapping[str, Callable[[Server], str]]] = {
    "`bytes=-5`": _last_bytes,
    "`bytes=0-1,5-6`": _two_parts,
    "stale `If-Range`": _stale,
    "`If-None-Match` with a list": _list_of_tags,
    "gzip sent with `Vary`": _gzip,
    "`/.env`, `/.git/HEAD`": _served("/.env", "/.git/HEAD"),
    "link to a file outside": _served("/link.txt"),
    "file in a linked directory outside": _served("/linked/secret.txt"),
    "redirect to `//evil.test/…`": _redirected,
    "`Host: evil.example` (rebinding)": lambda server: str(server.ask(Host="evil.example").status),
    "`POST` to a file": _posted,
}


def told(name: str) -> dict[str, str]:
    """What the README's table says of the server called *name*: the cell of each row."""
    table = _README.read_text().partition("## The same directory")[2].partition("\n## ")[0]
    head, _, *rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]
    return {row[0]: row[1 + head.index(name)] for row in rows}


def make_directory(home: Path) -> Path:
    """What is served, in *home*: a site with what must not leave it."""
    home.chmod(0o755)  # nginx's workers are nobody.
    root, outside = home / "root", home / "outside"
    for directory in (root / "sub", root / ".git", outside):
        directory.mkdir(parents=True)
    style = b"a { color: red }\n" * 100
    files = {"data.txt": b"0123456789", "module.mjs": b"export default 42", ".env": b"KEY=1", ".git/HEAD": b"ref"}
    for name, content in (files | {"style.css": style, "style.css.gz": gzip.compress(style)}).items():
        (root / name).write_bytes(content)
    (outside / "secret.txt").write_bytes(b"secret")
    (root / "link.txt").symlink_to(outside / "secret.txt")
    (root / "linked").symlink_to(outside)
    return root


@contextlib.contextmanager
def others(root: Path) -> Iterator[dict[str, Server]]:
    """The servers of *root*, corserver last."""
    ports = [_free_port() for _ in range(4)]
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        (Path(scratch) / "nginx.conf").write_text(_NGINX.format(port=ports[3], root=root))
        commands = {
            "http.server": [sys.executable, "-m", "http.server", "-b", "127.0.0.1", f"{ports[0]}"],
            "http-server": ["http-server", ".", "--cors", "-g", "-a", "127.0.0.1", "-p", f"{ports[1]}"],
            "serve": ["serve", "--cors", "-n", "-l", f"tcp://127.0.0.1:{ports[2]}"],
            "nginx": ["nginx", "-p", scratch, "-e", "stderr", "-c", f"{scratch}/nginx.conf"],
        }
        found = {}
        for port, (name, command) in zip(ports, commands.items(), strict=True):
            quiet = subprocess.DEVNULL
            process = stack.enter_context(subprocess.Popen(command, cwd=root, stdout=quiet, stderr=quiet))
            stack.callback(process.terminate)
            found[name] = Server(port)
            _wait_for(port)
        own = stack.enter_context(running(StaticFiles(root), cors=cors_policy(["*"])))
        yield found | {"corserver": Server(int(own.url.rpartition(":")[2]))}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port}")


async def _page(request: Request) -> Response:
    return Response("<title>another origin</title>", headers={"Content-Type": "text/html"})


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        root = make_directory(Path(home).resolve())
        servers = stack.enter_context(others(root))
        page = stack.enter_context(browser(800, 600))
        page.goto(stack.enter_context(running(_page)).url)
        print("|", *servers, sep=" | ", end=" |\n")
        print("|---" * (len(servers) + 1), end="|\n")
        for row, script in IN_A_PAGE.items():
            asked = f"(url) => (async () => {{ {script} }})().catch(() => 'no')"
            cells = [page.evaluate(asked, f"http://127.0.0.1:{server.port}") for server in servers.values()]
            print("|", " | ".join([row, *cells]), "|")
        for row, ask in ON_THE_WIRE.items():
            print("|", " | ".join([row, *map(ask, servers.values())]), "|")


if __name__ == "__main__":
    main()
