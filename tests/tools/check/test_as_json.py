"""The report as JSON: the same facts as the text, and nothing that `json` does not take."""

import json

from corserver.tools.check.as_json import as_json
from tests.tools.check.test_text import REPORTS


def test_it_is_json_and_says_what_the_text_says() -> None:
    for report in REPORTS:
        read = json.loads(json.dumps(as_json(report)))
        assert read["verdict"] == report.outcome.value.lower()
        assert read["rule"]["name"] == report.failure.rule.name if report.failure else read["rule"] is None
        assert [step["kind"] for step in read["steps"]] == ["preflight"]
        assert read["steps"][0]["received"]["status"] == report.steps[0].outcome.status  # type: ignore[union-attr]
        sent = [line for mend in read["mends"] for line in mend["send"]]
        assert ["Access-Control-Allow-Origin", "https://app.example"] in sent
        assert read["curl"][0].startswith("curl -i -X OPTIONS")
        assert set(read["console"]) == {"Chrome", "Firefox"}


def test_bytes_are_latin_1() -> None:
    report = REPORTS[0]
    lines = as_json(report)["steps"][0]["received"]["headers"]
    assert lines == [["Access-Control-Allow-Origin", "*"], ["Vary", "Accept"], ["Server", "nginx/1.22"]]
