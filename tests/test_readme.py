"""What the README says is so: its commands, its example, its names."""

import os
import re
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio
import websockets
from websockets.sync.client import connect

import corserver
from corserver.apps.asgi.protocol import Receive, Scope, Send
from corserver.apps.wsgi import wsgi
from corserver.testing import running
from tests.cli.running import corserver as started
from tests.cli.running import output
from tests.testing.example_files import needs_playwright, needs_selenium, run_file
from tests.trio_asyncio_here import needing, needs_asyncio

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_two_commands_stand_first_and_the_ci_runs_the_test_command_word_for_word() -> None:
    run, test = (block.strip() for block in blocks("sh")[:2])
    assert all(command.startswith("python3 -m venv .venv && ") and "\n" not in command for command in (run, test))
    assert test in (ROOT / ".ci" / "run").read_text().splitlines()


@asynccontextmanager
async def first_example(directory: Path) -> AsyncIterator[str]:
    """The server of the first example, in a directory with a `public`; its URL."""
    public = directory / "public"
    public.mkdir()
    (public / "page.txt").write_text("a page")
    names: dict[str, object] = {}
    exec(blocks("python")[0].replace("trio.run(serve, app)", ""), names)
    app = names["app"]
    assert isinstance(app, corserver.App)
    async with trio.open_nursery() as nursery:
        server: corserver.Server = await nursery.start(
            lambda task_status: corserver.serve(app, port=0, task_status=task_status)
        )
        yield server.url
        nursery.cancel_scope.cancel()


async def test_the_example_does_what_is_said_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    site = {"Origin": "https://site-a.example"}
    async with first_example(tmp_path) as url, httpx.AsyncClient(base_url=url, headers=site) as client:
        asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
        preflight = await client.options("/items/7", headers=asked)
        answers = [
            await client.put("/items/7", json={"a": 1}),
            await client.put("/items/7", content=b"{"),
            await client.get("/page.txt"),
            await client.get("/nothing"),
        ]
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "PUT"
    assert [answer.status_code for answer in answers] == [200, 400, 200, 404]
    assert answers[0].json() == {"id": "7", "item": {"a": 1}}
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {site["Origin"]}


def commands() -> list[str]:
    """The lines of the shell's blocks that start corserver."""
    return [line for block in blocks("sh") for line in block.splitlines() if line.startswith("corserver ")]


def commands_in_prose() -> list[str]:
    """Those that stand in a sentence, but for `corserver DIR`: that is a word for a command."""
    prose = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    found = (" ".join(command.split()) for command in re.findall(r"`(corserver [^`]+)`", prose))
    return [command for command in dict.fromkeys(found) if command != "corserver DIR"]


#: The commands that ask and end, each with what it is to say; the others serve until they are stopped.
SAID = {"check": "ALLOWED: ", "explain": "BLOCKED at the preflight: ", "bench": "  errors      none"}


def is_question(command: str) -> bool:
    return command.split()[1] in SAID


def test_each_tool_has_an_example() -> None:
    assert {command.split()[1] for command in commands()} >= {*SAID, "demo", "./public"}


@pytest.mark.parametrize("command", [command for command in commands() if is_question(command)])
async def test_a_question_is_answered(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word, but for the port; and a benchmark may end a little earlier."""
    monkeypatch.chdir(tmp_path)
    async with first_example(tmp_path) as url:
        words = shlex.split(command.replace("http://127.0.0.1:8000", url))[1:]
        options = ["--requests", "500"] if words[0] == "bench" else []
        async with started(*words, *options) as running:
            text = await output(running)
            assert await running.process.wait() == 0, text
    assert any(line.startswith(SAID[words[0]]) for line in text.splitlines()), text


@pytest.mark.parametrize("command", [command for command in commands() if not is_question(command)])
async def test_a_server_serves_until_it_is_stopped(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Word for word; a browser that is to be opened is a program that writes down what it is to show."""
    (tmp_path / "public").mkdir()
    opened, program = tmp_path / "opened", tmp_path / "browser"
    os.mkfifo(opened)
    program.write_text(f'#!/bin/sh\nprintf %s "$1" >{shlex.quote(str(opened))}\n')
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    async with started(*shlex.split(command)[1:], BROWSER=str(program)) as running:
        url = await running.url()
        if "--open" in command:
            assert await trio.Path(opened).read_text() == url
        async with httpx.AsyncClient() as client:
            assert (await client.get(url)).status_code == 200
        assert await running.stop() == 0


@pytest.mark.parametrize("command", [needing(command, "corserver run main:app") for command in commands_in_prose()])
async def test_a_command_in_a_sentence_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word, but for the port and an upstream's address, in a folder with the apps that are named."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dist").mkdir()
    (tmp_path / "flask_app.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n")
    (tmp_path / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
    given = shlex.split(command)[1:]
    if "--help" in given:
        async with started(*given) as asked:
            assert (await output(asked)).startswith("Usage: corserver ")
        return
    with running(corserver.App(), cors=None) as upstream:
        words = [upstream.url if word == "http://localhost:9000" else word for word in given]
        async with started(*words, "--port", "0") as server, httpx.AsyncClient() as client:
            origin = words[words.index("--cors") + 1] if "--cors" in words else None
            answer = await client.get(f"{await server.url()}/none", headers={"Origin": origin or "https://x.example"})
            assert answer.status_code == 404
            assert answer.headers.get("access-control-allow-origin") == origin
            assert await server.stop() == 0


async def test_the_first_command_serves_this_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind the making of the environment, which a release's test does."""
    monkeypatch.chdir(tmp_path)
    command = blocks("sh")[0].strip().rpartition(" && ")[2].removeprefix(".venv/bin/")
    async with started(*shlex.split(command)[1:], "--port", "0") as server, httpx.AsyncClient() as client:
        answer = await client.get(await server.url(), headers={"Origin": "http://localhost:3000"})
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert await server.stop() == 0


@needs_asyncio
def test_the_python_in_sentences_is_so() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    router = corserver.App()
    names = {"app": app, "router": router, "asgi": corserver.asgi, "wsgi": wsgi, "Proxy": corserver.Proxy}
    for code in ('router.mount("/old", asgi(app))', "wsgi(app)", 'Proxy("http://localhost:9000")'):
        assert code in README
        eval(code, dict(names))
    with running(router) as server:
        assert httpx.get(f"{server.url}/old/x").status_code == 204


async def test_what_you_see_is_what_one_sees(tmp_path: Path) -> None:
    section = README.partition("## What you see")[2]
    shown = section.split("```")[1].strip().splitlines()
    (tmp_path / "data.json").write_text("{}")
    async with started(tmp_path, "--port", "0", "--cors", "http://localhost:3000") as running:
        url = await running.url()
        wanted = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
        async with httpx.AsyncClient(base_url=url, headers={"Origin": "http://localhost:3000"}) as client:
            await client.get("/data.json")
            await client.options("/items/7", headers=wanted)
            await client.get("/data.json", headers={"Origin": "http://localhost:3001"})
        assert await running.stop() == 0
        await running.line_with("Stopped.")
        lines = [line.replace(url, "http://127.0.0.1:8000") for line in running.lines if line]
    assert [timeless(line) for line in lines] == [timeless(line) for line in shown if line != "^C"]


def timeless(line: str) -> str:
    """*line* without what differs from run to run: the time, how long it took, the directory."""
    return re.sub(r"(?<=Root     ).*|^\d\d:\d\d:\d\d |\d+\.\d+ ms", "", line)


def example(words: str) -> str:
    """The block of Python that has these words."""
    (code,) = (block for block in blocks("python") if words in block)
    return code


def test_the_test_file_passes(tmp_path: Path) -> None:
    assert run_file(tmp_path, example("def test_only_site_a_reads")).startswith("2 passed")


def test_the_websocket_sends_back_what_it_is_sent() -> None:
    names: dict[str, object] = {}
    exec(example("@app.websocket"), names)
    app = names["app"]
    assert isinstance(app, corserver.App)
    with running(app, cors=corserver.Policy(["https://site-a.example"])) as server:
        url = f"ws{server.url[4:]}/chat/1"
        with connect(url, subprotocols=[websockets.Subprotocol("chat")]) as socket:
            socket.send("hello")
            assert (socket.recv(10), socket.subprotocol) == ("hello", "chat")
        with pytest.raises(websockets.InvalidStatus, match="403"):
            connect(url, origin=websockets.Origin("https://site-b.example"))


@needs_playwright
def test_the_test_with_playwright_passes(tmp_path: Path) -> None:
    assert run_file(tmp_path, browser_test("playwright")).startswith("3 passed")


@needs_selenium
def test_the_test_with_selenium_passes(tmp_path: Path) -> None:
    assert run_file(tmp_path, browser_test("selenium")).startswith("3 passed")


def browser_test(name: str) -> str:
    """The test file, and what it is continued with for that driver."""
    return f"{example('def test_only_site_a_reads')}\n{example(f'from {name}.')}"


async def test_the_configuration_is_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "corserver.toml").write_text(blocks("toml")[0].replace("8080", "0"))
    monkeypatch.chdir(tmp_path)
    site = {"Origin": "https://app.example"}
    async with started() as running, httpx.AsyncClient(headers=site) as client:
        url = await running.url()
        answers = [await client.get(url + path) for path in ("/api/x", "/api/private/x", "/x")]
        assert await running.stop() == 0
    allowed = [answer.headers.get("access-control-allow-origin") for answer in answers]
    assert allowed == ["https://app.example", None, None]


def test_every_exit_code_is_in_the_table() -> None:
    files = (ROOT / "corserver" / "cli").glob("*.py")
    used = {code for file in files for code in re.findall(r"^EXIT_\w+(?:: Final)? = (\d+)$", file.read_text(), re.M)}
    table = README.partition("### Exit codes")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| (\d+) \|", table, re.M)) == used | {"0", "2"}


def test_the_public_names_are_there() -> None:
    assert sorted(corserver.__all__) == sorted(name for name in corserver.__all__ if hasattr(corserver, name))


def test_the_banner_is_of_this_version() -> None:
    assert f"```\ncorserver {corserver.__version__}\n" in README


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:)([^)#]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
