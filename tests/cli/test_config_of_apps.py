"""Apps that are configured by a file: its scopes govern them, and a SIGHUP reads it again, whatever is hosted."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import click
import httpx
import pytest
from click.testing import CliRunner

from corserver.cli.proxy import proxy
from corserver.cli.run import run
from tests.trio_asyncio_here import needs_asyncio

from .running import ENVIRONMENT, Running, corserver, errors
from .test_run import ASGI, NATIVE, WSGI, replace

pytestmark = needs_asyncio  # Most of the apps are hosted.

ROUTES = """

@app.get("/api/x")
async def api(request):
    return "x"

@app.get("/api/private/x")
async def private(request):
    return "x"
"""
TABLES = """\
port = 0

[run]
header = "X-Run: yes indeed"

[[cors]]
path = "/api/*"
origins = ["https://a.example"]

[[cors]]
path = "/api/private/*"
origins = false
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with apps and the file."""
    for name, text in {"main": ASGI, "native": NATIVE + ROUTES, "old": WSGI}.items():
        (tmp_path / f"{name}.py").write_text(text.replace("VERSION", "1"))
    (tmp_path / "corserver.toml").write_text(TABLES)
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("CORSERVER_"):
            monkeypatch.delenv(name)
    return tmp_path


async def allowed(url: str, origin: str) -> str | None:
    async with httpx.AsyncClient(headers={"Origin": origin}) as client:
        found: str | None = (await client.get(url)).headers.get("access-control-allow-origin")
        return found


@pytest.mark.parametrize("app", [["main:app"], ["native:app"], ["--wsgi", "old:app"], ["main:app", "--workers", "2"]])
async def test_the_scopes_of_the_file_govern_an_app_of_any_kind_and_a_hangup_puts_others_in_force(
    here: Path, app: list[str]
) -> None:
    async with corserver("run", *app) as running:
        url = await running.url()
        await running.line_with("Stop")
        assert [line.split()[0] for line in running.lines if line.endswith(": off")] == [
            "/api/private/*:",
            "elsewhere:",
        ]
        async with httpx.AsyncClient(headers={"Origin": "https://a.example"}) as client:
            answer = await client.get(f"{url}/api/x")
            assert answer.headers["access-control-allow-origin"] == "https://a.example"
            assert answer.headers["x-run"] == "yes indeed"
        assert await allowed(f"{url}/api/private/x", "https://a.example") is None
        assert await allowed(f"{url}/", "https://own.example") is None

        (here / "corserver.toml").write_text(TABLES.replace("a.example", "b.example"))
        running.process.send_signal(signal.SIGHUP)
        await running.line_with("/api/*: https://b.example")
        if "--workers" in app:
            await running.line_with("All 2 workers were replaced.")
        assert await allowed(f"{url}/api/x", "https://b.example") == "https://b.example"
        assert await allowed(f"{url}/api/x", "https://a.example") is None
        assert await running.stop() == 0
        assert await errors(running) == ""


async def test_an_apps_own_policies_are_in_force_again_once_the_file_has_none(here: Path) -> None:
    async with corserver("run", "native:app") as running:
        url = await running.url()
        assert await allowed(f"{url}/", "https://own.example") is None
        (here / "corserver.toml").write_text("port = 0\n")
        running.process.send_signal(signal.SIGHUP)
        await running.line_with("the app's own policies")
        assert await allowed(f"{url}/", "https://own.example") == "https://own.example"


async def test_what_reloads_an_app_reloads_the_file_that_changes_too_and_a_bad_file_is_no_hindrance(here: Path) -> None:
    (here / "corserver.toml").write_text(f"workers = 2\n{TABLES}")
    async with corserver("run", "main:app", "--reload", "--reload-include", "*.nothing") as running:
        aside = Running(running.process, aside=True)
        url = await running.url()
        replace(here / "corserver.toml", f"workers = 2\n{TABLES.replace('a.example', 'b.example')}")
        await running.line_with("Reloaded.")
        assert await allowed(f"{url}/api/x", "https://b.example") == "https://b.example"
        assert sum("was read again" in line for line in running.lines) == 1

        running.lines.clear()
        replace(here / "corserver.toml", "prot = 1\n")
        await aside.line_with("did you mean port?")
        await running.line_with("Reloaded.")
        running.lines.clear()
        replace(here / "main.py", ASGI.replace("VERSION", "2"))
        await running.line_with("Reloaded.")
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/")).text.startswith("2 ")
        assert await allowed(f"{url}/api/x", "https://b.example") == "https://b.example"
        assert await running.stop() == 0
        assert not any("a restart is needed" in line for line in aside.lines)


async def test_no_policy_of_the_file_governs_what_is_private_after_a_hangup_either(here: Path) -> None:
    (here / "corserver.toml").write_text("port = 0\n")
    (here / "index.html").write_text("<p>")
    async with corserver("--live") as running:
        url = await running.url()
        (here / "corserver.toml").write_text("port = 0\ncors = '*'\n")
        running.process.send_signal(signal.SIGHUP)
        await running.line_with("any origin")
        assert await allowed(f"{url}/index.html", "https://a.example") == "*"
        assert await allowed(f"{url}/_corserver/live.js", "https://a.example") is None


def test_a_hangup_of_a_terminal_that_is_gone_stops_it(here: Path) -> None:
    ours, its = pty.openpty()
    command = [sys.executable, "-c", "import os, sys; os.setsid(); os.open(os.ttyname(0), os.O_RDWR); "]
    command[-1] += "os.execv(sys.executable, [sys.executable, '-m', 'corserver'])"
    process = subprocess.Popen(command, stdin=its, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
    try:
        os.close(its)
        assert process.stdout is not None
        assert process.stderr is not None
        while b"Stop" not in process.stdout.readline():
            assert process.poll() is None, process.stderr.read()
        os.close(ours)  # The kernel sends SIGHUP.
        assert process.wait(timeout=30) == 0
        assert b"Stopped." in process.stdout.read()
    finally:
        process.kill()
        process.communicate()


def test_run_and_proxy_print_what_is_configured_without_the_upstreams_secrets(here: Path) -> None:
    printed = CliRunner().invoke(run, ["main:app", "--print-config"], prog_name="corserver run").output
    assert 'header = ["X-Run: yes indeed"]  # corserver.toml:4' in printed
    assert 'lifespan = "auto"  # default' in printed
    secret = {"CORSERVER_UPSTREAM_HEADER": "Authorization: Bearer s3cret"}
    printed = CliRunner(env=secret).invoke(proxy, ["http://x", "--print-config"], prog_name="corserver proxy").output
    assert "# upstream-header is set, and secret  # CORSERVER_UPSTREAM_HEADER in the environment" in printed
    assert "timeout = 60.0  # default" in printed
    assert "s3cret" not in printed


def test_a_secret_of_the_upstream_is_for_no_scope_that_everybody_reads(here: Path) -> None:
    (here / "corserver.toml").write_text("[[cors]]\npath = '/api/*'\norigins = '*'\n")
    command = proxy.make_context("corserver proxy", ["http://localhost:1", "--upstream-header", "Cookie: a=b"])
    with command, pytest.raises(click.UsageError, match="every page on the web could act with it"):
        proxy.invoke(command)


def test_the_help_on_limits_names_the_defaults_of_its_command() -> None:
    assert "body=none" in CliRunner().invoke(run, ["--help", "limits"]).output
