"""Flags, environment and file: which is before which, what is refused, and what a SIGHUP or a change puts in force."""

import os
import signal
import tomllib
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
import trio

from corserver.cli.commands import COMMANDS
from corserver.cli.configured import ServingCommand, settings_of
from corserver.cli.serve import serve_directory

from .test_serve import Running, corserver, errors

TABLES = """\
port = 0

[[cors]]
path = "/api/*"
origins = ["https://app.example"]

[[cors]]
path = "/api/private/*"
origins = false
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with files in three."""
    for name in ("api/data.json", "api/private/data.json", "data.json"):
        (tmp_path / "public" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "public" / name).write_text("{}")
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("CORSERVER_"):
            monkeypatch.delenv(name)
    return tmp_path


async def until_allowed(url: str, path: str, origin: str) -> None:
    """A worker that was told to leave may accept one more connection."""
    with trio.fail_after(20):
        while await allowed(url, path, origin) != origin:
            pass


def parsed(*arguments: str) -> dict[str, Any]:
    return serve_directory.make_context("corserver", list(arguments)).params


def refused(*arguments: str) -> str:
    with pytest.raises(click.UsageError) as caught:
        parsed(*arguments)
    return caught.value.format_message()


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    serve_directory.main([*arguments, "--print-config"], prog_name="corserver", standalone_mode=False)
    return capsys.readouterr().out


async def allowed(url: str, path: str, origin: str = "https://app.example") -> str | None:
    async with httpx.AsyncClient(headers={"Origin": origin}) as client:
        answer = await client.get(f"{url}/{path}")
        assert answer.status_code == 200
        found: str | None = answer.headers.get("access-control-allow-origin")
        return found


def test_a_flag_is_before_the_environment_that_before_the_file_that_before_the_default(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parsed()["port"] == 8000
    (here / "corserver.toml").write_text("port = 1\nquiet = true\nallow_host = 'a'\n")
    assert (parsed()["port"], parsed()["quiet"], parsed()["allow_host"]) == (1, True, ("a",))
    monkeypatch.setenv("CORSERVER_PORT", "2")
    monkeypatch.setenv("CORSERVER_QUIET", "false")
    monkeypatch.setenv("CORSERVER_ALLOW_HOST", "b c")
    assert (parsed()["port"], parsed()["quiet"], parsed()["allow_host"]) == (2, False, ("b", "c"))
    assert parsed("--port", "3")["port"] == 3
    assert parsed("--no-config")["port"] == 2
    (here / "other.toml").write_text("index = 'x.html'\n")
    assert parsed("--config", "other.toml")["index"] == "x.html"
    monkeypatch.setenv("CORSERVER_CONFIG", "other.toml")
    assert parsed()["index"] == "x.html"


def test_every_flag_of_a_command_that_serves_is_a_variable_of_its_name() -> None:
    for command in (serve_directory, *(entry.load() for entry in COMMANDS.values())):
        serves = any(option.name == "no_server_header" for option in command.params)
        assert serves == isinstance(command, ServingCommand), f"{command.name} is to have cls=ServingCommand"
        for option in settings_of(command) if serves else ():
            long = next(name for name in option.opts if name.startswith("--"))
            assert option.envvar == "CORSERVER_" + long[2:].upper().replace("-", "_")


def test_a_header_in_the_environment_keeps_its_spaces(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORSERVER_HEADER", "A: b c\nD: e")
    assert parsed()["headers"] == ("A: b c", "D: e")


def test_all_that_is_wrong_in_a_file_is_said_at_once_with_file_line_and_what_is_meant(here: Path) -> None:
    (here / "corserver.toml").write_text("""\
prot = 9
quiet = "yes"
limit = ["body=1", "bdoy=2"]
workers = true
port = 99999
cache = "soon"
Port = 1
allow-host = [1, true]
cors-methods = []

[rnu]
x = 1

[[cors]]
origin = "*"
[[cors]]
origins = ["https://app.example/"]
path = "/api/*"
""")
    text = refused()
    assert text.startswith("corserver.toml has 12 mistakes:")
    for expected in (
        "corserver.toml:1: prot = 9\n      there is no such key; did you mean port?",
        'corserver.toml:2: quiet = "yes"\n      this must be true or false',
        "corserver.toml:3: limit = [\"body=1\", \"bdoy=2\"]\n      'bdoy=2': there is no limit 'bdoy'; did you mean",
        "corserver.toml:4: workers = true\n      this must be a whole number",
        "corserver.toml:5: port = 99999\n      this must be from 0 to 65535",
        "corserver.toml:6: cache = \"soon\"\n      'soon' is not a number of seconds",
        "corserver.toml:7: Port = 1\n      port has said it already",
        "corserver.toml:8: allow-host = [1, true]\n      this must be a list of strings",
        "corserver.toml:9: cors-methods = []\n      an empty list says nothing",
        "corserver.toml:11: rnu = { x = 1 }\n      there is no such table; what is for one command stands in",
        'corserver.toml:15: origin = "*"\n      a [[cors]] table has no such key; did you mean origins?',
        'corserver.toml:17: origins = "https://app.example/"\n      an origin has no path, not even a trailing slash',
    ):
        assert expected in text, text


def test_a_value_that_a_command_refuses_is_named_with_its_line(here: Path) -> None:
    (here / "corserver.toml").write_text('port = 0\nuds-mode = "abc"\n')
    command = serve_directory.make_context("corserver", [])
    with command, pytest.raises(click.UsageError, match=r"uds-mode abc: .*\n\(see corserver\.toml:2\)"):
        serve_directory.invoke(command)


@pytest.mark.parametrize(
    ("text", "write"),
    [
        ("host = localhost", 'write: host = "localhost", for a string stands in quotes'),
        ("workers = 0", "this must be 1 or more"),
        ("cors = '*'\ncors-credentials = true", "or cors-credentials = false"),
        ("[[cors]]\norigins = '*'\ncredentials = true", "or credentials = false"),
        ("[cors]\norigins = 'http://a.example'\ncredentials = true", "dangerously-allow-insecure-origins = true"),
        ("cors = 'http://a.example'\ncors-credentials = true", "in a [[cors]] table dangerously-allow-insecure"),
    ],
)
def test_what_is_to_be_written_is_toml(here: Path, text: str, write: str) -> None:
    (here / "corserver.toml").write_text(text)
    assert write in refused()


@pytest.mark.parametrize("name", ["run", "proxy"])
def test_the_configuration_of_a_command_is_printed_without_what_it_serves(name: str, here: Path) -> None:
    command = COMMANDS[name].load()
    with command.make_context(name, ["--print-config"]) as context:
        command.invoke(context)
    with pytest.raises(click.MissingParameter):
        command.make_context(name, [])


def test_the_paths_of_live_reload_have_no_policy(here: Path) -> None:
    (here / "corserver.toml").write_text("[[cors]]\npath = '/_corserver/live'\norigins = '*'\n")
    command = serve_directory.make_context("corserver", ["--live"])
    with command, pytest.raises(click.UsageError, match=r"with --live, /_corserver/\* is for pages of the same origin"):
        serve_directory.invoke(command)


def test_a_policy_of_plain_keys_is_refused_with_its_lines(here: Path) -> None:
    (here / "corserver.toml").write_text("cors = [\n 'localhost',\n 'null' ]\ncors-methods = 'put'\n")
    text = refused()
    assert 'corserver.toml:3: cors = "null"' in text
    assert 'corserver.toml:4: cors-methods = "put"' in text
    (here / "corserver.toml").write_text("cors-methods = 'put'\n")
    command = serve_directory.make_context("corserver", ["--cors", "localhost"])
    with command, pytest.raises(click.UsageError, match=r"corserver\.toml:1 'put'"):
        serve_directory.invoke(command)


def test_scopes_and_plain_keys_do_not_mix(here: Path) -> None:
    (here / "corserver.toml").write_text(f"cors-methods = 'PUT'\n{TABLES}")
    assert 'corserver.toml:1: cors-methods = "PUT"\n      beside [[cors]] tables this says nothing' in refused()


def test_a_mistake_in_the_environment_is_said_to_be_there(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORSERVER_PORT", "tcp://10.0.0.1:80")
    assert "CORSERVER_PORT in the environment: 'tcp://10.0.0.1:80' is not a valid integer" in refused()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--config", "nope.toml"], "nope.toml cannot be read: No such file"),
        (["--config", "public"], "public cannot be read: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_read(here: Path, arguments: list[str], words: str) -> None:
    assert words in refused(*arguments)


def test_what_is_printed_says_where_it_comes_from_and_configures_the_same(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "corserver.toml").write_text(TABLES)
    monkeypatch.setenv("CORSERVER_AUTH", "ada:love")
    monkeypatch.setenv("CORSERVER_LIMIT", "body=1 head=2k")
    text = printed(capsys, "-H", 'X: "a"', "--no-listing")
    lines = text.splitlines()
    for expected in (
        "port = 0  # corserver.toml:1",
        'host = "127.0.0.1"  # default',
        'limit = ["body=1", "head=2k"]  # CORSERVER_LIMIT in the environment',
        'header = ["X: \\"a\\""]  # --header',
        "no-listing = true  # --no-listing",
        "# allow-host is not set",
        'path = "/api/*"  # corserver.toml:4',
        'origins = ["https://app.example"]  # corserver.toml:5',
        "max-age = 600  # default",
        "origins = false  # corserver.toml:9",
    ):
        assert expected in lines, text
    assert "love" not in text
    (here / "copy.toml").write_text(text)
    monkeypatch.delenv("CORSERVER_LIMIT")
    again = printed(capsys, "--config", "copy.toml")
    assert tomllib.loads(again) == tomllib.loads(text)


async def test_scopes_from_a_file_govern_what_is_served_and_the_banner_has_a_line_for_each(here: Path) -> None:
    (here / "corserver.toml").write_text(TABLES)
    async with corserver("public") as running:
        url = await running.url()
        assert await running.line_with("Config")
        await running.line_with("Stop")
        cors = [line.split(maxsplit=1) for line in running.lines if ": off" in line or "/api/*" in line]
        assert [line.strip() for line in running.lines if ": off" in line] == ["/api/private/*: off", "elsewhere: off"]
        assert cors[0][1].startswith("/api/*: https://app.example (any method")
        assert await allowed(url, "api/data.json") == "https://app.example"
        assert await allowed(url, "api/private/data.json") is None
        assert await allowed(url, "data.json") is None
        async with httpx.AsyncClient() as client:
            policies = {
                path: (await client.get(f"{url}/{path}")).headers.get("cross-origin-resource-policy")
                for path in ("api/data.json", "api/private/data.json", "data.json")
            }
        assert list(policies.values()) == [None, "same-origin", "same-origin"]
    async with corserver("public", "--cors", "https://b.example") as running:
        assert await allowed(await running.url(), "data.json", "https://b.example") == "https://b.example"


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_hangup_puts_other_policies_in_force_and_a_bad_file_leaves_the_old(here: Path, workers: int) -> None:
    file = here / "corserver.toml"
    file.write_text(TABLES)
    async with corserver("public", "--workers", str(workers)) as running, httpx.AsyncClient() as client:
        url = await running.url()
        await running.line_with("Stop")
        aside = Running(running.process, aside=True)
        kept = await client.get(f"{url}/data.json", headers={"Origin": "https://b.example"})
        assert "access-control-allow-origin" not in kept.headers

        file.write_text("port = 1\ncors = 'https://b.example'\n")
        running.process.send_signal(signal.SIGHUP)
        await running.line_with("https://b.example (any method" if workers == 1 else "All 2 workers were replaced.")
        await aside.line_with("a restart is needed for what changed beside the policies: port")
        await until_allowed(url, "data.json", "https://b.example")
        assert await allowed(url, "api/data.json") is None or workers > 1
        changed = await client.get(f"{url}/data.json", headers={"Origin": "https://b.example"})
        assert changed.headers.get("access-control-allow-origin") == "https://b.example" or workers > 1
        assert "cross-origin-resource-policy" not in changed.headers or workers > 1
        if workers == 1:
            assert changed.extensions["network_stream"] is kept.extensions["network_stream"], (
                "no connection was dropped"
            )

        file.write_text("cors = 'https://c.example/'\n")
        running.process.send_signal(signal.SIGHUP)
        await aside.line_with("the configuration was not replaced, the old one stays in force:")
        assert (await aside.line_with("corserver.toml:1:")).strip() == 'corserver.toml:1: cors = "https://c.example/"'
        await until_allowed(url, "data.json", "https://b.example")
        assert await running.stop() == 0


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_change_of_the_watched_file_does_the_same(here: Path, workers: int) -> None:
    file = here / "corserver.toml"
    file.write_text(TABLES)
    async with corserver("public", "--workers", str(workers), "--watch-config") as running:
        url = await running.url()
        await running.line_with("Stop")
        new = here / "new"
        new.write_text("port = 0\ncors = 'https://b.example'\n")
        new.replace(file)
        await running.line_with("https://b.example (any method" if workers == 1 else "All 2 workers were replaced.")
        await until_allowed(url, "data.json", "https://b.example")
        assert await running.stop() == 0
        assert await errors(running) == ""


def test_a_file_with_passwords_is_not_served(here: Path) -> None:
    (here / "corserver.toml").write_text("auth = 'ada:love'\n")
    command = serve_directory.make_context("corserver", ["."])
    with command, pytest.raises(click.UsageError, match=r"corserver\.toml:1 has passwords, and would itself be served"):
        serve_directory.invoke(command)


async def test_a_variable_that_is_nearly_one_is_pointed_out(here: Path) -> None:
    async with corserver("public", "-p", "0", CORSERVER_PROT="1", CORSERVER_SERVICE_HOST="10.0.0.1") as running:
        await running.url()
        assert await running.stop() == 0
        assert await errors(running) == (
            "WARNING CORSERVER_PROT in the environment is not read; did you mean CORSERVER_PORT?\n"
        )
