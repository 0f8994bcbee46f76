"""The browser model reproduces what Chromium and Firefox did: every modelled case of the project's own copy."""

import gzip
import json
from pathlib import Path

import pytest

from corserver.cors.browser import CHROMIUM, Rule
from tests.oracle.__main__ import main
from tests.oracle.cases import Unmodelled
from tests.oracle.compare import BROWSERS, Comparison, compare, steps_of
from tests.oracle.predict import predict
from tests.oracle.recordings import COMPACT, Record, load_compact, reduced, write_compact

#: Why a case may be left out. A new reason is a decision, so it is written down here.
REASONS = {
    "a beacon or a worker: nothing says how its response fared",
    "an element that has no use for a response of this type or status",
    "raw bytes: how a browser parses HTTP/1.1",
    "Local Network Access: a permission, decided before CORS",
    "the page's Content Security Policy",
    "subresource integrity",
    "a data: or blob: URL, which is not fetched over HTTP",
    "a ReadableStream as body",
    "a preflight whose connection breaks: how often it is repeated",
    "a preflight with a status that makes the network stack repeat it, once or not",
}


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return load_compact()


@pytest.fixture(scope="module", params=sorted(BROWSERS))
def comparison(request: pytest.FixtureRequest, records: list[Record]) -> Comparison:
    name: str = request.param
    return compare(records, name)


def test_every_modelled_case_is_reproduced(comparison: Comparison) -> None:
    assert comparison.mismatches == []
    assert comparison.matched > 2100


def test_at_most_one_case_in_twenty_is_not_modelled(comparison: Comparison, records: list[Record]) -> None:
    assert comparison.unmodelled_count * 20 <= len(records)
    assert comparison.unmodelled.keys() <= REASONS


def test_the_console_says_what_was_predicted(comparison: Comparison) -> None:
    compared = comparison.console_matched + len(comparison.console_mismatches)
    assert comparison.console_matched / compared > 0.995


def test_every_rule_with_console_words_was_seen(comparison: Comparison) -> None:
    worded = {rule.name for rule in Rule if rule.chrome}
    # no recorded browser keeps the standard's rule for Authorization
    assert worded - comparison.rules.keys() == {"AUTHORIZATION_NOT_LISTED"}


@pytest.mark.parametrize("name", sorted(BROWSERS))
def test_preflights_are_remembered_as_long_as_predicted(name: str, records: list[Record]) -> None:
    repeated = [r for r in records if "steps" in r[name] and len(r[name]["preflights"]) == 1]
    # a HEAD that Access-Control-Allow-Methods does not list is preflighted anew by Firefox: not a matter of time
    repeated = [r for r in repeated if r["case"]["request"]["method"] != "HEAD"]
    assert len(repeated) > 40
    for record in repeated:
        assert steps_of(record, BROWSERS[name]) == record[name]["steps"], record["case"]["title"]


def test_a_prediction_reads_nothing_but_the_case(records: list[Record]) -> None:
    case = records[0]["case"]
    assert predict(case, CHROMIUM).as_json().keys() == {"readable", "status", "headers", "preflights"}


def test_unmodelled_names_its_reason(records: list[Record]) -> None:
    beacon = next(record["case"] for record in records if record["case"]["request"]["api"] == "beacon")
    with pytest.raises(Unmodelled, match="a beacon or a worker"):
        predict(beacon, CHROMIUM)


def test_the_copy_is_small_and_rewrites_to_the_same_bytes(records: list[Record], tmp_path: Path) -> None:
    copy = tmp_path / "copy.gz"
    write_compact(records, copy)
    # What zlib makes of it is a matter of its release; the head of the file has the time that it is from.
    assert gzip.decompress(copy.read_bytes()) == gzip.decompress(COMPACT.read_bytes())
    assert copy.read_bytes()[4:8] == bytes(4)
    assert COMPACT.stat().st_size < 500_000


def test_reducing_a_result_drops_what_is_not_compared() -> None:
    case: Record = {"id": "x-1", "title": "t", "page": "A", "page_origin": "o", "request": {}, "actual_response": None}
    result = {
        "id": "x-1",
        "deterministic": True,
        "outcome": {"resolved": True, "type": "opaque", "status": 0, "readable_headers": []},
        "preflights": [{"step": 0, "headers": [["Access-Control-Request-Method", "PUT"]]}, {"step": 1, "headers": []}],
        "console": ["Failed to load resource", "Access to fetch at 'x'"],
    }
    record = reduced(case, result, result)
    assert record["firefox"] == {
        "readable": False,
        "status": 0,
        "headers": [],
        "preflights": [["PUT", None]],
        "console": ["Access to fetch at 'x'"],
        "codes": [],
    }


def test_the_command_compares_and_predicts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "cases reproduced, 0 not" in capsys.readouterr().out
    assert main(["--predict", "firefox"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) > 2000
    predicted = {"id", "readable", "status", "headers", "preflights"}
    assert all(line.keys() in ({"id", "unmodelled"}, predicted) for line in lines)
