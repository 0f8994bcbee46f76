"""What counts as a right answer, and the request as wrk gets it."""

import pytest

from bench.preflight import ANSWER_HEADERS, ORIGIN, REQUEST_HEADERS, faults, lua_script

RIGHT = {name.lower(): value for name, value in ANSWER_HEADERS.items()}


@pytest.mark.parametrize("status", [200, 204])
def test_a_right_answer_has_no_faults(status: int) -> None:
    assert faults(status, RIGHT) == []
    assert (
        faults(status, RIGHT | {"access-control-allow-methods": "GET, PUT", "access-control-allow-origin": "*"}) == []
    )


@pytest.mark.parametrize(
    ("status", "changed", "fault"),
    [
        (403, {}, "the status is 403"),
        (301, {}, "the status is 301"),
        (204, {"access-control-allow-origin": "http://other.example"}, "Access-Control-Allow-Origin is"),
        (204, {"access-control-allow-methods": "GET, POST"}, "without PUT"),
        (204, {"access-control-allow-headers": ""}, "without content-type"),
    ],
)
def test_a_wrong_answer_has_one(status: int, changed: dict[str, str], fault: str) -> None:
    (found,) = faults(status, RIGHT | changed)
    assert fault in found


def test_no_header_at_all_is_three_faults() -> None:
    assert len(faults(204, {})) == 3


def test_the_script_sends_every_header() -> None:
    script = lua_script()
    assert 'wrk.method = "OPTIONS"' in script
    assert f'wrk.headers["Origin"] = "{ORIGIN}"' in script
    assert script.count("wrk.headers[") == len(REQUEST_HEADERS)
    assert "%d" in script
    assert "%%" not in script
