"""What several workers have served: each counts for itself, and writes it to a file without a name as it ends."""

import fcntl
import json
import os
from typing import IO

from corserver.cli.output.summary import Tally

_BEGUN = b"begun\n"


class WorkerTallies:
    """Made before the workers are forked, which then share the file: what one writes follows what the others have
    written."""

    def __init__(self) -> None:
        self._file = _file_without_name()
        fcntl.fcntl(self._file, fcntl.F_SETFL, os.O_APPEND)

    def begin(self) -> None:
        """Called by a worker that begins to count."""
        os.write(self._file.fileno(), _BEGUN)

    def hand_in(self, tally: Tally) -> None:
        """Called by a worker that ends."""
        os.write(self._file.fileno(), json.dumps(tally.as_json()).encode() + b"\n")

    def total(self) -> tuple[Tally, int]:
        """What all have counted, and how many were killed before they could say it."""
        self._file.seek(0)
        lines = self._file.readlines()
        told = [line for line in lines if line != _BEGUN]
        total = Tally()
        for line in told:
            total.add(Tally.of_json(json.loads(line)))
        return total, len(lines) - 2 * len(told)

    def close(self) -> None:
        """Forget them."""
        self._file.close()


def _file_without_name() -> IO[bytes]:
    if hasattr(os, "memfd_create"):  # In memory: a container's file system may take nothing.
        return os.fdopen(os.memfd_create("corserver-tallies"), "r+b")
    import tempfile  # Here, for it takes a while and few need it.

    return tempfile.TemporaryFile()
