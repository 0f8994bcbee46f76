"""`corserver run MODULE:APP` as a user runs it."""

import os
import shlex
import signal
from pathlib import Path

import httpx
import pytest

from corserver.cli.run import run
from tests.trio_asyncio_here import needs_asyncio

from .running import Running, corserver, errors, refused
from .test_check import examples

pytestmark = needs_asyncio  # Most of the apps are hosted.

ASGI = """
import sniffio

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    body = f"VERSION {sniffio.current_async_library()} {scope['path']} {scope['root_path']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})

def make():
    return app

class Kind:
    pass
"""
NATIVE = """
from corserver import App, Policy

app = App(cors=Policy(["https://own.example"], ["GET"]))

@app.get("/")
async def root(request):
    return "native"
"""
WSGI = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"wsgi"]
"""
FLASK = """
from flask import Flask, request

app = Flask(__name__)

@app.get("/hello")
def hello():
    return {"path": request.path, "root": request.script_root}

@app.put("/upload")
def upload():
    return str(len(request.files["file"].read()))

@app.get("/stream")
def stream():
    return (f"{number};" for number in range(1000))

@app.get("/broken")
def broken():
    raise ValueError("a mistake of the app's")
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with modules, which is the current one."""
    for name, text in {"main": ASGI, "native": NATIVE, "old": WSGI, "flask_app": FLASK}.items():
        (tmp_path / f"{name}.py").write_text(text.replace("VERSION", "1"))
    (tmp_path / "broken.py").write_text("def fail():\n    return 1 / 0\n\nfail()\n")
    (tmp_path / "lacking.py").write_text("import no_such_library\n")
    (tmp_path / "cannot.py").write_text(
        "async def app(scope, receive, send):\n"
        "    await receive()\n"
        "    await send({'type': 'lifespan.startup.failed', 'message': 'no database'})\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def get(url: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(url, headers=headers)


async def test_an_asgi_app_runs_on_asyncio_with_the_policy_of_the_flags(project: Path) -> None:
    flags = ("--cors", "https://a.example", "-H", "X-Line: yes", "--root-path", "/api")
    async with corserver("run", "main:app", "-p", "0", *flags) as running:
        url = await running.url()
        answer = await get(f"{url}/x", Origin="https://a.example")
        assert answer.text == "1 asyncio /api/x /api"
        assert answer.headers["access-control-allow-origin"] == "https://a.example"
        assert answer.headers["x-line"] == "yes"
        assert "main:app (ASGI on asyncio)" in await running.line_with("App")
        assert (await running.line_with(" /x")).split()[1] == "200"
        assert await running.stop() == 0
        assert await errors(running) == ""


async def test_more_connections_than_may_be_are_told(project: Path) -> None:
    flags = ("--limit-concurrency", "1", "--header", "X-Line: yes")
    async with corserver("run", "main:app", "-p", "0", *flags) as running:
        url = await running.url()
        async with httpx.AsyncClient() as first:
            assert (await first.get(url)).status_code == 200
            crowded = await get(url)
            assert crowded.status_code == 503
            assert (crowded.headers["connection"], crowded.headers["x-line"]) == ("close", "yes")


async def test_the_loop_the_level_and_a_factory_can_be_chosen(project: Path) -> None:
    flags = ("--factory", "--loop", "trio", "--lifespan", "off", "--log-level", "warning")
    async with corserver("run", "main:make", "-p", "0", *flags) as running:
        assert (await get(await running.url())).text == "1 trio / "
        assert await running.stop() == 0
        await running.line_with("Stopped.")
        assert not [line for line in running.lines if "GET" in line]


async def test_an_app_of_corservers_has_its_own_policy_unless_another_is_given(project: Path) -> None:
    async with corserver("run", "native:app", "-p", "0") as running:
        answer = await get(await running.url(), Origin="https://own.example")
        assert (answer.text, answer.headers["access-control-allow-origin"]) == ("native", "https://own.example")
        assert "the app's own policies" in await running.line_with("CORS")
    async with corserver("run", "native:app", "-p", "0", "--cors", "https://b.example") as running:
        url = await running.url()
        assert "access-control-allow-origin" not in (await get(url, Origin="https://own.example")).headers
        assert "access-control-allow-origin" in (await get(url, Origin="https://b.example")).headers


async def test_a_wsgi_app(project: Path) -> None:
    async with corserver("run", "--wsgi", "old:app", "-p", "0") as running:
        assert (await get(await running.url())).text == "wsgi"
        assert "off: what the app itself says of it is left" in await running.line_with("CORS")


async def test_a_flask_app(project: Path) -> None:
    flags = ("--cors", "https://a.example", "--threads", "2", "--root-path", "/api")
    async with corserver("run", "--wsgi", "flask_app:app", "-p", "0", *flags) as running:
        headers = {"Origin": "https://a.example"}
        async with httpx.AsyncClient(base_url=await running.url(), headers=headers) as client:
            asks = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
            answers = [
                await client.options("/upload", headers=asks),
                await client.put("/upload", files={"file": b"x" * 1_000_000}),
                await client.get("/hello"),
                await client.get("/stream"),
                await client.get("/broken"),
                await client.get("/nowhere"),
            ]
        assert [answer.status_code for answer in answers] == [204, 200, 200, 200, 500, 404]
        assert {answer.headers["access-control-allow-origin"] for answer in answers} == {"https://a.example"}
        assert [answer.text for answer in answers[:2]] == ["", "1000000"]
        assert answers[2].json() == {"path": "/hello", "root": "/api"}
        assert answers[3].text == "".join(f"{number};" for number in range(1000))
        assert "flask_app:app (WSGI)" in await running.line_with("App")
        assert await running.stop() == 0
        assert "ValueError: a mistake of the app's" in await errors(running)


async def test_several_workers_load_it_each_for_itself(project: Path) -> None:
    async with corserver("run", "main:app", "-p", "0", "--workers", "2") as running:
        assert (await get(await running.url())).text == "1 asyncio / "
        assert await running.stop(signal.SIGTERM) == 0


async def test_another_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    async with corserver("run", "main:app", "-p", "0", "--app-dir", "..") as running:
        assert (await get(await running.url())).status_code == 200


async def test_a_change_reloads_it_and_a_mistake_leaves_the_last_that_worked(project: Path) -> None:
    main = project / "main.py"
    async with corserver("run", "main:app", "-p", "0", "--reload", "--workers", "4") as running:
        aside = Running(running.process, aside=True)
        url = await running.url()
        assert (await get(url)).text.startswith("1 ")
        replace(main, ASGI.replace("VERSION", "2"))
        await running.line_with("Reloaded.")
        assert (await get(url)).text.startswith("2 ")
        replace(main, "1 / 0\n")
        await aside.line_with("ZeroDivisionError")
        assert (await get(url)).text.startswith("2 ")
        assert await running.stop() == 0
        assert await aside.line_with("--workers does nothing")


async def test_an_app_that_ends_the_program_says_by_which_exit_code(project: Path) -> None:
    (project / "leaving.py").write_text(ASGI.replace("raise NotImplementedError", "raise SystemExit(7)"))
    code, text = await refused("run", "leaving:app", "-p", "0")
    assert code == 7
    assert text.startswith("ERROR the app ends the program: the server stops\n  Traceback")


async def test_an_app_that_is_broken_from_the_start_is_waited_for(project: Path) -> None:
    async with corserver("run", "broken:app", "-p", "0", "--reload") as running:
        assert running.process.stderr is not None
        text = b""
        while b"until the program changes" not in text:
            text += await running.process.stderr.receive_some()
        assert b"ZeroDivisionError" in text
        replace(project / "broken.py", ASGI.replace("VERSION", "3"))
        assert (await get(await running.url())).text.startswith("3 ")
        assert await running.stop() == 0


def replace(path: Path, text: str) -> None:
    """As editors do: at once."""
    other = path.with_suffix(".tmp")
    other.write_text(text)
    os.replace(other, path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mian:app",), "did you mean main?"),
        (("main:ap",), "did you mean main:app?"),
        (("main:make",), "add --factory"),
        (("main:Kind",), "is no app: it is a class"),
        (("old:app",), "is a WSGI app: add --wsgi"),
        (("main:app", "--wsgi"), "leave out --wsgi"),
        (("lacking:app",), "does not find no_such_library"),
        (("cannot:app",), "the server did not start: no database"),
        (("cannot:app", "--workers", "2"), "the server did not start: no database"),
    ],
)
async def test_what_cannot_be_served_is_said_without_a_traceback_of_ours(
    project: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, text = await refused("run", *arguments, "-p", "0")
    assert (code, words in text) == (1, True), text
    assert "corserver/" not in text


@pytest.mark.parametrize("arguments", [("main",), ("./main.py",), ("main", "--workers", "2"), ("main", "--reload")])
async def test_what_names_no_app_is_a_mistake_in_the_command(project: Path, arguments: tuple[str, ...]) -> None:
    code, text = await refused("run", *arguments, "-p", "0")
    assert (code, "write main:app" in text) == (2, True), text


async def test_the_traceback_of_the_apps_own_mistake_is_shown(project: Path) -> None:
    code, text = await refused("run", "broken:app", "-p", "0")
    assert code == 1
    lines = text.splitlines()
    assert lines[:2] == [
        "Error: the module broken raised while it was imported:",
        "Traceback (most recent call last):",
    ]
    assert "broken.py" in lines[2]
    assert lines[-1] == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--root-path", "api"), "write /api"),
        (("--header", "nonsense"), "write 'Name: value'"),
        (("--limit-concurrency", "0"), "limit-concurrency"),
        (("--app-dir", "nowhere"), "there is no directory nowhere"),
        (("--reload", "--reload-dir", "nowhere"), "'--reload-dir': there is no directory nowhere"),
    ],
)
async def test_flags_that_cannot_be_are_refused(project: Path, flags: tuple[str, ...], words: str) -> None:
    code, text = await refused("run", "main:app", *flags)
    assert (code, words in text) == (2, True), text


@pytest.mark.parametrize(
    ("flags", "needed"),
    [(("--threads", "4"), "--wsgi"), (("--reload-dir", "."), "--reload"), (("--reload-include", "*.html"), "--reload")],
)
async def test_a_flag_that_does_nothing_is_told(project: Path, flags: tuple[str, ...], needed: str) -> None:
    async with corserver("run", "main:app", "-p", "0", *flags) as running:
        await running.line_with("Stop")
        assert await running.stop() == 0
        assert await errors(running) == f"WARNING {flags[0]} does nothing without {needed}\n"


@pytest.mark.parametrize("example", examples(run.epilog or ""))
async def test_every_example_of_the_help_runs(example: str, project: Path) -> None:
    """Word for word, but for the port: in a folder with an app of each name."""
    (project / "flask_app.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n")
    (project / "shop.py").write_text("from main import app\n\n\ndef create_app():\n    return app\n")
    async with corserver(*shlex.split(example)[1:], "-p", "0") as running:
        answer = await get(await running.url(), Origin="https://app.example")
        assert answer.status_code == (404 if "flask_app" in example else 200)  # Flask has no routes here, and answers.
        allowed = "https://app.example" if "--cors" in example else None
        assert answer.headers.get("access-control-allow-origin") == allowed
        assert await running.stop() == 0
