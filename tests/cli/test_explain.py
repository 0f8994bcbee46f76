"""`corserver explain` as a user runs it: exit codes, JSON, mistakes, the examples of its help."""

import json
import shlex
import subprocess
import sys

import pytest
from click.testing import CliRunner

from corserver.cli.explain import explain
from tests.cli.test_check import examples


def corserver(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "corserver", "explain", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


CODES = [0, 1, 1, 1]


@pytest.mark.parametrize(("example", "code"), list(zip(examples(explain.epilog or ""), CODES, strict=True)))
def test_every_example_of_the_help_runs(example: str, code: int) -> None:
    done = corserver(*shlex.split(example)[2:])
    assert (done.returncode, done.stderr) == (code, "")


def test_json_holds_the_decision_beside_the_browsers_conclusion() -> None:
    done = corserver("--cors", "https://app.example", "--origin", "https://app.example", "--method", "PUT", "--json")
    read = json.loads(done.stdout)
    assert read["verdict"] == "allowed"
    decision = read["steps"][0]["decision"]
    assert (decision["reason"], decision["sentence"]) == ("ALLOWED_EXACT", "the policy names the origin")
    assert decision["source"].startswith("https://fetch.spec.whatwg.org/#")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cors", "https://App.example/"], "write: 'https://app.example'"),
        (["--cors-methods", "PUT"], "add --cors ORIGIN"),
        (["--cors", "*", "--cors-credentials"], "every site on the web"),
        (["--cors", "*", "--origin", "app.example"], ": write https://app.example"),
    ],
)
def test_mistakes_are_said_in_words(arguments: list[str], words: str) -> None:
    done = CliRunner().invoke(explain, arguments)
    assert (done.exit_code, words in done.stderr) == (2, True), done.stderr
