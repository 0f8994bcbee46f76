"""One connection, from the outside: the requests and bodies that it reads, and 100 Continue."""

import weakref

import pytest
import trio
import trio.testing

from corserver.http.connection import Connection
from corserver.http.exchange import Service
from corserver.http.log import Entry
from corserver.http.messages import Request, Response

from .peer import Cutter, ask, byte_by_byte, converse, cut_at, read_answers, request, whole
from .serviced import echo, ignore, service

CUTS = pytest.mark.parametrize("cut", [whole, byte_by_byte, cut_at([7, 19, 40, 61, 80, 99])])


# ------------------------------------------------------------------------------------------------- requests and bodies


@CUTS
async def test_requests_on_one_connection_are_answered_in_order(autojump_clock: object, cut: Cutter) -> None:
    data = b"".join(request("POST", f"/{n}", body=b"x" * n) for n in range(1, 4)) + request("GET", "/last")
    answers = read_answers(await converse(service(echo), data, cut=cut))
    assert [(answer.get(b"x-target")[0], answer.body) for answer in answers] == [
        (b"/1", b"x"),
        (b"/2", b"xx"),
        (b"/3", b"xxx"),
        (b"/last", b""),
    ]
    assert not any(answer.get(b"connection") for answer in answers)


@CUTS
async def test_a_chunked_body_is_read_and_what_follows_it_is_the_next_request(
    autojump_clock: object, cut: Cutter
) -> None:
    chunked = request("POST", "/", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: 1\r\n\r\n"
    answers = read_answers(await converse(service(echo), chunked + chunked + request("GET", "/next"), cut=cut))
    assert [answer.body for answer in answers] == [b"abcdefg", b"abcdefg", b""]


@CUTS
async def test_a_body_that_nobody_reads_is_dropped_and_not_taken_for_a_request(
    autojump_clock: object, cut: Cutter
) -> None:
    hidden = request("GET", "/hidden")
    data = request("GET", "/first", body=hidden) + request("GET", "/second")
    answers = read_answers(await converse(service(ignore), data, cut=cut))
    assert [answer.body for answer in answers] == [b"/first", b"/second"]


@CUTS
async def test_an_unread_body_beyond_the_drain_closes_the_connection(autojump_clock: object, cut: Cutter) -> None:
    data = request("POST", "/first", body=b"x" * 200) + request("GET", "/second")
    (answer,) = read_answers(await converse(service(ignore, drain=100), data, cut=cut))
    assert (answer.body, answer.get(b"connection")) == (b"/first", [b"close"])


async def test_a_body_that_ends_early_is_not_a_request(autojump_clock: object) -> None:
    data = request("POST", "/", "Content-Length: 10") + b"abc"
    answer = await ask(service(echo), data)
    assert answer.status == 400


async def test_a_malformed_chunk_is_400_and_closes(autojump_clock: object) -> None:
    data = request("POST", "/", "Transfer-Encoding: chunked") + b"0x3\r\nabc\r\n0\r\n\r\n" + request("GET", "/hidden")
    answer = await ask(service(echo), data)
    assert (answer.status, answer.get(b"connection")) == (400, [b"close"])


async def test_a_body_too_large_by_its_length_is_refused_before_it_is_read(autojump_clock: object) -> None:
    answer = await ask(service(echo, body=10), request("POST", "/", "Content-Length: 11", "Expect: 100-continue"))
    assert (answer.status, answer.get(b"connection")) == (413, [b"close"])


async def test_a_chunked_body_too_large_is_refused_when_it_is(autojump_clock: object) -> None:
    data = request("POST", "/", "Transfer-Encoding: chunked") + b"b\r\n01234567890\r\n0\r\n\r\n"
    answer = await ask(service(echo, body=10), data)
    assert answer.status == 413


async def test_a_body_can_be_read_twice_and_streamed(autojump_clock: object) -> None:
    async def app(request: Request) -> Response:
        first = await request.body()
        return Response(first + await request.body() + b"".join([chunk async for chunk in request.stream()]))

    answer = await ask(service(app), request("POST", "/", body=b"ab"))
    assert answer.body == b"ababab"


# ------------------------------------------------------------------------------------------------------- 100-continue


async def test_100_continue_is_sent_when_the_handler_reads_and_not_before(autojump_clock: object) -> None:
    data = request("POST", "/", "Expect: 100-continue", body=b"abc")
    assert (await converse(service(echo), data)).startswith(b"HTTP/1.1 200 OK")  # the body is here already
    head = request("POST", "/", "Expect: 100-continue", "Content-Length: 3")
    assert (await converse(service(echo), head)).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    early = await converse(service(ignore), head)
    assert early.startswith(b"HTTP/1.1 200 OK")
    assert b"Connection: close" in early


async def test_100_continue_is_never_sent_to_1_0(autojump_clock: object) -> None:
    data = request("POST", "/", "Expect: 100-continue", "Content-Length: 3", version="1.0") + b"abc"
    assert (await converse(service(echo), data, cut=byte_by_byte)).startswith(b"HTTP/1.1 200 OK")


# ------------------------------------------------------------------------------------------------- between requests


class Pieces:
    """A body that ends at once."""

    def __aiter__(self) -> "Pieces":
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


async def test_the_last_answer_is_not_kept_while_the_next_request_is_waited_for(autojump_clock: object) -> None:
    bodies: list[weakref.ref[Pieces]] = []

    async def app(request: Request) -> Response:
        body = Pieces()
        bodies.append(weakref.ref(body))
        return Response(body)

    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(ours, Service(app=app)).run)
        await theirs.send_all(request("GET", "/"))
        await trio.testing.wait_all_tasks_blocked()
        assert [body() for body in bodies] == [None]
        await theirs.aclose()


# ------------------------------------------------------------------------------------------------------------- the log


async def test_an_entry_tells_what_happened(autojump_clock: object) -> None:
    entries: list[Entry] = []
    await converse(Service(app=echo, access_log=entries.append), request("POST", "/a?b", body=b"abc"))
    (entry,) = entries
    assert (entry.method, entry.target, entry.status, entry.sent, entry.failure) == (b"POST", b"/a?b", 200, 3, "")


async def test_nothing_is_written_without_an_access_log(
    autojump_clock: object, capsys: pytest.CaptureFixture[str]
) -> None:
    await converse(Service(app=echo), request("GET", "/"))
    assert capsys.readouterr() == ("", "")
