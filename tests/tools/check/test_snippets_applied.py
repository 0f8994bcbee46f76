"""A faulty server, `check` that says BLOCKED, its snippet put in as it is printed, and `check` that says ALLOWED."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner

from corserver.cli.check import check as command
from tests.cli.running import ENVIRONMENT, Running
from tests.ports import reserved_ports
from tests.tools.check.server import Answered, Asked, serving

Serve = Callable[[Path, str], AbstractAsyncContextManager[str]]
_GET = ["--read", "etag"]
_PUT = ["-X", "PUT", "-H", "content-type: application/json", "-H", "authorization: x", "-d", "{}", "--read", "etag"]
QUESTIONS = {"a get": _GET, "a put with credentials": [*_PUT, "--credentials", "include"]}


async def check(url: str, name: str, options: list[str]) -> tuple[str, str]:
    """The verdict's line, and the snippet for the server called *name* as it is printed."""
    arguments = [url, "--origin", "https://app.example", *options, "--fix", name]
    with trio.fail_after(60):
        done = await trio.to_thread.run_sync(partial(CliRunner().invoke, command, arguments))
    printed = done.stdout
    code = re.search(r"^  With .*:\n((?: {6}.*\n)+)", printed, re.MULTILINE)
    return printed.partition("\n")[0], "" if code is None else textwrap.dedent(code[1])


@asynccontextmanager
async def program(*command: str, cwd: Path, sign: str = "http://127.0.0.1:", **environment: str) -> AsyncIterator[str]:
    """A server's process; the line of what it says that has *sign*. Ended when the block is left."""
    process = await trio.lowlevel.open_process(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**ENVIRONMENT, **environment}
    )
    try:
        yield await Running(process).line_with(sign)
    finally:
        process.terminate()
        await process.wait()


def _url(line: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert found is not None, line
    return found[0]


@asynccontextmanager
async def fastapi(directory: Path, snippet: str) -> AsyncIterator[str]:
    (directory / "main.py").write_text(
        f"""
from fastapi import FastAPI, Response

app = FastAPI()

@app.get("/items")
@app.put("/items")
def items(response: Response):
    response.headers["ETag"] = '"1"'
    return {{}}

{snippet}
"""
    )
    async with program(sys.executable, "-m", "uvicorn", "main:app", "--port", "0", cwd=directory) as line:
        yield _url(line)


@asynccontextmanager
async def flask(directory: Path, snippet: str) -> AsyncIterator[str]:
    (directory / "main.py").write_text(
        f"""
from flask import Flask

app = Flask(__name__)

@app.get("/items")
@app.put("/items")
def items():
    return {{}}, 200, {{"ETag": '"1"'}}

{snippet}
app.run(port=0)
"""
    )
    async with program(sys.executable, "main.py", cwd=directory) as line:
        yield _url(line)


@asynccontextmanager
async def corserver(directory: Path, snippet: str) -> AsyncIterator[str]:
    (directory / "main.py").write_text(
        f"""
import functools
import trio
from corserver import App, Response, serve

app = App()
{snippet}

@app.route("/items", methods=["GET", "PUT"])
async def items(request):
    return Response("{{}}", headers={{"ETag": '"1"'}})

async def main():
    async with trio.open_nursery() as nursery:
        server = await nursery.start(functools.partial(serve, app, port=0))
        print(server.url, flush=True)

trio.run(main)
"""
    )
    async with program(sys.executable, "main.py", cwd=directory) as line:
        yield _url(line)


@asynccontextmanager
async def express(directory: Path, snippet: str) -> AsyncIterator[str]:
    (directory / "main.js").write_text(
        f"""
const express = require('express')
const app = express()
{snippet}
app.all('/items', (request, response) => response.json({{}}))
const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${{server.address().port}}`))
"""
    )
    async with program("node", "main.js", cwd=directory, NODE_PATH=_node_path()) as line:
        yield _url(line)


def _node_path() -> str:
    """Where modules are looked for: of `npm install --prefix .venv/node express cors`, else Debian's."""
    return os.environ.get("NODE_PATH", f"{Path(sys.prefix) / 'node' / 'node_modules'}:/usr/share/nodejs")


def _has_express() -> bool:
    if shutil.which("node") is None:
        return False
    command = ["node", "-e", "require('express'); require('cors')"]
    environment = {**os.environ, "NODE_PATH": _node_path()}
    return subprocess.run(command, capture_output=True, env=environment, check=False).returncode == 0


def app_behind(asked: Asked) -> Answered:
    """What nginx and Caddy stand before: an app that knows nothing of CORS, and refuses what it does not know."""
    return Answered(200 if asked.method in ("GET", "PUT") else 405, (("ETag", '"1"'),))


@asynccontextmanager
async def nginx(directory: Path, snippet: str) -> AsyncIterator[str]:
    names = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{name}_temp_path {directory}; " for name in names)
    user = "user root;" if os.getuid() == 0 else ""
    with reserved_ports(1) as [port]:
        async with serving(app_behind) as behind:
            proxy = f"proxy_pass {behind}; #"
            location = snippet.replace("# what is there already", proxy) or f"location / {{ {proxy}\n }}"
            (directory / "nginx.conf").write_text(
                f"{user} pid {directory}/pid; daemon off; error_log stderr notice; events {{}}"
                f" http {{ access_log off; {places} server {{ listen 127.0.0.1:{port};\n{location}\n}} }}"
            )
            command = ["nginx", "-p", str(directory), "-c", str(directory / "nginx.conf")]
            async with program(*command, cwd=directory, sign="start worker process"):
                yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def caddy(directory: Path, snippet: str) -> AsyncIterator[str]:
    with reserved_ports(1) as [port]:
        async with serving(app_behind) as behind:
            proxy = f"reverse_proxy {behind} #"
            site = snippet.replace("# what is there already", proxy) or proxy
            (directory / "Caddyfile").write_text(f"{{\n  admin off\n}}\nhttp://127.0.0.1:{port} {{\n{site}\n}}\n")
            command = ["caddy", "run", "--config", str(directory / "Caddyfile")]
            home = str(directory)
            async with program(*command, cwd=directory, sign="serving initial configuration", HOME=home):
                yield f"http://127.0.0.1:{port}"


_SPRING = Path(__file__).parent / "spring"
_JARS = ":".join(
    f"/usr/share/java/{name}.jar"
    for name in (
        *(f"spring3-{part}" for part in ("aop", "beans", "context", "core", "expression", "web", "web.servlet")),
        *(f"tomcat9-{part}" for part in ("annotations-api", "api", "catalina", "coyote", "jaspic-api", "jni")),
        *(f"tomcat9-{part}" for part in ("jsp-api", "juli", "servlet-api", "util", "util-scan")),
        "commons-logging",
    )
)
#: A JVM that starts quickly and does not live long.
_QUICKLY = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


@asynccontextmanager
async def spring(directory: Path, snippet: str) -> AsyncIterator[str]:
    sources = [str(path) for path in _SPRING.rglob("*.java")]
    configurations = ["CorsConfig"] if snippet else []
    for name in configurations:
        (directory / f"{name}.java").write_text(snippet)
        sources.append(str(directory / f"{name}.java"))
    compiling = ("-proc:none", "-Xlint:-options", "--release", "8", "-cp", _JARS, "-d", str(directory))
    await trio.run_process(["javac", *(f"-J{flag}" for flag in _QUICKLY), *compiling, *sources])
    # its proxies of configurations are made by a method that later versions of Java hide
    opened = ("--add-opens", "java.base/java.lang=ALL-UNNAMED")
    command = ["java", *_QUICKLY, *opened, "-cp", f"{directory}:{_JARS}", "Site", *configurations]
    async with program(*command, cwd=directory) as line:
        yield _url(line)


def _has_spring() -> bool:
    return shutil.which("javac") is not None and all(Path(jar).exists() for jar in _JARS.split(":"))


def _missing(*modules: str) -> bool:
    return any(find_spec(module) is None for module in modules)


SERVERS = [
    pytest.param(corserver, id="corserver"),
    pytest.param(
        fastapi,
        id="fastapi",
        marks=pytest.mark.skipif(_missing("fastapi", "uvicorn"), reason="pip install fastapi uvicorn"),
    ),
    pytest.param(
        flask,
        id="flask",
        marks=pytest.mark.skipif(_missing("flask", "flask_cors"), reason="pip install flask flask-cors"),
    ),
    pytest.param(
        express,
        id="express",
        marks=pytest.mark.skipif(not _has_express(), reason="npm install --prefix .venv/node express cors"),
    ),
    pytest.param(
        spring,
        id="spring",
        marks=pytest.mark.skipif(
            not _has_spring(),
            reason="apt-get install default-jdk-headless libspring-web-servlet-java libtomcat9-java",
        ),
    ),
    pytest.param(
        nginx,
        id="nginx",
        marks=pytest.mark.skipif(shutil.which("nginx") is None, reason="apt-get install nginx-light"),
    ),
    pytest.param(
        caddy, id="caddy", marks=pytest.mark.skipif(shutil.which("caddy") is None, reason="apt-get install caddy")
    ),
]


@pytest.mark.parametrize("serve", SERVERS)
async def test_the_snippet_mends_the_server(serve: Serve, tmp_path: Path) -> None:
    name = serve.__name__
    found: dict[str, str] = {}
    async with serve(tmp_path, "") as url:
        for question, options in QUESTIONS.items():
            verdict, found[question] = await check(f"{url}/items", name, options)
            assert verdict.startswith("BLOCKED"), verdict
    for question, snippet in found.items():
        assert snippet
        async with serve(tmp_path, snippet) as url:
            verdict, _ = await check(f"{url}/items", name, QUESTIONS[question])
        assert verdict.startswith("ALLOWED"), f"{question}: {verdict}\n{snippet}"
