"""Conditions and parts, as the app answers them."""

from pathlib import Path

import pytest

from corserver.apps.files import StaticFiles

from .site import SETTLED_DATE, ask, tag_of

HUNDRED = bytes(range(100))


# conditions and parts


def with_tag(headers: dict[str, str], root: Path) -> dict[str, str]:
    tag = tag_of(root / "hundred.bin")
    return {name: value.replace("TAG", tag) for name, value in headers.items()}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "condition",
    [{"if-none-match": '"x", W/TAG'}, {"if-none-match": "*"}, {"if-modified-since": SETTLED_DATE}],
)
async def test_not_modified(app: StaticFiles, root: Path, method: str, condition: dict[str, str]) -> None:
    answer = await ask(app, "/hundred.bin", method, with_tag(condition, root))

    assert (answer.status, answer.body) == (304, b"")
    assert dict(answer.headers) == {
        "etag": tag_of(root / "hundred.bin"),
        "last-modified": SETTLED_DATE,
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
    }


@pytest.mark.parametrize(
    "condition", [{"if-match": '"x"'}, {"if-unmodified-since": "Fri, 02 Jan 2026 03:04:04 GMT"}, {"if-match": "x"}]
)
async def test_precondition_failed(app: StaticFiles, condition: dict[str, str]) -> None:
    assert (await ask(app, "/hundred.bin", "GET", {**condition, "range": "bytes=0-1"})).status == 412


async def test_part(app: StaticFiles, root: Path) -> None:
    answer = await ask(app, "/hundred.bin", "GET", {"range": "bytes=5-9"})

    assert (answer.status, answer.body) == (206, HUNDRED[5:10])
    assert answer.headers["content-range"] == "bytes 5-9/100"
    assert answer.headers["content-length"] == "5"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == tag_of(root / "hundred.bin")
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({"range": "bytes=0-0"}, 206, HUNDRED[:1]),
        ({"range": "bytes=-5"}, 206, HUNDRED[-5:]),
        ({"range": "bytes=95-"}, 206, HUNDRED[95:]),
        ({"range": "bytes=90-1000"}, 206, HUNDRED[90:]),
        ({"range": "bytes=0-60,50-99"}, 200, HUNDRED),
        ({"range": "items=0-1"}, 200, HUNDRED),
        ({"range": "bytes=5-2"}, 200, HUNDRED),
        ({"range": "bytes=0-" + "0-0," * 20_000}, 200, HUNDRED),
        ({"range": "bytes=" + "0-0," * 20_000}, 200, HUNDRED),
        ({"range": "bytes=" + "0-," * 500}, 200, HUNDRED),
        ({"range": "bytes=0-9", "if-range": "TAG"}, 206, HUNDRED[:10]),
        ({"range": "bytes=0-9", "if-range": SETTLED_DATE}, 206, HUNDRED[:10]),
        ({"range": "bytes=0-9", "if-range": "W/TAG"}, 200, HUNDRED),
        ({"range": "bytes=0-9", "if-range": '"stale"'}, 200, HUNDRED),
        ({"range": "bytes=0-9", "if-none-match": "TAG"}, 304, b""),
        ({"range": "bytes=0-9", "if-match": "TAG"}, 206, HUNDRED[:10]),
    ],
)
async def test_parts_and_wholes(
    app: StaticFiles, root: Path, headers: dict[str, str], status: int, body: bytes
) -> None:
    answer = await ask(app, "/hundred.bin", "GET", with_tag(headers, root))

    assert (answer.status, answer.body) == (status, body)
    assert ("content-range" in answer.headers) == (status == 206)


@pytest.mark.parametrize("value", ["bytes=100-", "bytes=99999999999999999999-", "bytes=-0"])
async def test_not_satisfiable(app: StaticFiles, value: str) -> None:
    answer = await ask(app, "/hundred.bin", "GET", {"range": value})

    assert answer.status == 416
    assert answer.headers["content-range"] == "bytes */100"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert len(answer.body) < 100


async def test_head_has_no_parts(app: StaticFiles) -> None:
    answer = await ask(app, "/hundred.bin", "HEAD", {"range": "bytes=0-9"})

    assert (answer.status, answer.headers["content-length"]) == (200, "100")
