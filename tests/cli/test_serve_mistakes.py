"""What `corserver [DIRECTORY]` refuses, and the words it does it with."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from corserver.cli.serve import serve_directory
from corserver.config import limits_sentence

from .running import refused, refused_at_once


async def test_a_bad_policy_is_refused_with_all_its_mistakes(public: Path) -> None:
    code, text = await refused(public, "--cors", "http://Site.example/,null", "--cors-methods", "put")
    assert code == 2
    for expected in ("write: 'http://site.example'", "--cors 'null'", "write: 'PUT'"):
        assert expected in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-directory"], "there is no directory 'no-such-directory' in "),
        ([__file__], f"{__file__} is a file: write the directory that it is in, {Path(__file__).parent}"),
        (["8001"], f"there is no directory '8001' in {Path.cwd()}; a port is --port 8001"),
        ([".", "--cors"], "--cors is followed by an origin: write --cors http://localhost:3000, or --cors '*'"),
        (["--cors", "-p", "8001"], "--cors is followed by an origin"),
        (["--cors-methods", "PUT"], "add --cors ORIGIN"),
        (["--port", "http"], "this must be a whole number from 0 to 65535, not 'http'"),
        (["--cors", "*", "--cors-credentials"], "every site on the web"),
        (["--cors", "https://a.example,*"], "write: --cors '*', or the others without"),
        (["--limit", "bdoy=1"], "there is no limit 'bdoy'; did you mean body?"),
        (["--limit", "body=1", "--limit", "head=1s"], "'head=1s': '1s' is not a number or a size"),
        (["--log-format", "xml"], "'xml' is not one of 'text', 'clf', 'json'"),
        (["--index", "a/b"], "'a/b' is not a file name"),
        (["-H", "X-Test"], "'X-Test' is no header line: write 'Name: value'"),
        (["-H", "Access-Control-Allow-Origin: *"], "Access-Control-Allow-Origin is written by --cors ORIGIN"),
        (["-H", "Content-Length: 1"], "each answer has its own"),
        (["-H", "X Test: 1"], "'-H' / '--header': 'X Test' is not a header name"),
        (["run", "main:app", "-H", "X Test: 1"], "'-H' / '--header': 'X Test' is not a header name"),
        (["run", "main:app", "-H", "Content-Length: 1"], "'-H' / '--header': Content-Length: each answer has its own"),
        (["proxy", "http://a.example", "-H", "Content-Length: 1"], "Content-Length: each answer has its own"),
        (["proxy", "http://a.example", "--upstream-header", "X Test: 1"], "'--upstream-header': 'X Test' is not"),
        (["--allow-host", "http://a.example"], "'--allow-host': 'http://a.example' is no host name: write it alone"),
        (["--allow-host", "a.example:8000"], "'a.example:8000' is no host name"),
        (["--allow-host", ""], "'' is no host name"),
        (["proxy", "http://a.example", "--path-prefix", "x"], "--path-prefix: 'x' is not a path: write /x"),
        (["proxy", "http://a.example", "--rewrite", "a=/b"], "--rewrite: 'a' is not a path: write /a"),
        (
            ["proxy", "http://a.example", "--upstream-header", "Content-Length: 1"],
            "--upstream-header: the proxy",
        ),
        (["proxy", "http://a.example", "--timeout", "0"], "'--timeout': this must be a number over 0, not '0'"),
        (["--host", "a..b"], "'a..b' is neither an address nor a host name"),
        (["--host", f"{'a' * 64}.example"], "is neither an address nor a host name"),
        (["--uds", "x.sock", "--fd", "3"], "--uds and --fd: a socket that is open already has its address"),
        (["--host", ""], "write an address: 127.0.0.1 is for this machine only"),
        (["--cors", ""], "--cors '': write an origin, such as https://app.example"),
        (["--cors-max-age", "60"], "add --cors ORIGIN"),
        (["--cache", "soon"], "'soon' is not a number of seconds"),
        (["--auth", "ada"], "write --auth ada:secret"),
    ],
)
def test_mistakes_are_said_in_words(arguments: list[str], words: str) -> None:
    code, text = refused_at_once(*arguments)
    assert (code, True) == (2, words in text), text


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("192.0.2.1", "cannot listen on 192.0.2.1: it is no address of this machine: --host 127.0.0.1"),
        ("nobody.invalid", "cannot listen on nobody.invalid: it is no address of this machine"),
    ],
)
async def test_a_host_that_is_not_here_is_said_in_words(host: str, words: str) -> None:
    code, text = await refused("--host", host)
    assert (code, True) == (3, words in text), text
    assert "Traceback" not in text


def test_the_help_names_every_limit() -> None:
    words = CliRunner().invoke(serve_directory, ["--help", "limits"]).output.replace(",", " ").split()
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
def test_what_cannot_be_opened_is_said(arguments: list[str], words: str) -> None:
    code, text = refused_at_once(*arguments)
    assert (code, True) == (2, words in text), text


def test_live_is_for_one_process(public: Path) -> None:
    code, text = refused_at_once(public, "--live", "--workers", "2")
    assert (code, "leave out --workers" in text) == (2, True)
