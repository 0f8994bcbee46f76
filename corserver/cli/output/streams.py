"""The standard streams: open, and not offended where a reader goes away."""

import io
import os
import sys
from typing import Any


def open_streams() -> None:
    """Open standard streams that are closed, to nowhere: a socket would get the number, and what is written there.

    Those that are no terminals become outlets.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115  it is open to the end
        elif mode == "w" and not stream.isatty():
            setattr(sys, name, _outlet(stream))


def _outlet(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    stream.flush()
    outlet = _Outlet(stream.fileno(), "w", closefd=False)
    is_unbuffered = stream.write_through  # By `python -u`: then nothing is kept back, in Python's own streams too.
    return io.TextIOWrapper(
        outlet if is_unbuffered else io.BufferedWriter(outlet),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Outlet(io.FileIO):
    """Where a standard stream goes. Its reader may go away, as `head -1` does: what is written then is nobody's, and
    no failure. The exit code stays that of what was done."""

    def write(self, data: Any) -> int:
        """Write *data*; how much of it was written."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return len(data)
