"""Commands beside the served directory: found by the first argument, loaded only when they are used."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from corserver.cli.commands import COMMANDS
from corserver.cli.options.policy import FLAGS
from corserver.cli.serve import serve_directory

from .running import ENVIRONMENT, refused_at_once


def corserver(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "corserver", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=60, check=False)


def test_the_help_leads_to_every_command() -> None:
    text = " ".join(corserver("--help").stdout.split())
    for name, entry in COMMANDS.items():
        assert f"{name} {entry.sentence}" in text
    assert "./NAME" in text


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_has_a_help_of_its_own_with_examples(name: str) -> None:
    done = CliRunner().invoke(COMMANDS[name].load(), ["--help"], prog_name=f"corserver {name}")
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: corserver {name} ")
    assert f"  corserver {name} " in done.output


def test_a_directory_of_a_commands_name_is_served_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "check").mkdir()
    as_command = corserver("check", cwd=tmp_path)
    assert (as_command.returncode, "Missing argument 'URL'" in as_command.stderr) == (2, True)
    assert as_command.stderr.startswith("Usage: corserver check ")
    # a limit that is refused shows that the directory was taken, and nothing is left running
    as_directory = corserver("./check", "--limit", "nonsense", cwd=tmp_path)
    assert (as_directory.returncode, "Invalid value for '--limit'" in as_directory.stderr) == (2, True)


def test_a_mistyped_command_is_named() -> None:
    done = corserver("chekc", "http://127.0.0.1/")
    assert done.returncode == 2
    assert "corserver check" in done.stderr


def test_a_command_loads_no_server() -> None:
    code = "import sys, corserver.cli.commands as c; c.COMMANDS['check'].load(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"trio", "corserver.http.server", "corserver.cli.serve", "rich"} & set(loaded)


def test_the_cors_flags_are_the_same_words_everywhere() -> None:
    explain = COMMANDS["explain"].load()

    def flags(command: click.Command) -> dict[str | None, object]:
        options = [option for option in command.params if isinstance(option, click.Option)]
        return {o.name: (o.opts, o.help, o.default, o.metavar) for o in options if o.name in FLAGS.values()}

    assert flags(explain) == flags(serve_directory)
    assert set(flags(explain)) == set(FLAGS.values())


BUFFERING = pytest.mark.parametrize("buffering", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])


@BUFFERING
@pytest.mark.parametrize("arguments", [["--version"], ["explain", "--cors", "*"]])
def test_output_that_cannot_be_written_is_said_and_is_no_verdict(
    arguments: list[str], buffering: dict[str, str]
) -> None:
    command, environment = [sys.executable, "-m", "corserver", *arguments], ENVIRONMENT | buffering
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False, env=environment
        )
    assert (done.returncode, done.stderr) == (74, "Error: the output cannot be written: No space left on device\n")


@BUFFERING
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["explain", "--cors", "*"], 0),
        (["explain", "--cors", "*", "--json", "--expect", "blocked"], 1),
        (["--help"], 0),
        (["--version"], 0),
    ],
)
def test_a_reader_that_goes_away_changes_no_verdict(arguments: list[str], code: int, buffering: dict[str, str]) -> None:
    reader, gone = os.pipe()
    os.close(reader)
    command, environment = [sys.executable, "-m", "corserver", *arguments], ENVIRONMENT | buffering
    pipe = subprocess.PIPE
    try:
        done = subprocess.run(command, stdout=gone, stderr=pipe, text=True, timeout=60, check=False, env=environment)
    finally:
        os.close(gone)
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&- <&-"])
def test_nobody_need_have_opened_the_standard_streams(closed: str, tmp_path: Path) -> None:
    # What is opened first would get the number of a stream that is closed, and be written to.
    program = (
        "import os, sys; sys.argv[1:] = ['explain', '--cors', '*']; import corserver.cli\n"
        "try: corserver.cli.main()\n"
        "except SystemExit as end:\n"
        "    with open(sys.argv[0] + '.code', 'w') as told:\n"
        "        told.write(f'{end.code or 0} {os.readlink(\"/proc/self/fd/1\")}')"
    )
    file = tmp_path / "program.py"
    file.write_text(program)
    subprocess.run(["sh", "-c", f"{sys.executable} {file} {closed}"], timeout=60, check=False)
    assert (tmp_path / "program.py.code").read_text() == f"0 {os.devnull}"


@pytest.mark.parametrize(
    ("library", "arguments", "extra"),
    [
        ("watchfiles", ["run", "main:app", "--reload"], "run"),
        ("watchfiles", [".", "--live"], "live"),
        ("watchfiles", [".", "--watch-config"], "live"),
        ("trustme", [".", "--tls"], "tls"),
    ],
)
def test_a_library_that_is_missing_is_a_mistake_in_the_command_and_named(
    library: str, arguments: list[str], extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    code, text = refused_at_once(*arguments)
    assert (code, True) == (2, library in text and f"pip install 'corserver[{extra}]'" in text), text
