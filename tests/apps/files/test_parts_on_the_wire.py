"""The corners of ranges and conditions, sent to a whole server as bytes."""

import contextlib
import email.utils
import os
from pathlib import Path

import trio

from corserver import Policy, StaticFiles

from .asking import Start
from .site import SETTLED_DATE, SETTLED_NS, tag_of, write

ATTACKED_RANGES = [
    ("S30 many ranges", "bytes=" + "0-0," * 5000 + "0-0", 200, None),
    ("S31 whole ranges", "bytes=" + ",".join(["0-"] * 500), 200, None),
    ("S31 few whole ranges", "bytes=0-,0-", 200, None),
    ("S32 beyond every integer", "bytes=99999999999999999999-", 416, "bytes */100"),
    ("S32 backwards", "bytes=5-2", 200, None),
    ("S32 an empty suffix", "bytes=-0", 416, "bytes */100"),
    ("S33 one byte", "bytes=0-0", 206, "bytes 0-0/100"),
    ("S33 a suffix", "bytes=-5", 206, "bytes 95-99/100"),
    ("S33 other units", "items=0-1", 200, None),
]


async def test_ranges_that_attack(root: Path, start: Start) -> None:
    ask = await start(StaticFiles(root))
    for name, value, status, content_range in ATTACKED_RANGES:
        reply = await ask.get("/hundred.bin", f"Range: {value}")
        assert reply.status == status, name
        assert reply["content-range"] == content_range, name
        assert len(reply.body) == int(reply["content-length"] or -1) <= 100, name
    for condition in ('"stale"', 'W/"stale"', "Thu, 01 Jan 1970 00:00:00 GMT"):
        reply = await ask.get("/hundred.bin", "Range: bytes=0-9", f"If-Range: {condition}")
        assert (reply.status, len(reply.body)) == (200, 100), "S33"


async def test_a_file_that_shrinks_while_it_is_sent_ends_the_connection(root: Path, start: Start) -> None:
    """What is missing is not made up: the client sees fewer bytes than were announced, and that it was cut off."""
    write(root / "large.bin", bytes(64 * 1024 * 1024))
    ask = await start(StaticFiles(root))
    received = 0
    async with await trio.open_tcp_stream("127.0.0.1", ask.port) as stream:
        await stream.send_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"Content-Length: 67108864\r\n" in await stream.receive_some(1000)
        os.truncate(root / "large.bin", 1024)
        with trio.fail_after(20), contextlib.suppress(trio.BrokenResourceError):
            while chunk := await stream.receive_some(65536):
                received += len(chunk)

    assert received < 64 * 1024 * 1024
    assert (await ask.get("/large.bin")).body == bytes(1024)


async def test_several_parts_are_one_answer(root: Path, start: Start) -> None:
    ask = await start(StaticFiles(root))
    reply = await ask.get("/hundred.bin", "Range: bytes=0-1,98-,500-", "Origin: https://a.example")

    assert reply.status == 206
    assert len(reply.body) == int(reply["content-length"] or 0)
    assert reply["content-range"] is None
    kind, _, boundary = (reply["content-type"] or "").partition("; boundary=")
    assert kind == "multipart/byteranges"
    assert reply.body.split(f"--{boundary}".encode()) == [
        b"",
        b"\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 0-1/100\r\n\r\n\x00\x01\r\n",
        b"\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 98-99/100\r\n\r\n\x62\x63\r\n",
        b"--\r\n",
    ]


# Table of what a range of a file of 100 000 bytes is answered with, and which bytes.
LENGTH = 100_000
CONTENT = bytes(i * i % 251 for i in range(LENGTH))
MULTIPART = 2  # parts
PARTS: list[tuple[str, int, bytes | int | None]] = [
    ("bytes=0-9", 206, CONTENT[:10]),
    ("bytes=0-0", 206, CONTENT[:1]),
    ("bytes=-5", 206, CONTENT[-5:]),
    ("bytes=-200000", 206, CONTENT),
    ("bytes=99990-", 206, CONTENT[-10:]),
    ("bytes=99990-99999999999999999999", 206, CONTENT[-10:]),
    ("bytes= 0-9", 206, CONTENT[:10]),
    ("bytes=,0-9,", 206, CONTENT[:10]),
    ("BYTES=0-9", 206, CONTENT[:10]),
    ("bytes=0-9,200000-", 206, CONTENT[:10]),
    ("bytes=0-1,5-6", 206, MULTIPART),
    ("bytes=0-0,-1", 206, MULTIPART),
    ("bytes=5-6 ,\t0-9", 206, MULTIPART),
    ("bytes=0-49999,50000-99999", 206, MULTIPART),
    ("bytes=" + ",".join(f"{i}-{i}" for i in range(16)), 206, 16),
    ("bytes=" + ",".join(f"{i}-{i}" for i in range(17)), 200, CONTENT),
    ("bytes=0-50000,40000-99999", 200, CONTENT),
    ("bytes=0-,0-", 200, CONTENT),
    ("bytes=200000-", 416, None),
    ("bytes=100000-", 416, None),
    ("bytes=200000-,300000-", 416, None),
    ("bytes=-0", 416, None),
    *(
        (ignored, 200, CONTENT)
        for ignored in (
            *(
                "items=0-1",
                "byte=0-9",
                "bytes",
                "bytes=",
                "bytes=,,",
                "bytes=-",
                "bytes=--1",
                "bytes=a-b",
                "bytes=0x1-2",
            ),
            *("bytes=+1-2", "bytes=1.5-2", "bytes =0-9", "bytes=0 - 9", "bytes=0-9;q=1", "bytes=5-2", "bytes=0-9,5-2"),
            *("bytes=0-0,bytes=1-1", "bytes=\xb2-3", "none", "bytes=0-0-0", "bytes=0x1-2"),
        )
    ),
]


async def test_parts_of_a_file(root: Path, start: Start) -> None:
    write(root / "large.bin", CONTENT)
    ask = await start(StaticFiles(root), cors=Policy(["https://a.example"], expose=["content-range"]))
    for value, status, expected in PARTS:
        reply = await ask.get("/large.bin", f"Range: {value}", "Origin: https://a.example")

        assert reply.status == status, value
        assert reply["content-length"] == str(len(reply.body)), value
        assert reply["access-control-allow-origin"] == "https://a.example", value
        if isinstance(expected, bytes):
            assert reply.body == expected, value
        elif expected is None:
            assert reply["content-range"] == f"bytes */{LENGTH}", value
            assert len(reply.body) < 100, value
        else:
            assert reply.body.count(b"\r\nContent-Range: bytes ") == expected, value


EARLIER, LATER = "Fri, 02 Jan 2026 03:04:04 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
SETTLED = SETTLED_NS // 10**9
ASCTIME, RFC_850 = "Fri Jan  2 03:04:05 2026", "Friday, 02-Jan-26 03:04:05 GMT"
CONDITIONS: dict[int, list[str]] = {
    304: [
        *("If-None-Match: TAG", "If-None-Match: W/TAG", "If-None-Match: *", 'If-None-Match: "x", TAG'),
        *('If-None-Match: "x",,TAG,', 'If-None-Match: "x"\r\nIf-None-Match: TAG'),
        *(f"If-Modified-Since: {date}" for date in (SETTLED_DATE, LATER, ASCTIME, RFC_850)),
        f"If-None-Match: TAG\r\nIf-Modified-Since: {EARLIER}",
        *("If-Match: TAG\r\nIf-None-Match: TAG", "Range: bytes=0-9\r\nIf-None-Match: TAG"),
        "Range: bytes=500-\r\nIf-None-Match: TAG",
    ],
    200: [
        *('If-None-Match: "x"', "If-None-Match: x", 'If-None-Match: "x", *'),
        *(f"If-Modified-Since: {date}" for date in (EARLIER, "yesterday", "0", SETTLED_DATE.lower())),
        f'If-None-Match: "x"\r\nIf-Modified-Since: {SETTLED_DATE}',
        *("If-Match: TAG", "If-Match: *", 'If-Match: "x", TAG', f"If-Match: TAG\r\nIf-Unmodified-Since: {EARLIER}"),
        *(f"If-Unmodified-Since: {date}" for date in (SETTLED_DATE, LATER, ASCTIME, RFC_850, "junk")),
        *(
            f"Range: bytes=0-9\r\nIf-Range: {condition}"
            for condition in ("W/TAG", '"x"', "junk", "*", 'TAG, "x"', LATER, EARLIER)
        ),
        *('Range: bytes=500-\r\nIf-Range: "x"', "If-Range: TAG"),
    ],
    206: [f"Range: bytes=0-9\r\nIf-Range: {condition}" for condition in ("TAG", SETTLED_DATE, ASCTIME, RFC_850)],
    412: [
        *("If-Match: W/TAG", 'If-Match: "x"', "If-Match: garbage", f"If-Unmodified-Since: {EARLIER}"),
        *('If-Match: "x"\r\nIf-None-Match: TAG', 'Range: bytes=0-9\r\nIf-Match: "x"'),
        'Range: bytes=500-\r\nIf-Match: "x"',
    ],
    416: ["Range: bytes=500-\r\nIf-Range: TAG"],
}


async def test_conditions(root: Path, start: Start) -> None:
    assert email.utils.formatdate(SETTLED, usegmt=True) == SETTLED_DATE
    ask = await start(StaticFiles(root))
    tag = tag_of(root / "hundred.bin")
    for status, conditions in CONDITIONS.items():
        for condition in conditions:
            lines = condition.replace("TAG", tag).split("\r\n")
            assert (await ask.get("/hundred.bin", *lines)).status == status, condition
            # Range and If-Range are for GET alone.
            expected = 200 if status in (206, 416) else status
            assert (await ask.get("/hundred.bin", *lines, method="HEAD")).status == expected, condition
