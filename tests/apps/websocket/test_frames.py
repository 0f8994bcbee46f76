"""Frames of every kind, as the groups 1 to 7 and 9 to 10 of Autobahn's test suite have them, from RFC 6455's text.

Each is sent to an echo, whole and byte by byte; what comes back is the answer, frame by frame, to the last.
"""

import itertools
import struct
from collections.abc import Iterable

import pytest
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from corserver import WebSocketOptions
from corserver.apps.websocket.closed import check_close
from corserver.apps.websocket.frames import CloseArrived, Frames, PingArrived
from tests.http.peer import Cutter, byte_by_byte, cut_at, whole

from .peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, close_frame, frame, opened

HELLO = "Hellö ß".encode()
#: Where the client waits until nothing more comes: a close that arrives with a message may be answered before it is.
PAUSE = b"<pause>"
BYE = PAUSE + close_frame(1000)
ENDED = (CLOSE, struct.pack("!H", 1000))


def closed(code: int) -> tuple[int, int]:
    """The close frame that a failure is answered with; its reason is for people."""
    return CLOSE, code


def text(*parts: bytes) -> bytes:
    """A text message in fragments."""
    last = len(parts) - 1
    return b"".join(frame(TEXT if i == 0 else CONTINUATION, part, fin=i == last) for i, part in enumerate(parts))


SIZES = (0, 1, 125, 126, 127, 128, 65535, 65536, 70001)
BAD_TEXTS = {
    "a lone continuation": b"a\x80",
    "a start without an end": b"a\xc3",
    "0xff": b"\xff",
    "overlong /": b"\xc0\xaf",
    "overlong NUL in 3": b"\xe0\x80\x80",
    "a surrogate": b"\xed\xa0\x80",
    "a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "beyond 10FFFF": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
}
CASES: dict[str, tuple[bytes, list[Frame | tuple[int, int]]]] = {
    # 1: framing
    **{f"text of {n}": (frame(TEXT, b"*" * n) + BYE, [(TEXT, b"*" * n), ENDED]) for n in SIZES},
    **{f"binary of {n}": (frame(BINARY, b"\xfe" * n) + BYE, [(BINARY, b"\xfe" * n), ENDED]) for n in SIZES},
    "the sample of 5.7": (bytes.fromhex("818537fa213d7f9f4d5158") + BYE, [(TEXT, b"Hello"), ENDED]),
    # 2: pings and pongs
    "ping": (frame(PING) + BYE, [(PONG, b""), ENDED]),
    "ping with a payload": (frame(PING, b"\x00\xff\xfe" * 41) + BYE, [(PONG, b"\x00\xff\xfe" * 41), ENDED]),
    "ping of 125": (frame(PING, b"x" * 125) + BYE, [(PONG, b"x" * 125), ENDED]),
    "ping of 126": (frame(PING, b"x" * 126), [closed(1002)]),
    "pong unasked": (frame(PONG, b"x") + BYE, [ENDED]),
    "ten pings": (
        b"".join(frame(PING, b"%d" % n) for n in range(10)) + BYE,
        [*((PONG, b"%d" % n) for n in range(10)), ENDED],
    ),
    # 3: reserved bits
    **{
        f"rsv {rsv} on {opcode}": (
            frame(TEXT, b"a") + PAUSE + frame(opcode, b"", rsv=rsv) + frame(PING),
            [(TEXT, b"a"), closed(1002)],
        )
        for rsv in range(1, 8)
        for opcode in (TEXT, BINARY, CLOSE, PING, PONG)
    },
    # 4: reserved opcodes
    **{f"opcode {n}": (frame(n, b"x") + frame(PING), [closed(1002)]) for n in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    # 5: fragments
    "a fragmented ping": (frame(PING, b"a", fin=False) + frame(CONTINUATION, b"b"), [closed(1002)]),
    "a fragmented pong": (frame(PONG, b"a", fin=False) + frame(CONTINUATION, b"b"), [closed(1002)]),
    "a fragmented close": (frame(CLOSE, b"\x03\xe8", fin=False), [closed(1002)]),
    "two fragments": (text(b"frag", b"ment") + BYE, [(TEXT, b"fragment"), ENDED]),
    "empty fragments": (text(b"", b"", b"") + BYE, [(TEXT, b""), ENDED]),
    "the middle is not empty": (text(b"", b"mid", b"") + BYE, [(TEXT, b"mid"), ENDED]),
    "binary fragments": (
        frame(BINARY, b"\x00", fin=False) + frame(CONTINUATION, b"\xff") + BYE,
        [(BINARY, b"\x00\xff"), ENDED],
    ),
    "a ping between fragments": (
        frame(TEXT, b"a", fin=False) + frame(PING, b"p") + frame(CONTINUATION, b"b") + BYE,
        [(PONG, b"p"), (TEXT, b"ab"), ENDED],
    ),
    "a pong between fragments": (
        frame(TEXT, b"a", fin=False) + frame(PONG, b"p") + frame(CONTINUATION, b"b") + BYE,
        [(TEXT, b"ab"), ENDED],
    ),
    "a continuation of nothing": (frame(CONTINUATION, b"x"), [closed(1002)]),
    "a continuation of nothing, not the last": (frame(CONTINUATION, b"x", fin=False), [closed(1002)]),
    "a continuation after the end": (
        text(b"a", b"b") + PAUSE + frame(CONTINUATION, b"x"),
        [(TEXT, b"ab"), closed(1002)],
    ),
    "a text within a text": (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), [closed(1002)]),
    "a binary within a text": (frame(TEXT, b"a", fin=False) + frame(BINARY, b"b"), [closed(1002)]),
    # 6: UTF-8
    "UTF-8": (frame(TEXT, HELLO) + BYE, [(TEXT, HELLO), ENDED]),
    "UTF-8 by the byte": (text(*(HELLO[i : i + 1] for i in range(len(HELLO)))) + BYE, [(TEXT, HELLO), ENDED]),
    "non-characters": (
        frame(TEXT, "\ufffe\uffff\U0010ffff\0".encode()) + BYE,
        [(TEXT, "\ufffe\uffff\U0010ffff\0".encode()), ENDED],
    ),
    "a byte order mark": (frame(TEXT, b"\xef\xbb\xbfa") + BYE, [(TEXT, b"\xef\xbb\xbfa"), ENDED]),
    "line ends": (text(b"a\r", b"\nb\n") + BYE, [(TEXT, b"a\r\nb\n"), ENDED]),
    **{f"no UTF-8: {name}": (frame(TEXT, bad) + frame(PING), [closed(1007)]) for name, bad in BAD_TEXTS.items()},
    **{
        f"no UTF-8 in a fragment: {name}": (text(b"a", bad, b"") + frame(PING), [closed(1007)])
        for name, bad in BAD_TEXTS.items()
    },
    "no UTF-8, long before the end": (frame(TEXT, b"\xff", fin=False), [closed(1007)]),
    "no UTF-8 is no matter in binary": (frame(BINARY, b"\xff") + BYE, [(BINARY, b"\xff"), ENDED]),
    # 7: close
    "close": (BYE, [ENDED]),
    "close without a code": (frame(CLOSE), [(CLOSE, b"")]),
    "close of one byte": (frame(CLOSE, b"\x03"), [closed(1002)]),
    "close with a reason": (close_frame(1000, b"r" * 123), [(CLOSE, b"\x03\xe8" + b"r" * 123)]),
    "close of 126": (close_frame(1000, b"r" * 124), [closed(1002)]),
    "close with a reason that is no UTF-8": (
        close_frame(1000, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80"),
        [closed(1007)],
    ),
    "what comes after a close": (BYE + frame(TEXT, b"a") + frame(PING) + BYE, [ENDED]),
    "a close between fragments": (frame(TEXT, b"a", fin=False) + BYE + frame(CONTINUATION, b"b"), [ENDED]),
    **{
        f"close with {code}": (close_frame(code), [closed(code)])
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999)
    },
    **{
        f"close with {code}, which cannot be": (close_frame(code), [closed(1002)])
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    # masks, and lengths in more bytes than they need (RFC 6455 §5.1, §5.2)
    "not masked": (frame(TEXT, b"a", mask=None), [closed(1002)]),
    "not masked, empty": (frame(PING, mask=None), [closed(1002)]),
    "a close that is not masked": (frame(CLOSE, b"\x03\xe8", mask=None), [closed(1002)]),
    "125 in two bytes": (b"\x82\xfe\x00\x7d" + bytes(129), [closed(1002)]),
    "65535 in eight bytes": (b"\x82\xff" + struct.pack("!Q", 65535) + bytes(10), [closed(1002)]),
    "a length with its highest bit": (b"\x82\xff" + struct.pack("!Q", 1 << 63) + bytes(10), [closed(1002)]),
    # 9: limits
    "more than a message may be, at its head": (b"\x82\xff" + struct.pack("!Q", (1 << 20) + 1), [closed(1009)]),
    "a message as long as it may be, in many frames": (
        text(*[b"x" * 4096] * 256) + BYE,
        [(TEXT, b"x" * (1 << 20)), ENDED],
    ),
    "one byte more": (text(*[b"x" * 4096] * 256, b"x"), [closed(1009)]),
    "more characters of two bytes than fit": (text("é".encode() * 300_000, "é".encode() * 300_000), [closed(1009)]),
    "more fragments than there may be": (text(*[b""] * 1001), [closed(1009)]),
    "as many as there may be, twice": (text(*[b""] * 1000) * 2 + BYE, [(TEXT, b""), (TEXT, b""), ENDED]),
}
OPTIONS = WebSocketOptions(message=1 << 20, fragments=1000)


#: Long ones are not cut into bytes: their heads are like those of short ones.
CUT = [(name, cut) for name in CASES for cut in (whole, byte_by_byte) if cut is whole or len(CASES[name][0]) <= 5000]


@pytest.mark.parametrize(("name", "cut"), CUT)
async def test_a_case(autojump_clock: object, name: str, cut: Cutter) -> None:
    sent, expected = CASES[name]
    async with opened(options=OPTIONS) as client:
        for step in sent.split(PAUSE):
            for piece in cut(step):
                await client.send(piece)
            await trio.testing.wait_all_tasks_blocked()
        found = await client.frames()
    assert [_as_expected(one, wanted) for one, wanted in itertools.zip_longest(found, expected)] == expected


def _as_expected(one: Frame | None, wanted: Frame | tuple[int, int] | None) -> object:
    if one is not None and wanted is not None and one[0] == CLOSE and isinstance(wanted[1], int):
        return CLOSE, int.from_bytes(one[1][:2], "big")
    return one


# --------------------------------------------------------------------------------------------- however it is cut


@pytest.mark.parametrize("cut", [whole, byte_by_byte])
def test_a_message_at_its_limits_is_no_bigger_for_arriving_in_pieces(cut: Cutter) -> None:
    frames = Frames(WebSocketOptions(message=300, fragments=3))
    found = events(frames, cut(text(b"x" * 150, b"", b"x" * 150) + frame(PING) + frame(BINARY, b"y" * 300) + BYE))
    assert [event for event in found if isinstance(event, str | bytes)] == ["x" * 300, b"y" * 300]


def events(frames: Frames, pieces: Iterable[bytes]) -> list[object]:
    found: list[object] = []
    for piece in pieces:
        for event in frames.received(piece):
            if event is not None:
                found.append(event)
            if isinstance(event, CloseArrived):
                return found
    return found


_PAYLOADS = st.one_of(st.text(max_size=40).map(str.encode), st.binary(max_size=40))
_FRAMES = st.builds(
    frame,
    st.sampled_from([CONTINUATION, TEXT, TEXT, BINARY, PING, PONG, CLOSE, 3]),
    _PAYLOADS,
    fin=st.booleans(),
    rsv=st.sampled_from([0, 0, 0, 0, 0, 0, 4, 1]),
    mask=st.sampled_from([b"abcd", b"\0\0\0\0", b"\xff\x00\x80\x01"]),
)
_ORDERLY = st.lists(
    st.one_of(
        st.lists(st.text(max_size=20).map(str.encode), min_size=1, max_size=4).map(lambda parts: text(*parts)),
        st.binary(max_size=200).map(lambda payload: frame(BINARY, payload)),
        st.binary(max_size=125).map(lambda payload: frame(PING, payload)),
    ),
    max_size=8,
).map(b"".join)


@given(
    st.one_of(_ORDERLY, st.lists(_FRAMES, max_size=8).map(b"".join), st.binary(max_size=60)),
    st.lists(st.integers(0, 2000), max_size=12),
)
def test_any_cutting_of_the_stream_gives_the_same(data: bytes, places: list[int]) -> None:
    for options in (OPTIONS, WebSocketOptions(message=40, fragments=3)):
        expected = events(Frames(options), [data])
        assert expected == events(Frames(options), cut_at(places)(data))
        assert expected == events(Frames(options), byte_by_byte(data))


@given(st.lists(st.one_of(st.text(), st.binary()), max_size=5))
def test_what_is_sent_is_what_arrives_on_the_other_side(messages: list[str | bytes]) -> None:
    from wsproto.connection import Connection, ConnectionType
    from wsproto.events import BytesMessage, TextMessage

    client, frames = Connection(ConnectionType.CLIENT), Frames(OPTIONS)
    client.receive_data(b"".join(frames.message(message) for message in messages))
    arrived = list(client.events())
    assert [event.data for event in arrived if isinstance(event, TextMessage | BytesMessage)] == messages
    back = b"".join(client.send(TextMessage(m) if isinstance(m, str) else BytesMessage(m)) for m in messages)
    assert list(frames.received(back)) == messages


@pytest.mark.parametrize(
    "data",
    [frame(PING) * 1000, text(*[b""] * 1000), frame(BINARY, b"x") * 1000, frame(PONG) * 1000],
    ids=["pings", "fragments", "messages", "pongs"],
)
def test_others_have_a_turn_after_some_frames(data: bytes) -> None:
    assert list(Frames(OPTIONS).received(data)).count(None) == 1000 // 64


def test_a_ping_is_answered_with_its_payload_and_after_our_close_with_nothing() -> None:
    frames = Frames(OPTIONS)
    assert list(frames.received(frame(PING, b"a"))) == [PingArrived(b"\x8a\x01a")]
    assert frames.close(1000) == b"\x88\x02\x03\xe8"
    assert list(frames.received(frame(PING, b"a") + frame(TEXT, b"late"))) == ["late"]
    assert frames.close(1000) == b""


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1014, 3000, 4999])
def test_a_close_may_have_these_codes(code: int) -> None:
    check_close(code, "é" * 61)


@pytest.mark.parametrize(
    ("code", "reason"), [(999, ""), (1004, ""), (1005, ""), (1006, ""), (1015, ""), (5000, ""), (1000, "é" * 62)]
)
def test_a_close_cannot_have_these(code: int, reason: str) -> None:
    with pytest.raises(ValueError, match=r"write 1000|123 bytes"):
        check_close(code, reason)
