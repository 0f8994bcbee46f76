"""What `corserver [DIRECTORY]` refuses, and the words it does it with."""

from pathlib import Path

import pytest

from corserver.config import limits_sentence

from .running import corserver, output, refused


async def test_a_bad_policy_is_refused_with_all_its_mistakes(public: Path) -> None:
    code, text = await refused(public, "--cors", "http://Site.example/,null", "--cors-methods", "put")
    assert code == 2
    for expected in ("write: 'http://site.example'", "--cors 'null'", "write: 'PUT'"):
        assert expected in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["no-such-directory"], 2, "there is no directory 'no-such-directory' in "),
        (["/etc/hostname"], 2, "/etc/hostname is a file: write the directory that it is in, /etc"),
        (["--cors-methods", "PUT"], 2, "add --cors ORIGIN"),
        (["--port", "http"], 2, "this must be a whole number from 0 to 65535, not 'http'"),
        (["--host", "192.0.2.1"], 3, "cannot listen on 192.0.2.1: it is no address of this machine: --host 127.0.0.1"),
        (["--host", "nobody.invalid"], 3, "cannot listen on nobody.invalid: it is no address of this machine"),
        (["--cors", "*", "--cors-credentials"], 2, "every site on the web"),
        (["--limit", "bdoy=1"], 2, "there is no limit 'bdoy'; did you mean body?"),
        (["--limit", "body=1", "--limit", "head=1s"], 2, "'head=1s': '1s' is not a number or a size"),
        (["--log-format", "xml"], 2, "'xml' is not one of 'text', 'clf', 'json'"),
        (["--index", "a/b"], 2, "'a/b' is not a file name"),
        (["-H", "X-Test"], 2, "'X-Test' is no header line: write 'Name: value'"),
        (["-H", "Access-Control-Allow-Origin: *"], 2, "Access-Control-Allow-Origin is written by --cors ORIGIN"),
        (["-H", "Content-Length: 1"], 2, "each answer has its own"),
        (["--cache", "soon"], 2, "'soon' is not a number of seconds"),
        (["--auth", "ada"], 2, "write --auth ada:secret"),
    ],
)
async def test_mistakes_are_said_in_words(arguments: list[str], code: int, words: str) -> None:
    exit_code, text = await refused(*arguments)
    assert (code, True) == (exit_code, words in text), text
    assert "Traceback" not in text


async def test_the_help_names_every_limit(public: Path) -> None:
    async with corserver("--help", "limits") as running:
        words = (await output(running)).replace(",", " ").split()
    assert set(limits_sentence().split(", ")) <= set(words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--open=docs"], "write a path of the site, such as --open /docs"),
        (["-o", "/usr"], "a directory is served by corserver /usr -o"),
        (["--open", "--uds", "x.sock"], "a browser cannot connect to a Unix socket"),
        (["--uds-mode", "rw"], "write three octal digits, such as 660"),
    ],
)
async def test_what_cannot_be_opened_is_said(arguments: list[str], words: str) -> None:
    code, text = await refused(*arguments)
    assert (code, True) == (2, words in text), text


async def test_live_is_for_one_process(public: Path) -> None:
    code, text = await refused(public, "--live", "--workers", "2")
    assert (code, "leave out --workers" in text) == (2, True)
