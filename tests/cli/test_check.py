"""`corserver check` as a user runs it: exit codes, output, mistakes in words, the examples of its help."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys

import pytest
import trio
from click.testing import CliRunner

from corserver.cli.check import check
from tests.cli.running import ENVIRONMENT, ended
from tests.tools.check.server import Answered, Asked, serving

PAGE = "https://app.example"


def open_to_all(asked: Asked) -> Answered:
    lines = (
        ("Access-Control-Allow-Origin", asked.get("origin") or "*"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Allow-Methods", "PUT"),
        ("Access-Control-Allow-Headers", "content-type"),
        ("Access-Control-Expose-Headers", "etag"),
        ("ETag", '"1"'),
        ("Vary", "Origin"),
    )
    return Answered(204 if asked.is_preflight else 200, lines, b"" if asked.is_preflight else b"{}")


def silent(asked: Asked) -> Answered:
    return Answered(200)


async def corserver(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "corserver", "check", *arguments]
    env = {**ENVIRONMENT, **environment}
    with trio.fail_after(60):
        return await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False, env=env)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 0),
        (("--expect", "allowed"), 0),
        (("--expect", "blocked"), 1),
        (("-X", "DELETE"), 1),
        (("-X", "DELETE", "--expect", "blocked"), 0),
        (("--read", "ETag"), 0),
        (("--read", "x-none"), 1),
        (("--browser", "safari"), 0),
    ],
)
async def test_it_exits_as_the_verdict_is(options: tuple[str, ...], code: int) -> None:
    async with serving(open_to_all) as url:
        done = await corserver(url, *options)
    assert (done.returncode, done.stderr) == (code, b"")


async def test_a_server_that_cannot_be_reached_is_another_code_whatever_was_expected() -> None:
    done = await corserver("http://nothing.invalid/", "--expect", "blocked")
    assert done.returncode == 3
    assert done.stdout.startswith(b"UNREACHABLE: nothing.invalid port 80: no such host")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["api.example/x"], "write http://api.example/x or https://api.example/x"),
        (["ftp://api.example/"], "neither http nor https"),
        (["http://"], "is no URL"),
        (["http://a.example", "--origin", "https://app.example/"], ": write https://app.example\n"),
        (["http://a.example", "--origin", "App.example"], ": write https://app.example\n"),
        (["http://a.example", "--origin", "localhost:3000"], ": write http://localhost:3000\n"),
        (["http://a.example", "--origin", "https://\udcff"], "is ASCII, an international name in Punycode\n"),
        (["http://a.example", "--method", "\udcff"], "write one word, such as PUT"),
        (["http://a.example", "--header", "no name: 1"], "write NAME: VALUE"),
        (["http://a.example", "--header", "a: \x07"], "control character"),
        (["http://a.example", "--read", "the tag"], "'the tag' is no header name: write a name, such as etag"),
        (["http://a.example", "--method", "GET PUT"], "write one word, such as PUT"),
        (["http://a.example", "--method", ""], "write one word, such as PUT"),
        ([""], "URL: '' is no URL: write http://HOST[:PORT]/PATH"),
        (["http://a.example", "--data", "@/no/such/file"], "cannot read /no/such/file"),
        (["http://a.example", "--cookie", "a=1", "--credentials", "omit"], "write --credentials include"),
        (["http://a.example", "--fix", "iis"], "'iis' is not one of 'nginx'"),
        (["http://a.example", "--timeout", "0"], "this must be a number over 0, not '0'"),
    ],
)
def test_mistakes_are_said_in_words(arguments: list[str], words: str) -> None:
    done = CliRunner().invoke(check, arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["http://ada:secret@api.example/"], "Take user name and password out of the URL"),
        (["http://api.example/", "-X", "get", "-d", "a"], "Leave out the body, which a GET does not have"),
    ],
)
def test_what_fetch_refuses_is_told_apart(arguments: list[str], words: str) -> None:
    done = CliRunner().invoke(check, arguments)
    assert (done.exit_code, done.stderr) == (1, "")
    assert words in done.stdout


async def test_what_is_typed_is_sent_byte_for_byte_also_if_it_is_no_utf8() -> None:
    async with serving(silent) as url:
        raw = os.fsdecode(b"\xff")
        done = await corserver(f"{url}/{raw}", "--header", f"x-a: {raw}", "--data", raw, "--curl")
    assert done.stderr == b""
    assert b"/%FF" in done.stdout


async def test_an_interrupt_is_no_verdict() -> None:
    pipe = subprocess.PIPE
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        connected = trio.Event()

        async def hang(stream: trio.SocketStream) -> None:
            connected.set()
            await trio.sleep_forever()

        nursery.start_soon(trio.serve_listeners, hang, listeners)
        url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}/"
        command = [sys.executable, "-m", "corserver", "check", url]
        process = await trio.lowlevel.open_process(command, stdout=pipe, stderr=pipe, env=ENVIRONMENT)
        async with ended(process):
            with trio.fail_after(60):
                await connected.wait()
                process.send_signal(signal.SIGINT)
                assert await process.wait() == 130
        nursery.cancel_scope.cancel()


async def test_piped_it_is_plain_and_not_wrapped_and_coloured_when_it_is_asked_for() -> None:
    async with serving(silent) as url:
        plain = await corserver(url, COLUMNS="40")
        coloured = await corserver(url, FORCE_COLOR="1")
        never = await corserver(url, FORCE_COLOR="1", NO_COLOR="1")
    assert b"\x1b" not in plain.stdout + never.stdout
    assert b"\x1b[" in coloured.stdout
    assert max(map(len, plain.stdout.splitlines())) > 150


async def test_json_is_all_that_is_printed() -> None:
    async with serving(silent) as url:
        done = await corserver(url, "--json", "--origin", PAGE)
    read = json.loads(done.stdout)
    assert (read["verdict"], read["rule"]["name"], read["request"]["origin"]) == ("blocked", "ACAO_MISSING", PAGE)
    assert done.returncode == 1


async def test_curl_prints_the_commands_alone() -> None:
    async with serving(open_to_all) as url:
        done = await corserver(url, "--curl", "-X", "PUT", "-H", "content-type: application/json", "-d", "{}")
    preflight, request = done.stdout.decode().splitlines()
    assert shlex.split(preflight)[:4] == ["curl", "-i", "-X", "OPTIONS"]
    assert shlex.split(request)[-3:] == ["--data-raw", "{}", f"{url}/"]


async def test_a_fix_can_be_asked_for_by_name() -> None:
    async with serving(silent) as url:
        done = await corserver(url, "--fix", "nginx", "--fix", "flask")
    assert b"With nginx:" in done.stdout
    assert b"With Flask:" in done.stdout


def examples(epilog: str) -> list[str]:
    """The commands of a help's epilog, continued lines joined."""
    text = epilog.partition("Examples:")[2].partition("\b")[0]
    return re.findall(r"corserver .*", re.sub(r" \\\n +", " ", text))


@pytest.mark.parametrize("example", examples(check.epilog or ""))
async def test_every_example_of_the_help_runs(example: str) -> None:
    async with serving(open_to_all) as url:
        _, _, *arguments = shlex.split(example.replace("https://api.example", url))
        done = await corserver(*arguments)
    assert (done.returncode, done.stderr) == (0, b""), done.stdout.decode()
