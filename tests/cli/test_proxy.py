"""`corserver proxy URL`, `--fallback`, and a server behind a proxy, as a user runs them."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import trio

from corserver import App, Request, Response
from corserver.cli.proxy import proxy
from tests.apps.proxy.upstreams import serving

from .running import ENVIRONMENT, Running, corserver, errors, refused_at_once
from .test_check import examples

SITE = "http://localhost:3000"


def api() -> App:
    app = App()

    @app.get("/v2/items")
    async def items(request: Request) -> Response:
        return Response.json({"host": request.headers["host"], "key": request.headers.get("x-key")})

    @app.get("/v2/moved")
    async def moved(request: Request) -> Response:
        return Response("", 302, {"Location": f"{request.url[:-5]}items", "Set-Cookie": "a=b; Domain=x; Secure"})

    return app


async def test_without_a_policy_the_banner_leaves_the_word_to_the_upstream() -> None:
    async with corserver("proxy", "http://127.0.0.1:1", "-p", "0") as running:
        assert "off: what the upstream says of it is left" in await running.line_with("CORS")


async def test_a_proxy_as_a_user_runs_it() -> None:
    async with serving(api(), cors=None) as upstream:
        flags = ["--path-prefix", "/api", "--rewrite", "/v1=/v2", "--upstream-header", "X-Key: 7", "--rewrite-cookies"]
        command = ["proxy", upstream.url, "-p", "0", "--cors", SITE, *flags, "-H", "X-More: 1"]
        async with corserver(*command) as running, httpx.AsyncClient(headers={"Origin": SITE}) as client:
            url = await running.url()
            assert (await running.line_with("Upstream")).endswith(upstream.url)
            answer = await client.get(f"{url}/api/v1/items")
            assert answer.json() == {"host": upstream.url[7:], "key": "7"}
            assert answer.headers["access-control-allow-origin"] == SITE
            assert answer.headers["x-more"] == "1"
            moved = await client.get(f"{url}/api/v1/moved")
            assert (moved.headers["location"], moved.headers["set-cookie"]) == ("/api/v1/items", "a=b")
            outside = await client.get(f"{url}/items")
            assert (outside.status_code, outside.headers["x-more"]) == (404, "1")
            big = await client.post(f"{url}/api/x", content=b"x" * 17_000_000)
            assert big.status_code == 404  # The upstream's, and no 413.
            logged = await running.line_with(" /items ")
            assert (logged.split()[1], "cors allowed" in logged) == ("404", True)
            assert await running.stop() == 0


async def test_files_first_then_the_upstream(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("a page")
    async with (
        serving(api(), cors=None) as upstream,
        corserver(tmp_path, "-p", "0", "--fallback", upstream.url) as running,
        httpx.AsyncClient() as client,
    ):
        url = await running.url()
        assert upstream.url in await running.line_with("Root")
        assert (await client.get(url)).text == "a page"
        assert (await client.get(f"{url}/v2/items")).json()["key"] is None
        assert (await client.put(f"{url}/index.html")).status_code == 404


async def test_a_single_page_leaves_the_upstream_what_scripts_ask_for(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("a page")
    async with (
        serving(api(), cors=None) as upstream,
        corserver(tmp_path, "-p", "0", "--spa", "--fallback", upstream.url) as running,
        httpx.AsyncClient() as client,
    ):
        url = f"{await running.url()}/v2/items"
        assert (await client.get(url, headers={"Accept": "*/*"})).json()["key"] is None
        assert (await client.get(url, headers={"Accept": "text/html,*/*;q=0.8"})).text == "a page"


async def test_a_login_guards_the_upstream_behind_the_files_too(tmp_path: Path) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    async with (
        serving(api(), cors=None) as upstream,
        corserver(tmp_path, "-p", "0", "--fallback", upstream.url, "--auth", "ada:love") as running,
        httpx.AsyncClient() as client,
    ):
        url = f"{await running.url()}/v2/items"
        for method, lines in (("GET", {}), ("POST", {}), ("DELETE", {}), ("OPTIONS", {}), ("GET", upgrade)):
            assert (await client.request(method, url, headers=lines)).status_code == 401, method
        assert (await client.get(url, auth=("ada", "love"))).status_code == 200


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["localhost:9000"], "write http://localhost:9000"),
        (["http://a", "--rewrite", "x"], "write FROM=TO"),
        (["http://a", "--timeout", "0"], "this must be a number over 0"),
        (["http://a", "--upstream-header", "Authorization: x", "--cors", "*"], "name the origins"),
        (["http://a", "--forwarded-allow-ips", "proxy.example"], "is no proxy to trust"),
        (["http://a", "--health", "healthz"], "write one such as /healthz"),
        (["http://a", "--fd", "77"], "--fd 77"),
    ],
)
def test_mistakes_are_said(flags: list[str], words: str) -> None:
    code, text = refused_at_once("proxy", *flags)
    assert (code, words in " ".join(text.split())) == (2, True), text


async def test_behind_a_proxy_the_log_has_the_client(tmp_path: Path) -> None:
    flags = ["--forwarded-allow-ips", "127.0.0.1", "--log-format", "clf", "-p", "0"]
    async with corserver(tmp_path, *flags) as running:
        stderr = Running(running.process, aside=True)
        async with httpx.AsyncClient() as client:
            await client.get(await stderr.url(), headers={"X-Forwarded-For": "192.0.2.1"})
        assert (await running.line_with("GET /")).startswith("192.0.2.1 ")


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_sigterm_makes_the_health_bad_then_the_listeners_close(tmp_path: Path, workers: str) -> None:
    flags = ["--health", "/healthz", "--drain-seconds", "30", "--workers", workers, "-p", "0"]
    async with corserver(tmp_path, *flags) as running:
        url = await running.url()
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/healthz")).status_code == 200
        running.process.send_signal(signal.SIGTERM)
        with trio.fail_after(10):
            status = 200
            while status == 200:  # Until the signal has arrived.
                async with httpx.AsyncClient() as client:
                    status = (await client.get(f"{url}/healthz")).status_code
        assert status == 503
        async with httpx.AsyncClient() as client:
            answer = await client.get(url)
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert await running.stop(signal.SIGTERM) == 0  # It does not wait any longer.
        assert await errors(running) == ""
        assert not [line for line in running.lines if "healthz" in line]


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("way", ["--fd", "LISTEN_FDS", "unix"])
async def test_a_socket_that_was_opened_before(tmp_path: Path, way: str, workers: str) -> None:
    (tmp_path / "a.txt").write_text("a file")
    path = str(tmp_path / "s.sock")
    listener = socket.socket(socket.AF_UNIX if way == "unix" else socket.AF_INET)
    listener.bind(path if way == "unix" else ("127.0.0.1", 0))
    listener.listen()
    command = [sys.executable, "-m", "corserver", str(tmp_path), "--workers", workers]
    if way == "LISTEN_FDS":
        script = (
            f"import os, sys; os.dup2({listener.fileno()}, 3); os.environ['LISTEN_PID'] = str(os.getpid()); "
            "os.environ['LISTEN_FDS'] = '1'; os.execv(sys.argv[1], sys.argv[1:])"
        )
        command = [sys.executable, "-c", script, *command]
    else:
        command += ["--fd", str(listener.fileno())] * 2
    process = await trio.lowlevel.open_process(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT, pass_fds=(listener.fileno(),)
    )
    try:
        running = Running(process)
        await running.line_with("Stop")
        assert not [line for line in running.lines if "is taken" in line]
        transport = httpx.AsyncHTTPTransport(uds=path) if way == "unix" else None
        port = 0 if way == "unix" else listener.getsockname()[1]
        async with httpx.AsyncClient(transport=transport) as client:
            assert (
                await client.get(f"http://localhost:{port}/a.txt".replace("localhost:0", "localhost"))
            ).text == "a file"
        assert await running.stop() == 0
        assert await errors(running) == ""
    finally:
        listener.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


def test_a_file_is_no_socket(tmp_path: Path) -> None:
    with open(tmp_path / "f", "w") as file:
        os.set_inheritable(file.fileno(), True)
        done = subprocess.run(
            [sys.executable, "-m", "corserver", str(tmp_path), "--fd", str(file.fileno())],
            capture_output=True, text=True, pass_fds=(file.fileno(),), timeout=30, check=False,
        )  # fmt: skip
    assert (done.returncode, "is no socket that listens" in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("example", examples(proxy.epilog or ""))
async def test_every_example_of_the_help_runs(example: str, tmp_path: Path) -> None:
    """Word for word, but for the port and the upstream's address."""
    words = shlex.split(example)[1:]
    path = str(tmp_path / "app.sock")
    async with serving(api(), cors=None) as upstream, corserver("--uds", path, tmp_path) as files:
        await files.line_with("Stop")
        words[1] = f"unix:{path}" if words[1].startswith("unix:") else upstream.url
        origin = words[words.index("--cors") + 1]
        origin = SITE if origin == "localhost" else origin
        async with corserver(*words, "-p", "0") as running, httpx.AsyncClient(headers={"Origin": origin}) as client:
            prefix = words[words.index("--path-prefix") + 1] if "--path-prefix" in words else ""
            target = "/" if words[1].startswith("unix:") else "/v2/items"
            answer = await client.get(f"{await running.url()}{prefix}{target}")
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == origin
            assert ("access-control-allow-credentials" in answer.headers) == ("--cors-credentials" in words)
            assert await running.stop() == 0
        assert await files.stop() == 0
