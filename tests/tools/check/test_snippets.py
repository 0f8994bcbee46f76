"""The configurations do what they say: nginx and corserver are run with theirs, the Python ones are Python."""

import ast
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import trio

import corserver
from corserver.cors.browser import Credentials, parse_url
from corserver.tools.check.exchanges import Reply
from corserver.tools.check.question import Question
from corserver.tools.check.report import Report
from corserver.tools.check.sending import Sender, check
from corserver.tools.check.snippets import SERVERS, Wish, recognised, snippets
from tests.ports import reserved_ports

WISH = Wish(
    origin="https://app.example",
    path="/items",
    methods=("PUT",),
    headers=("content-type", "authorization"),
    expose=("etag",),
    credentials=True,
)


async def asked(url: str) -> Report:
    parsed = parse_url(url)
    assert parsed is not None
    question = Question(
        url=parsed,
        origin=b"https://app.example",
        method=b"PUT",
        headers=((b"content-type", b"application/json"), (b"authorization", b"x")),
        credentials=Credentials.INCLUDE,
    )
    return await check(question, Sender())


async def test_the_policy_for_corserver_allows_what_was_wished() -> None:
    names: dict[str, object] = {}
    exec(SERVERS["corserver"].write(WISH), names)
    app = names["app"]
    assert isinstance(app, corserver.App)
    async with trio.open_nursery() as nursery:
        server: corserver.Server = await nursery.start(
            lambda task_status: corserver.serve(app, port=0, task_status=task_status)
        )
        report = await asked(f"{server.url}/items")
        nursery.cancel_scope.cancel()
    assert report.is_allowed
    assert report.status == 404, "nothing is routed there, and the script reads that"


@pytest.mark.skipif(shutil.which("nginx") is None, reason="apt-get install nginx-light")
async def test_the_configuration_for_nginx_allows_what_was_wished_on_errors_too(tmp_path: Path) -> None:
    with reserved_ports(1) as [port]:
        location = SERVERS["nginx"].write(WISH).replace("# what is there already", "return 500; #")
        places = "".join(
            f"{name}_temp_path {tmp_path}; " for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        )
        user = "user root;" if os.getuid() == 0 else ""
        config = tmp_path / "nginx.conf"
        config.write_text(
            f"{user} pid {tmp_path}/pid; error_log {tmp_path}/errors; events {{}}"
            f" http {{ access_log off; {places} server {{ listen 127.0.0.1:{port};\n{location}\n}} }}"
        )
        command = ["nginx", "-p", str(tmp_path), "-c", str(config)]
        # it returns once it listens
        await trio.run_process(command, stderr=subprocess.DEVNULL)
        try:
            report = await asked(f"http://127.0.0.1:{port}/items")
        finally:
            await trio.run_process([*command, "-s", "stop"], stderr=subprocess.DEVNULL)
    assert (report.is_allowed, report.status) == (True, 500)


@pytest.mark.parametrize("name", ["fastapi", "flask", "corserver"])
@pytest.mark.parametrize("wish", [WISH, replace(WISH, headers=(), expose=(), credentials=False)], ids=["all", "least"])
def test_python_is_python(name: str, wish: Wish) -> None:
    ast.parse(SERVERS[name].write(wish))


@pytest.mark.skipif(shutil.which("node") is None, reason="apt-get install nodejs")
def test_javascript_is_javascript(tmp_path: Path) -> None:
    script = tmp_path / "cors.js"
    script.write_text(SERVERS["express"].write(WISH))
    subprocess.run(["node", "--check", str(script)], check=True)


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_each_names_the_origin_the_method_and_the_headers(name: str) -> None:
    code = SERVERS[name].write(WISH)
    assert all(word in code for word in ("https://app.example", "PUT", "content-type", "authorization", "etag"))


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({b"Server": b"nginx/1.25.3"}, "nginx"),
        ({b"Server": b"openresty"}, "nginx"),
        ({b"Server": b"Caddy"}, "caddy"),
        ({b"X-Powered-By": b"Express"}, "express"),
        ({b"Server": b"nginx", b"X-Powered-By": b"Express"}, "express"),
        ({b"Server": b"uvicorn"}, "fastapi"),
        ({b"Server": b"Werkzeug/3.0 Python/3.12"}, "flask"),
        ({b"Server": b"gunicorn"}, "flask"),
        ({b"Server": b"Apache-Coyote/1.1"}, "spring"),
        ({b"Server": b"corserver"}, "corserver"),
        ({b"Server": b"cloudflare"}, None),
        ({}, None),
    ],
)
def test_a_server_is_recognised_by_what_it_says(headers: dict[bytes, bytes], name: str | None) -> None:
    found = recognised([Reply(status=200, headers=tuple(headers.items()))])
    assert (None if found is None else found[0]) == name


@pytest.mark.parametrize(
    ("body", "name"), [(b"Invalid CORS request", "spring"), (b"Disallowed CORS origin, method", "fastapi"), (b"", None)]
)
def test_a_server_is_recognised_by_its_refusal(body: bytes, name: str | None) -> None:
    found = recognised([Reply(status=403, body=body)])
    assert (None if found is None else found[0]) == name


def test_those_that_are_named_are_shown_else_the_one_that_was_recognised() -> None:
    seen = ("nginx", "nginx/1.25")
    assert [snippet.name for snippet in snippets(WISH, (), seen)] == ["nginx"]
    assert [snippet.name for snippet in snippets(WISH, ("flask", "caddy", "flask"), seen)] == ["flask", "caddy"]
    assert [snippet.name for snippet in snippets(WISH, ("all",), None)] == list(SERVERS)
    assert snippets(WISH, (), None) == ()
