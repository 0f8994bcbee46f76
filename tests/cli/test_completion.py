"""Completion by the shell: what it is offered, and a real bash that has read the script."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from corserver.cli.commands import COMPLETE, DEFAULT
from corserver.cli.completion import complete


@pytest.fixture
def completions(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], set[str]]:
    """What is offered for the last of some words, which may be empty."""

    def ask(words: str) -> set[str]:
        monkeypatch.setenv(COMPLETE, "bash_complete")
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(words.count(" ")))
        return {line.partition(",")[2] for line in complete(DEFAULT.load()).split()}

    return ask


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("corserver ", {"check", "demo"}),
        ("corserver ch", {"check"}),
        ("corserver --cors-m", {"--cors-methods", "--cors-max-age"}),
        ("corserver --log-format ", {"text", "clf", "json"}),
        ("corserver check --sec", {"--security"}),
        ("corserver check --credentials i", {"include"}),
        ("corserver --completion ", {"bash", "zsh", "fish"}),
    ],
)
def test_commands_and_options_are_offered(
    words: str, expected: set[str], completions: Callable[[str], set[str]]
) -> None:
    assert expected <= completions(words)


def test_a_command_is_offered_as_the_first_word_only(completions: Callable[[str], set[str]]) -> None:
    assert not {"check", "demo"} & completions("corserver check ")
    assert not {"check", "demo"} & completions("corserver --spa ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_printed_for_each_shell(shell: str) -> None:
    command = [sys.executable, "-m", "corserver", "--completion", shell]
    script = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"_CORSERVER_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_bash_completes_once_it_has_read_the_script(tmp_path: Path) -> None:
    program = tmp_path / "corserver"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m corserver "$@"\n')
    program.chmod(0o755)
    ask = (
        'eval "$(corserver --completion bash)"; COMP_WORDS=(corserver che); COMP_CWORD=1; '
        '_corserver_completion corserver; echo "${COMPREPLY[@]}"'
    )
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["check"]
