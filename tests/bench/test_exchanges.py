"""What counts as a right answer."""

import hashlib

import pytest

from bench import exchanges
from bench.answers import ACTUAL_ANSWER, ITEM_BODY, OTHER_ORIGIN, PREFLIGHT_ANSWER
from bench.exchanges import FILES, Answer, file_content, validators

RIGHT = {name.lower(): value for name, value in PREFLIGHT_ANSWER.items()}
ACTUAL = {name.lower(): value for name, value in ACTUAL_ANSWER.items()} | {"content-type": "application/json"}


def test_the_request_is_a_browsers() -> None:
    request = exchanges.PREFLIGHT.as_bytes(8000)
    assert request.startswith(b"OPTIONS /items/7 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n")
    assert request.endswith(b"\r\n\r\n")
    assert b"\r\nOrigin: http://site-a.example\r\n" in request


@pytest.mark.parametrize("status", [200, 204])
def test_a_right_preflight_has_no_faults(status: int) -> None:
    assert exchanges.PREFLIGHT.faults(Answer(status, RIGHT)) == []
    assert exchanges.PREFLIGHT.faults(Answer(status, RIGHT | {"access-control-allow-methods": "GET, PUT"})) == []
    assert exchanges.PREFLIGHT.faults(Answer(status, RIGHT | {"vary": ""})) == []


@pytest.mark.parametrize(
    ("status", "changed", "fault"),
    [
        (403, {}, "the status is 403"),
        (301, {}, "the status is 301"),
        (204, {"access-control-allow-origin": "http://other.example"}, "Access-Control-Allow-Origin is"),
        (204, {"access-control-allow-origin": "*"}, "Access-Control-Allow-Origin is '*'"),
        (204, {"access-control-allow-methods": "GET, POST"}, "without PUT"),
        (204, {"access-control-allow-headers": ""}, "without content-type"),
        (204, {"access-control-max-age": "5"}, "Access-Control-Max-Age is '5', not '600'"),
    ],
)
def test_a_wrong_preflight_has_one(status: int, changed: dict[str, str], fault: str) -> None:
    (found,) = exchanges.PREFLIGHT.faults(Answer(status, RIGHT | changed))
    assert fault in found


@pytest.mark.parametrize(("origin", "count"), [(OTHER_ORIGIN, 1), ("*", 1), ("http://site-a.example", 0), ("", 0)])
def test_a_denied_preflight_grants_the_origin_nothing(origin: str, count: int) -> None:
    assert len(exchanges.DENIED.faults(Answer(403, {"access-control-allow-origin": origin}))) == count


@pytest.mark.parametrize(
    ("status", "changed", "body", "fault"),
    [
        (404, {}, ITEM_BODY, "the status is 404"),
        (200, {"content-type": "text/plain"}, ITEM_BODY, "Content-Type is 'text/plain'"),
        (200, {}, ITEM_BODY[:-1], "the body is"),
        (200, {"access-control-allow-origin": ""}, ITEM_BODY, "Access-Control-Allow-Origin is ''"),
        (200, {"vary": "Accept"}, ITEM_BODY, "without Origin"),
    ],
)
def test_a_wrong_item_has_a_fault(status: int, changed: dict[str, str], body: bytes, fault: str) -> None:
    (found,) = exchanges.GET.faults(Answer(status, ACTUAL | changed, body))
    assert fault in found


def test_a_right_item_has_none() -> None:
    assert exchanges.GET.faults(Answer(200, ACTUAL, ITEM_BODY)) == []


def test_files_have_their_size_and_always_the_same_bytes() -> None:
    for name, size in FILES.items():
        assert len(file_content(name)) == size
    assert hashlib.sha256(file_content("10m.bin")).hexdigest()[:8] == "cc6bd75d"
    assert file_content("1k.bin") != file_content("100k.bin")[:1024]


def test_a_file_is_judged_by_its_bytes_and_its_status() -> None:
    content = file_content("1k.bin")
    whole, unchanged = exchanges.file_exchange("1k.bin"), exchanges.file_exchange("1k.bin", 304)
    assert whole.faults(Answer(200, {}, content)) == []
    assert unchanged.faults(Answer(304, {})) == []
    assert len(whole.faults(Answer(200, {}, content[:-1] + b"x"))) == 1
    assert len(unchanged.faults(Answer(200, {}, content))) == 2


def test_what_a_browser_asks_again_with() -> None:
    headers = {"etag": '"1"', "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT", "date": "x"}
    assert validators(Answer(200, headers)) == {
        "If-None-Match": '"1"',
        "If-Modified-Since": "Mon, 01 Jan 2024 00:00:00 GMT",
    }
    assert validators(Answer(200, {})) == {}
