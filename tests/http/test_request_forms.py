"""`request.form()`: once, whatever is wrong with it, and over a connection."""

import sys

import pytest

from corserver.cors.scopes import Path
from corserver.http.body import Body
from corserver.http.exchange import Service
from corserver.http.forms import FormLimits
from corserver.http.header_lines import Headers
from corserver.http.limits import Limits
from corserver.http.messages import HTTPError, Request, Response

from .form_bodies import CHROMIUM, CHROMIUM_TYPE, END, MULTIPART, URLENCODED, field, read_cut
from .peer import converse, read_answers, request


def a_request(content_type: str, body: bytes) -> Request:
    chunks = [body, b""]

    async def receive() -> bytes:
        return chunks.pop(0)

    headers = Headers(((b"content-type", content_type.encode()),))
    return Request(method="POST", target="/", path=Path(), headers=headers, content=Body(receive))


async def test_a_request_reads_its_form_once_and_remembers_it() -> None:
    request = a_request(MULTIPART, field("a", b"1") + END)
    form = await request.form()
    assert form["a"] == "1"
    assert await request.form() is await request.below(0, {}).form() is form


async def test_a_form_may_be_read_after_the_body() -> None:
    for content_type, body in ((URLENCODED, b"a=1"), (MULTIPART, field("a", b"1") + END), (URLENCODED, b"")):
        request = a_request(content_type, body)
        await request.body()
        assert await request.form() == await read_cut(content_type, body)


async def test_what_is_wrong_with_a_form_is_the_answer() -> None:
    for content_type, body, status in (("text/plain", b"", 415), (MULTIPART, b"x", 400), (URLENCODED, b"&" * 200, 413)):
        with pytest.raises(HTTPError) as caught:
            await a_request(content_type, body).form()
        assert caught.value.status == status
        assert "form" in caught.value.detail


async def test_the_limits_are_the_handlers_to_choose() -> None:
    form = await a_request(URLENCODED, b"&".join(b"a=1" for _ in range(200))).form(FormLimits(parts=200))
    assert len(form.pairs) == 200


@pytest.mark.parametrize("module", [None, sys])
async def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, module: object) -> None:
    monkeypatch.setitem(sys.modules, "multipart", module)
    with pytest.raises(RuntimeError, match=r"pip install 'corserver\[forms\]'"):
        await a_request(MULTIPART, END).form()
    assert (await a_request(URLENCODED, b"a=1").form())["a"] == "1"


async def answer_form(request: Request) -> Response:
    form = await request.form()
    return Response.json([[name, value if isinstance(value, str) else value.filename] for name, value in form.pairs])


async def test_a_form_over_a_connection_and_the_request_after_it(autojump_clock: object) -> None:
    post = request("POST", "/", f"Content-Type: {CHROMIUM_TYPE}", body=CHROMIUM)
    bad = request("POST", "/", f"Content-Type: {MULTIPART}", body=b"no form")
    other = request("POST", "/", "Content-Type: text/plain", body=b"no form")
    answers = read_answers(await converse(Service(app=answer_form), post + bad + other + post))
    assert [answer.status for answer in answers] == [200, 400, 415, 200]
    assert answers[0].body == answers[3].body
    assert b"the form does not begin with its boundary" in answers[1].body


async def test_a_form_larger_than_a_body_may_be_is_a_413(autojump_clock: object) -> None:
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(CHROMIUM), CHROMIUM)
    data = request("POST", "/", f"Content-Type: {CHROMIUM_TYPE}", "Transfer-Encoding: chunked") + chunk
    (answer,) = read_answers(await converse(Service(app=answer_form, limits=Limits(body=100)), data))
    assert answer.status == 413
