"""What is wrong in a file or in the environment: said at once, with its line, and what is meant."""

from pathlib import Path

import click
import pytest

from corserver.cli.serve import serve_directory

from .configured import TABLES, refused
from .running import corserver, errors


def test_all_that_is_wrong_in_a_file_is_said_at_once_with_file_line_and_what_is_meant(here: Path) -> None:
    (here / "corserver.toml").write_text("""\
prot = 9
quiet = "yes"
limit = ["head=0", "bdoy=2"]
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
        'corserver.toml:3: limit = ["head=0", "bdoy=2"]\n      \'head=0\': this must be a whole number, 1 or more\n'
        "      'bdoy=2': there is no limit 'bdoy'; did you mean",
        "corserver.toml:4: workers = true\n      this must be a whole number, 1 or more",
        "corserver.toml:5: port = 99999\n      this must be a whole number from 0 to 65535",
        "corserver.toml:6: cache = \"soon\"\n      'soon' is not a number of seconds",
        "corserver.toml:7: Port = 1\n      port has said it already",
        "corserver.toml:8: allow-host = [1, true]\n      this must be a list of strings",
        "corserver.toml:9: cors-methods = []\n      an empty list says nothing",
        "corserver.toml:11: rnu = { x = 1 }\n      there is no such table; what is for one command stands in",
        'corserver.toml:15: origin = "*"\n      a [[cors]] table has no such key; did you mean origins?',
        'corserver.toml:17: origins = "https://app.example/"\n      an origin has no path, not even a trailing slash',
    ):
        assert expected in text, text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cors = 1", "corserver.toml:1: cors = 1\n      an origin begins with a scheme"),
        ("tls-cert = 1", "corserver.toml:1: tls-cert = 1\n      File '1' does not exist"),
        ("tls-key = 99999999999999999999", "corserver.toml:1: tls-key = 99999999999999999999\n      File '9"),
        ('uds = "\\u0000"', 'corserver.toml:1: uds = "\\u0000"\n      a path has no NUL in it'),
        ('host = "a\\u0000"', "host = \"a\\u0000\"\n      'a\\x00' is neither an address nor a host name"),
        ("a = " + "{ a = " * 3000, "this is not TOML: maximum recursion depth exceeded"),
    ],
    ids=["origin", "path", "huge", "NUL", "host", "deep"],
)
def test_what_no_flag_could_be_given_is_a_mistake_like_any_other(here: Path, text: str, expected: str) -> None:
    (here / "corserver.toml").write_text(text)
    assert expected in refused(), refused()


def test_a_value_that_a_command_refuses_is_named_with_its_line(here: Path) -> None:
    (here / "corserver.toml").write_text('port = 0\nuds-mode = "abc"\n')
    command = serve_directory.make_context("corserver", [])
    with command, pytest.raises(click.UsageError, match=r"uds-mode abc: .*\n\(see corserver\.toml:2\)"):
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
    assert "CORSERVER_PORT in the environment: this must be a whole number from 0 to 65535, not 'tcp://" in refused()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--config", "nope.toml"], "nope.toml cannot be read: No such file"),
        (["--config", "public"], "public cannot be read: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_read(here: Path, arguments: list[str], words: str) -> None:
    assert words in refused(*arguments)


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
