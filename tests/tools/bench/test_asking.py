"""The bytes of a scenario, and first answers that are not worth measuring."""

import pytest

from corserver.cors.browser import parse_url
from corserver.tools.bench.asking import ask, validate
from corserver.tools.bench.emit import oha
from corserver.tools.bench.plan import BenchError, Plan, Scenario
from corserver.tools.check.question import Question

from .test_client import ANSWER, CLOSING, Handler, answering, peer

ALLOWING = b"HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: PUT\r\n%s\r\n"


def question(url: str) -> Question:
    parsed = parse_url(url)
    assert parsed is not None
    return Question(url=parsed, origin=b"https://site.example", method=b"PUT", headers=((b"X-Mine", b"1"),))


def test_a_preflight_is_what_a_browser_sends() -> None:
    head = ask(Scenario.PREFLIGHT_ALLOWED, question("http://127.0.0.1:8000/a?b")).request.split(b"\r\n")
    assert head[:2] == [b"OPTIONS /a?b HTTP/1.1", b"Host: 127.0.0.1:8000"]
    assert {
        b"Origin: https://site.example",
        b"Access-Control-Request-Method: PUT",
        b"Access-Control-Request-Headers: x-mine",
    } <= set(head)
    assert head[-2:] == [b"", b""]


async def test_https_is_not_spoken_and_can_be_emitted() -> None:
    asked = ask(Scenario.PREFLIGHT_ALLOWED, question("https://127.0.0.1/"))
    with pytest.raises(BenchError, match="--emit oha"):
        await validate(asked)
    plan = Plan(host="127.0.0.1", port=443, request=asked.request, connections=4, duration=2.5)
    command = oha(asked, plan)
    assert command.startswith("oha --no-tui -c 4 -m OPTIONS -z 2500ms -H ")
    assert command.endswith(" https://127.0.0.1/")


def test_why_no_script_can_send_it_is_said() -> None:
    with pytest.raises(BenchError, match=r"no script can send this request: .*port"):
        ask(Scenario.PREFLIGHT_ALLOWED, question("http://127.0.0.1:1/"))


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (answering(ANSWER), "a browser refuses the answer"),
        (answering(CLOSING), "a browser refuses the answer"),
        (answering(b"nonsense\r\n\r\n"), "an answer begins with"),
        (answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "does not read"),
        (answering(b"HTTP/1.1 204 No\r\nConnection: close\r\n"), "in the middle of one"),
        (answering(ALLOWING % b"X-Mine: 1\r\n"), "Access-Control-Allow-Headers"),
        (answering(ALLOWING % b"Access-Control-Allow-Headers: *\r\nConnection: close\r\n"), "--scenario connect"),
    ],
)
async def test_wrong_first_answers_are_said(handler: Handler, words: str) -> None:
    async with peer(handler) as port:
        with pytest.raises(BenchError) as caught:
            await validate(ask(Scenario.PREFLIGHT_ALLOWED, question(f"http://127.0.0.1:{port}/")))
    assert words in str(caught.value)


async def test_what_is_wrong_is_asked_again_with_the_same_words() -> None:
    async with peer(answering(ALLOWING % b"Access-Control-Allow-Headers: x\r\n")) as port:
        asked = ask(Scenario.PREFLIGHT_ALLOWED, question(f"http://127.0.0.1:{port}/?a&b"))
        with pytest.raises(BenchError) as caught:
            await validate(asked)
    command = f"corserver check 'http://127.0.0.1:{port}/?a&b' --origin https://site.example --method PUT"
    assert f"`{command} --header 'X-Mine: 1'` says more" in str(caught.value)
