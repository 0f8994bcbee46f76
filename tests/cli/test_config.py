"""Flags, environment and file: which is before which, and what is printed of them."""

import tomllib
from pathlib import Path

import click
import pytest

from corserver.cli.commands import COMMANDS
from corserver.cli.options.configured import ServingCommand, settings_of
from corserver.cli.serve import serve_directory

from .configured import TABLES, parsed, refused


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    serve_directory.main([*arguments, "--print-config"], prog_name="corserver", standalone_mode=False)
    return capsys.readouterr().out


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


@pytest.mark.parametrize(
    ("text", "write"),
    [
        ("host = localhost", 'write: host = "localhost", for a string stands in quotes'),
        ("workers = 0", "this must be a whole number, 1 or more"),
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
