"""The recordings: read, reduced to what is compared, and kept in one small file beside this one.

A recording is a directory with cases.jsonl, results-chromium.jsonl and results-firefox.jsonl, as the recorder wrote
it. `reduced` turns a case and its two results into one JSON object, `cases.jsonl.gz` holds one such object a line,
and `load` reads either.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

COMPACT: Final = Path(__file__).with_name("cases.jsonl.gz")
BROWSER_NAMES: Final = ("chromium", "firefox")

Record = dict[str, Any]

#: Console lines that are about a CORS decision, by their beginning.
_CONSOLE_PREFIXES: Final = ("Access to ", "Fetch API cannot load ", "Cross-Origin Request Blocked: ")
#: Firefox prints this one after any failure; it names no rule.
_FIREFOX_AFTERTHOUGHT: Final = "(Reason: CORS request did not succeed)"
_CASE_FIELDS: Final = ("id", "title", "page", "page_origin", "request", "preflight_response", "actual_response", "hops")
_RESPONSE_FIELDS: Final = ("status", "headers", "raw", "reset")


def cases(directory: Path) -> Iterator[Record]:
    """The cases of a recording, without their results."""
    return _lines(directory / "cases.jsonl")


def load(directory: Path) -> list[Record]:
    """A recording: `{"case", "later", "chromium", "firefox"}` for each case."""
    results = [_lines(directory / f"results-{name}.jsonl") for name in BROWSER_NAMES]
    return [reduced(case, *both) for case, *both in zip(cases(directory), *results, strict=True)]


def load_compact(path: Path = COMPACT) -> list[Record]:
    """The project's own copy."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def write_compact(records: Iterable[Record], path: Path = COMPACT) -> None:
    """Write the project's own copy; the same records give the same bytes."""
    lines = (json.dumps(record, separators=(",", ":"), ensure_ascii=True) + "\n" for record in records)
    path.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))


def reduced(case: Record, *results: Record) -> Record:
    """Only what is compared: the case, and of each browser what script and server saw, and the console's CORS lines."""
    kept = {name: case[name] for name in _CASE_FIELDS if name in case}
    for holder in (kept, *kept.get("hops", {}).values()):
        for kind in ("preflight_response", "actual_response"):
            holder[kind] = _reduced_response(holder.get(kind))
    # `later`: there were further steps, whose console lines cannot be told from the first step's
    later: list[Record] = case.get("then") or []
    record: Record = {"case": kept, "later": bool(later)}
    if later and all(step.keys() == {"delay_ms"} for step in later):
        # the same request again and again: what it says about the preflight cache is compared too
        record["delays"] = [step["delay_ms"] for step in later]
    for name, result in zip(BROWSER_NAMES, results, strict=True):
        assert result["id"] == case["id"]
        record[name] = _reduced_result(result)
        if "delays" in record and result["deterministic"]:
            record[name]["steps"] = result["preflights_per_step"]
    return record


def _reduced_response(response: Record | None) -> Record | None:
    return response and {name: response[name] for name in _RESPONSE_FIELDS if name in response}


def _reduced_result(result: Record) -> Record:
    outcome = result["outcome"] or {}
    is_readable = bool(outcome.get("resolved")) and outcome.get("type") not in ("opaque", "opaqueredirect")
    preflights = [message for message in result["preflights"] if message["step"] == 0]
    return {
        "readable": is_readable,
        "status": outcome.get("status"),
        "headers": sorted({name.lower() for name, _ in outcome.get("readable_headers") or []}),
        "preflights": [_asked(message["headers"]) for message in preflights],
        "console": [line for line in result["console"] if _is_cors_line(line)],
        "codes": [error["cors_error"] for error in result.get("cors_errors") or []],
    }


def _asked(headers: list[list[str]]) -> list[str | None]:
    lines = {name.lower(): value for name, value in headers}
    return [lines.get("access-control-request-method"), lines.get("access-control-request-headers")]


def _is_cors_line(line: str) -> bool:
    return line.startswith(_CONSOLE_PREFIXES) and _FIREFOX_AFTERTHOUGHT not in line


def _lines(path: Path) -> Iterator[Record]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
