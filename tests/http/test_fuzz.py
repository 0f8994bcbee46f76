"""Requests by grammar, whole and broken, cut anywhere.

Whatever comes in, each request gets a valid answer, or an error that closes the connection and ends it; nothing hangs,
nothing is the server's own fault, and what the app sees is what h11 alone reads in the same bytes.
"""

import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import h11
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
from corserver.http.exchange import Service
from corserver.http.limits import Limits
from corserver.http.messages import Request, Response

from .grammar import CUTS, PIPELINES, REFUSED_LINES, SITE, Line, Sent, broken, valid
from .peer import Answer, byte_by_byte, cut_at, request, whole
from .transcript import Transcript, hold

#: How many times the usual number of examples is tried; with more than one, other examples each time.
EFFORT = int(os.environ.get("FUZZ_EFFORT", "1"))
#: Small enough for a mutation to reach them.
TIGHT = Limits(request_line=600, head=2000, fields=30, body=4000, drain=100)

LISTED = Policy([SITE.decode()], ["PUT"], ["x-a"], ["etag"])
ANYBODY = Policy(["*"], ["PUT"], ["x-a"], ["etag"])


def tried(examples: int) -> settings:
    return settings(
        deadline=None,
        max_examples=examples * EFFORT,
        derandomize=EFFORT == 1,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@dataclass(slots=True)
class Seen:
    """A request as the app saw it."""

    method: bytes
    target: bytes
    fields: tuple[Line, ...]
    body: bytes | None


@dataclass(slots=True)
class Recorder:
    """An app that numbers its answers and remembers to what they are."""

    seen: list[Seen] = field(default_factory=list)

    async def __call__(self, request: Request) -> Response:
        body = None if request.target.startswith("/leave") else await request.body()
        number = {"X-Number": str(len(self.seen)), "ETag": '"1"'}
        self.seen.append(Seen(request.method.encode(), request.target.encode(), request.headers.fields, body))
        if request.target.startswith("/stream"):
            return Response(self._stream(body or b""), headers=number)
        return Response(body or b"", headers=number)

    async def _stream(self, body: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(body), 7):
            yield body[start : start + 7]

    def saw(self, answer: Answer) -> Seen | None:
        """What this answer of the app's is an answer to; None for one of the server's."""
        numbers = answer.get(b"x-number")
        return self.seen[int(numbers[0])] if numbers else None


def served(recorder: Recorder, policy: Policy | None = LISTED, limits: Limits = TIGHT) -> Service:
    return Service(app=recorder, scopes=Scopes(default=policy), limits=limits)


def closes(answer: Answer) -> bool:
    return any(b"close" in value.lower() for value in answer.get(b"connection"))


def check(transcript: Transcript, recorder: Recorder) -> list[Answer]:
    """What holds whatever was sent. Returns the answers."""
    assert not transcript.hung
    assert transcript.seconds <= 30, "nothing was awaited, for the peer had ended its side"
    assert transcript.closed
    assert transcript.own_faults == []
    assert transcript.errors == [], "the app makes no mistakes here"
    answers = transcript.answers
    assert [entry.status for entry in transcript.entries] == [answer.status for answer in answers]
    assert not any(closes(answer) for answer in answers[:-1]), "nothing follows an answer that closes"
    numbers = [number for answer in answers for number in answer.get(b"x-number")]
    assert numbers == [str(n).encode() for n in range(len(recorder.seen))], "each call is answered once, in order"
    for answer in answers:
        assert (b"x-number" in dict(answer.headers)) == (answer.status == 200)
        assert len(answer.get(b"date")) == 1
    return answers


# --------------------------------------------------------------------------------------------------- valid requests


@tried(200)
@given(PIPELINES, CUTS)
def test_every_valid_request_is_answered_in_order_as_what_it_is(pipeline: list[Sent], places: list[int]) -> None:
    recorder = Recorder()
    transcript = hold(served(recorder), b"".join(sent.raw for sent in pipeline), cut_at(places))
    answers = check(transcript, recorder)
    assert answers, "the first is always answered"
    assert len(answers) == len(pipeline) or closes(answers[-1]), "who closes says so"
    for sent, answer in zip(pipeline, answers, strict=False):
        assert_answers(answer, sent, recorder.saw(answer))
    for sent, answer in zip(pipeline, answers[:-1], strict=False):
        assert not sent.closes, f"{answer} is followed by another"


def assert_answers(answer: Answer, sent: Sent, seen: Seen | None) -> None:
    if seen is None:
        assert not sent.reaches_app
        allowed = sent.origin == SITE or not sent.is_preflight
        assert answer.status == (204 if allowed else 403)
    else:
        body = None if sent.target.startswith(b"/leave") else sent.body
        assert seen == Seen(sent.method, sent.target, sent.fields, body)
        assert answer.body == (b"" if sent.method == b"HEAD" else body or b"")
    if sent.target != b"*":
        assert answer.cors.get(b"access-control-allow-origin") == (SITE if sent.origin == SITE else None)
        assert b"Origin" in answer.vary
    event(f"{answer.status} {'closes' if closes(answer) else 'stays'}")


@tried(100)
@given(PIPELINES)
def test_a_valid_request_closes_only_where_it_asks_to_or_leaves_a_body(pipeline: list[Sent]) -> None:
    recorder = Recorder()
    answers = check(hold(served(recorder), b"".join(sent.raw for sent in pipeline)), recorder)
    for sent, answer in zip(pipeline, answers, strict=False):
        assert closes(answer) >= sent.closes
        if sent.target.startswith((b"/read", b"/stream")) and sent.reaches_app:
            assert closes(answer) == sent.closes


@tried(100)
@given(valid(), st.sampled_from(sorted(REFUSED_LINES)), st.integers(0, 20), st.booleans())
def test_a_bad_line_refuses_the_request_and_ends_the_connection(sent: Sent, bad: bytes, at: int, cut: bool) -> None:
    request_line, *lines = sent.raw.partition(b"\r\n\r\n" if not sent.raw.startswith(b"\r\n") else b"\0")[0].split(
        b"\r\n"
    )
    if sent.raw.startswith(b"\r\n"):
        request_line, *lines = sent.raw[2:].partition(b"\r\n\r\n")[0].split(b"\r\n")
    lines.insert(at % (len(lines) + 1), bad)
    data = b"\r\n".join([request_line, *lines, b"", b""]) + request("GET", "/hidden")
    is_old = request_line.endswith(b"1.0")
    recorder = Recorder()
    transcript = hold(served(recorder), data, byte_by_byte if cut else whole)
    (answer, *more) = check(transcript, recorder)
    if is_old and bad.startswith(b"Expect"):
        return  # It is ignored in HTTP/1.0.
    assert (more, recorder.seen, closes(answer)) == ([], [], True)
    assert 400 <= answer.status < 600
    if not any(name in (b"transfer-encoding", b"content-length", b"expect") for name, _ in sent.fields):
        assert answer.status in REFUSED_LINES[bad] or is_old
    if sent.origin == SITE and sent.target != b"*":
        assert answer.cors.get(b"access-control-allow-origin") == SITE, "a script may read why it was refused"


# -------------------------------------------------------------------------------------------------- broken requests


@tried(400)
@given(broken(), CUTS)
def test_nothing_that_is_sent_hangs_the_server_or_is_its_fault(data: bytes, places: list[int]) -> None:
    recorder = Recorder()
    service = served(recorder)
    answers = check(hold(service, data, cut_at(places)), recorder)
    for answer in answers:
        seen = recorder.saw(answer)
        if seen is not None:
            origins = [value for name, value in seen.fields if name == b"origin"]
            assert answer.cors.get(b"access-control-allow-origin") == (SITE if origins == [SITE] else None)
            assert b"Origin" in answer.vary
    event(f"ends with {answers[-1].status if answers else None}")
    again = hold(service, request("GET", "/read", "Connection: close"))
    assert [answer.status for answer in again.answers] == [200], "the next connection is served"


@tried(200)
@given(broken(), CUTS)
def test_the_answers_do_not_depend_on_how_the_bytes_are_cut(data: bytes, places: list[int]) -> None:
    found = []
    finely = cut_at(range(0, len(data), 1 + len(data) // 200))
    for cut in (whole, cut_at(places), finely):
        recorder = Recorder()
        answers = check(hold(served(recorder, ANYBODY), data, cut), recorder)
        found.append(([comparable(answer) for answer in answers], recorder.seen))
    assert found[0] == found[1] == found[2]


def comparable(answer: Answer) -> tuple[int, bytes, list[Line]]:
    headers = [line for line in answer.headers if line[0] != b"date"]
    if closes(answer) and answer.status >= 400:
        # What is refused before its end is seen has no method: it has the body that an answer to HEAD has not.
        return answer.status, b"", headers
    return answer.status, answer.body, headers


# ------------------------------------------------------------------------------------------------- against h11 alone


def read_by_h11(data: bytes) -> list[Seen]:
    """The whole requests that h11 alone reads in *data*, one empty line before each ignored."""
    requests: list[Seen] = []
    while data:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        connection.receive_data(data.removeprefix(b"\r\n"))
        body, head = b"", None
        try:
            while not isinstance(found := connection.next_event(), h11.EndOfMessage):
                if isinstance(found, h11.Request):
                    head = found
                elif isinstance(found, h11.Data):
                    body += bytes(found.data)
                else:
                    return requests
        except h11.RemoteProtocolError:
            return requests
        assert head is not None
        requests.append(Seen(head.method, head.target, tuple((n, v) for n, v in head.headers), body))
        data = connection.trailing_data[0]
    return requests


@tried(400)
@given(st.one_of(broken(), PIPELINES.map(lambda pipeline: b"".join(sent.raw for sent in pipeline))))
def test_what_the_app_sees_is_what_h11_alone_reads(data: bytes) -> None:
    recorder = Recorder()
    # Without a policy a preflight is the app's too.
    answers = check(hold(served(recorder, None), data), recorder)
    expected = read_by_h11(data)
    for answer, one in zip(answers, expected, strict=False):
        seen = recorder.saw(answer)
        if seen is None:
            continue
        assert seen.method == one.method
        assert seen.target == one.target or one.target.lower().startswith(b"http")
        assert lowered(seen.fields) == lowered(_with_host_of(one.target, one.fields))
        assert seen.body in (None, one.body)
    whole_ones = [answer for answer in answers if (seen := recorder.saw(answer)) and seen.body is not None]
    assert len(whole_ones) <= len(expected), "h11 alone reads no fewer"


def _with_host_of(target: bytes, fields: tuple[Line, ...]) -> tuple[Line, ...]:
    """The host that the target names, if it does, in the place of Host (RFC 9112 §3.2.2)."""
    scheme, found, rest = target.partition(b"://")
    if not found or not scheme.isalpha():
        return fields
    host = re.split(rb"[/?]", rest, maxsplit=1)[0]
    return tuple((name, host if name == b"host" else value) for name, value in fields)


def lowered(fields: tuple[Line, ...]) -> list[Line]:
    # h11 writes a transfer coding in lower case.
    return [(name, value.lower() if name == b"transfer-encoding" else value) for name, value in fields]


# ------------------------------------------------------------------------------------------------- what was found once

FOUND = {
    "a HEAD that is refused": (b"HEAD / HTTP/1.1\r\n\r\n", [400]),
    "a CR that nothing follows": (request("GET", "/read") + b"\r", [200]),
}


@pytest.mark.parametrize(("data", "statuses"), FOUND.values(), ids=FOUND)
@pytest.mark.parametrize("cut", [whole, byte_by_byte])
def test_found_once(data: bytes, statuses: list[int], cut: object) -> None:
    recorder = Recorder()
    transcript = hold(served(recorder), data, cut)  # type: ignore[arg-type]
    assert [answer.status for answer in check(transcript, recorder)] == statuses
