"""`python -m tests.oracle [DIR]`: compare the browser model with a recording, predict a recording's cases, or copy it.

DIR holds cases.jsonl and results-*.jsonl as recorded; without it the project's own copy is used.

    --predict chromium|firefox   print, from cases.jsonl alone, a line a case: {"id", "readable", "status", "headers",
                                 "preflights"}, or {"id", "unmodelled": reason}
    --compact                    write the project's own copy (cases.jsonl.gz) from DIR
    --verbose                    list every mismatch of the console, and the ids of what is not modelled

Without --predict and --compact: the comparison, and exit status 1 if any modelled case is not reproduced.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.oracle.cases import Unmodelled
from tests.oracle.compare import BROWSERS, Comparison, compare
from tests.oracle.predict import predict
from tests.oracle.recordings import COMPACT, Record, cases, load, load_compact, write_compact


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("directory", nargs="?", type=Path, metavar="DIR")
    parser.add_argument("--predict", choices=sorted(BROWSERS))
    parser.add_argument("--compact", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args(arguments)
    if options.predict:
        own = (record["case"] for record in load_compact()) if options.directory is None else cases(options.directory)
        for case in own:
            print(json.dumps(_predicted(case, options.predict)))
        return 0
    if options.compact:
        if options.directory is None:
            parser.error("--compact needs the DIR of a recording")
        write_compact(load(options.directory))
        print(f"{COMPACT.name}: {COMPACT.stat().st_size} bytes")
        return 0
    records = load_compact() if options.directory is None else load(options.directory)
    results = [compare(records, name) for name in BROWSERS]
    for result in results:
        _report(result, len(records), options.verbose)
    return 1 if any(result.mismatches for result in results) else 0


def _predicted(case: Record, name: str) -> Record:
    try:
        return {"id": case["id"], **predict(case, BROWSERS[name]).as_json()}
    except Unmodelled as reason:
        return {"id": case["id"], "unmodelled": str(reason)}


def _report(result: Comparison, total: int, verbose: bool) -> None:
    modelled = total - result.unmodelled_count
    print(f"{result.browser}: {result.matched} of {modelled} modelled cases reproduced, {len(result.mismatches)} not")
    for mismatch in result.mismatches:
        print(f"  {mismatch}")
    print(f"  console: {result.console_matched} of {modelled} as recorded")
    for mismatch in result.console_mismatches if verbose else ():
        print(f"    {mismatch}")
    print(f"  not modelled: {result.unmodelled_count} of {total}")
    for reason, ids in sorted(result.unmodelled.items(), key=lambda item: -len(item[1])):
        print(f"    {len(ids):4} {reason}" + (f": {' '.join(ids)}" if verbose else ""))


if __name__ == "__main__":
    sys.exit(main())
