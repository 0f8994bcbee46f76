"""Compression: what is agreed on, messages both ways, and what a peer cannot make of it."""

import re
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corserver import WebSocketOptions
from corserver.apps.websocket.deflate import Deflate
from corserver.apps.websocket.frames import CloseArrived, Frames, PingArrived
from tests.http.peer import byte_by_byte, cut_at

from .peer import BINARY, CLOSE, CONTINUATION, PING, TEXT, close_frame, echo, frame, opened

NAME = "permessage-deflate"
OPTIONS = WebSocketOptions(message=1 << 20)


def agreed(offer: str = NAME, most: int = 1 << 20) -> Deflate:
    deflate = Deflate.agreed(offer, most)
    assert deflate is not None
    return deflate


def deflated(data: bytes, *, window: int = 15, final: bool = False) -> bytes:
    compressor = zlib.compressobj(6, zlib.DEFLATED, -window)
    if final:
        return compressor.compress(data) + compressor.flush() + b"\x00"
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        ("", None),
        ("x-webkit-deflate-frame", None),
        (NAME, "server_max_window_bits=12"),
        (f"{NAME}; client_max_window_bits", "server_max_window_bits=12; client_max_window_bits=12"),
        (f"{NAME};client_max_window_bits=10", "server_max_window_bits=12; client_max_window_bits=10"),
        (f'{NAME} ; client_max_window_bits = "15"', "server_max_window_bits=12; client_max_window_bits=12"),
        (f"{NAME}; server_max_window_bits=9", "server_max_window_bits=9"),
        (f"{NAME}; server_max_window_bits=15", "server_max_window_bits=12"),
        (
            f"{NAME}; server_no_context_takeover; client_no_context_takeover",
            "server_max_window_bits=12; server_no_context_takeover; client_no_context_takeover",
        ),
        (f"{NAME}; server_max_window_bits=8", None),
        (f"{NAME}; server_max_window_bits", None),
        (f"{NAME}; server_max_window_bits=16", None),
        (f"{NAME}; server_max_window_bits=09", None),
        (f"{NAME}; client_max_window_bits=abc", None),
        (f"{NAME}; client_max_window_bits=7", None),
        (f"{NAME}; client_no_context_takeover=1", None),
        (f"{NAME}; client_no_context_takeover; client_no_context_takeover", None),
        (f"{NAME}; unknown", None),
        (f"{NAME}; unknown, {NAME}; server_max_window_bits=10", "server_max_window_bits=10"),
        (f"other; a=b, , {NAME}", "server_max_window_bits=12"),
        (f"{NAME}; server_max_window_bits=8, {NAME}", "server_max_window_bits=12"),
        (f"bad=element, {NAME}", None),
        (NAME.upper(), None),
    ],
)
def test_the_first_offer_that_can_be_taken_is(offers: str, expected: str | None) -> None:
    deflate = Deflate.agreed(offers, 100)
    assert (None if deflate is None else deflate.answer) == (None if expected is None else f"{NAME}; {expected}")


@given(st.text(st.sampled_from(' \t,;="ab' + NAME), max_size=60))
def test_no_offer_is_too_strange(offers: str) -> None:
    Deflate.agreed(f"{NAME}{offers}", 100)


@pytest.mark.parametrize(
    "offer",
    [
        NAME,
        f"{NAME}; client_max_window_bits",
        f"{NAME}; server_no_context_takeover; client_no_context_takeover",
        f"{NAME}; server_max_window_bits=9; client_max_window_bits=9",
    ],
)
@given(
    messages=st.lists(
        st.one_of(st.text(), st.binary(), st.binary(min_size=10, max_size=20).map(lambda b: b * 40)), max_size=5
    )
)
def test_wsprotos_client_understands_and_is_understood(offer: str, messages: list[str | bytes]) -> None:
    from wsproto.connection import Connection, ConnectionType
    from wsproto.events import BytesMessage, TextMessage
    from wsproto.extensions import PerMessageDeflate

    deflate = agreed(offer)
    theirs = PerMessageDeflate()
    theirs.finalize(deflate.answer)
    client, frames = Connection(ConnectionType.CLIENT, [theirs]), Frames(OPTIONS, deflate)
    for message in messages:
        client.receive_data(frames.message(message))
        parts: Any = [event.data for event in client.events() if isinstance(event, TextMessage | BytesMessage)]
        assert parts[0][:0].join(parts) == message
        back = client.send(TextMessage(message) if isinstance(message, str) else BytesMessage(message))
        assert list(frames.received(back)) == [message]


def test_a_long_message_goes_out_compressed_and_a_short_one_does_not() -> None:
    frames = Frames(OPTIONS, agreed())
    assert frames.message("x" * 63)[:2] == bytes([0x81, 63])
    long = frames.message("x" * 10_000)
    assert long[0] == 0xC1
    assert len(long) < 200


COMPRESSED = deflated(b"hello " * 50)


def test_a_ping_between_the_fragments_of_a_compressed_message_changes_nothing() -> None:
    data = frame(TEXT, COMPRESSED[:5], fin=False, rsv=4) + frame(PING, b"p") + frame(CONTINUATION, COMPRESSED[5:])
    assert list(Frames(OPTIONS, agreed()).received(data)) == [PingArrived(b"\x8a\x01p"), "hello " * 50]


def test_compressed_and_plain_messages_may_alternate() -> None:
    data = frame(TEXT, COMPRESSED, rsv=4) + frame(TEXT, b"plain") + frame(BINARY, COMPRESSED, rsv=4)
    assert list(Frames(OPTIONS, agreed()).received(data)) == ["hello " * 50, "plain", b"hello " * 50]


@pytest.mark.parametrize(
    "data",
    [
        frame(TEXT, COMPRESSED[:5], fin=False, rsv=4) + frame(CONTINUATION, COMPRESSED[5:], rsv=4),
        frame(TEXT, b"a", fin=False) + frame(CONTINUATION, b"b", rsv=4),
        frame(PING, b"", rsv=4),
        frame(CLOSE, b"", rsv=4),
        frame(TEXT, COMPRESSED, rsv=6),
        frame(TEXT, COMPRESSED, rsv=5),
    ],
)
def test_the_bit_is_on_first_frames_only(data: bytes) -> None:
    (closed,) = Frames(OPTIONS, agreed()).received(data)
    assert isinstance(closed, CloseArrived)
    assert closed.code == 1002


@pytest.mark.parametrize(
    "bad", [b"\xff\xff\xff", b"\x07", deflated(b"\xff")], ids=["no deflate", "a bad block", "no UTF-8"]
)
def test_what_cannot_be_decompressed_or_is_no_text_ends_with_1007(bad: bytes) -> None:
    (closed,) = Frames(OPTIONS, agreed()).received(frame(TEXT, bad, rsv=4))
    assert isinstance(closed, CloseArrived)
    assert closed.code == 1007


def test_a_block_may_say_that_it_is_the_last() -> None:
    """The sample of RFC 7692 §7.2.3.4, and thousands of such blocks in one message."""
    frames = Frames(OPTIONS, agreed())
    sample = bytes.fromhex("f348cdc9c9070000")
    assert list(frames.received(frame(TEXT, sample, rsv=4) * 2)) == ["Hello", "Hello"]
    many = b"\x03\x00" * 20_000 + deflated(b"end")
    # So many streams take their time, and others have a turn meanwhile.
    assert list(frames.received(frame(TEXT, many, rsv=4))) == [None] * (len(many) // 2048) + ["end"]


def test_others_have_a_turn_while_a_message_is_a_thousand_times_as_long_as_what_arrived() -> None:
    data = frame(BINARY, deflated(bytes(8 << 20)), rsv=4)
    found = list(Frames(WebSocketOptions(), agreed(most=8 << 20)).received(data))
    assert found == [None] * (len(data) // 2048) + [bytes(8 << 20)]


def test_the_samples_of_the_standard() -> None:
    """RFC 7692 §7.2.3.1 to .3: with context, without compression, in two blocks."""
    frames = Frames(OPTIONS, agreed())
    samples = (
        b"\xf2\x48\xcd\xc9\xc9\x07\x00",
        b"\xf2\x00\x11\x00\x00",
        b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
    )
    for sample in samples:
        assert list(frames.received(frame(TEXT, sample, rsv=4))) == ["Hello"]


@pytest.mark.parametrize("times", [1, 1000])
def test_a_bomb_is_refused_before_it_is_as_big(times: int) -> None:
    """What is decompressed counts: no more is made of it than a message may have."""
    bomb = deflated(bytes(8 << 20))
    assert len(bomb) < 10_000
    size = -(-len(bomb) // times)
    pieces = [bomb[i : i + size] for i in range(0, len(bomb), size)]
    data = b"".join(
        frame(BINARY if i == 0 else CONTINUATION, piece, rsv=4 * (i == 0), fin=i == len(pieces) - 1)
        for i, piece in enumerate(pieces)
    )
    frames = Frames(WebSocketOptions(message=1 << 16), agreed(most=1 << 16))
    tracemalloc.start()
    try:
        (closed,) = frames.received(data)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert isinstance(closed, CloseArrived)
    assert (closed.code, closed.reason) == (1009, "the message is too big")


def test_a_message_as_long_as_it_may_be_is_no_bomb() -> None:
    data = frame(BINARY, deflated(bytes(1 << 16)), rsv=4) + frame(BINARY, deflated(bytes(1 << 16)), rsv=4)
    frames = Frames(WebSocketOptions(message=1 << 16), agreed(most=1 << 16))
    assert list(frames.received(data)) == [bytes(1 << 16)] * 2


@given(
    st.lists(st.text(max_size=300).map(str.encode), min_size=1, max_size=4),
    st.lists(st.integers(1, 100), max_size=3),
    st.lists(st.integers(0, 2000), max_size=12),
)
def test_any_cutting_of_the_stream_gives_the_same(texts: list[bytes], fragments: list[int], places: list[int]) -> None:
    data = b""
    for text in texts:
        parts = list(cut_at(fragments)(deflated(text))) or [b""]
        for i, part in enumerate(parts):
            data += frame(CONTINUATION if i else TEXT, part, rsv=0 if i else 4, fin=i == len(parts) - 1) + frame(PING)
    data += close_frame(1000)
    expected = [text.decode() for text in texts]
    for pieces in (cut_at(places)(data), byte_by_byte(data)):
        frames = Frames(OPTIONS, agreed())
        found = [event for piece in pieces for event in frames.received(piece)]
        assert [event for event in found if isinstance(event, str)] == expected
        assert isinstance(found[-1], CloseArrived)


async def test_on_the_wire(autojump_clock: object) -> None:
    async with opened(echo, None, f"Sec-WebSocket-Extensions: {NAME}") as client:
        found = re.search(rb"\r\nSec-WebSocket-Extensions: (.*)\r\n", client.head)
        assert found is not None
        assert found[1] == f"{NAME}; server_max_window_bits=12".encode()
        await client.send(frame(TEXT, COMPRESSED, rsv=4))
        one = await client.next_frame()
    assert one is not None
    opcode, payload = one
    assert opcode == TEXT | 0x40
    assert zlib.decompressobj(-15).decompress(payload + b"\x00\x00\xff\xff") == b"hello " * 50


async def test_nothing_is_compressed_where_it_is_switched_off(autojump_clock: object) -> None:
    async with opened(echo, WebSocketOptions(compress=False), f"Sec-WebSocket-Extensions: {NAME}") as client:
        assert b"Extensions" not in client.head
        await client.send(frame(TEXT, COMPRESSED, rsv=4))
        (closed,) = await client.frames()
    assert closed[1][:2] == b"\x03\xea"
