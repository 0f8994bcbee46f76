"""Predictions against recordings: what is reproduced, what is not modelled and why, and what the console said."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from corserver.cors.browser import CHROMIUM, FIREFOX, Answer, Browser, preflight_lifetime
from tests.oracle.cases import Unmodelled
from tests.oracle.predict import Prediction, predict
from tests.oracle.recordings import Record

BROWSERS: Final = {"chromium": CHROMIUM, "firefox": FIREFOX}
#: The recorder cut long strings.
_CUT: Final = re.compile(r"\.\.\.\[\d+ chars\]$")


@dataclass(slots=True)
class Comparison:
    """One browser's predictions held against what it did."""

    browser: str
    matched: int = 0
    mismatches: list[str] = field(default_factory=list)
    #: reason -> ids
    unmodelled: dict[str, list[str]] = field(default_factory=dict)
    #: predictions whose console line, or whose silence, was recorded so
    console_matched: int = 0
    console_mismatches: list[str] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)

    @property
    def unmodelled_count(self) -> int:
        return sum(map(len, self.unmodelled.values()))


def compare(records: Iterable[Record], name: str) -> Comparison:
    """Predict every case of *records* for the browser called *name*, and compare."""
    comparison = Comparison(name)
    for record in records:
        _compare_one(record, BROWSERS[name], comparison)
    return comparison


def _compare_one(record: Record, browser: Browser, comparison: Comparison) -> None:
    case, recorded = record["case"], record[comparison.browser]
    try:
        prediction = predict(case, browser)
    except Unmodelled as reason:
        comparison.unmodelled.setdefault(str(reason), []).append(case["id"])
        return
    predicted = prediction.as_json()
    if prediction.rule is not None:
        comparison.rules[prediction.rule.name] += 1
    differing = [key for key, value in predicted.items() if value != recorded[key]]
    if differing:
        facts = "; ".join(f"{key}: predicted {predicted[key]}, recorded {recorded[key]}" for key in differing)
        comparison.mismatches.append(f"{case['id']} ({case['title']}): {facts}")
    else:
        comparison.matched += 1
    _compare_console(record, prediction, comparison)


def steps_of(record: Record, browser: Browser) -> list[int]:
    """How many preflights each repetition of the case's request makes, by `preflight_lifetime` alone."""
    response = record["case"]["preflight_response"]
    answer = Answer(
        response["status"], tuple((n.encode("latin-1"), v.encode("latin-1")) for n, v in response["headers"])
    )
    lifetime = preflight_lifetime(answer, browser)
    steps, age = [1], 0.0
    for delay in record["delays"]:
        age += delay / 1000
        is_known = age < lifetime
        steps.append(0 if is_known else 1)
        age = age if is_known else 0.0
    return steps


def _compare_console(record: Record, prediction: Prediction, comparison: Comparison) -> None:
    recorded = record[comparison.browser]
    line = prediction.chrome if comparison.browser == "chromium" else prediction.firefox
    if line is None:
        # later steps print into the same console
        is_right = not recorded["console"] or record["later"]
    else:
        is_right = any(_is_line(line, seen) for seen in recorded["console"])
    if comparison.browser == "chromium" and prediction.chrome_code is not None:
        is_right = is_right and prediction.chrome_code in recorded["codes"]
    if is_right:
        comparison.console_matched += 1
    else:
        case = record["case"]
        comparison.console_mismatches.append(f"{case['id']}: predicted {line!r}, recorded {recorded['console']}")


def _is_line(line: str, seen: str) -> bool:
    cut = _CUT.search(seen)
    return line == seen if cut is None else line.startswith(seen[: cut.start()])
