"""The command line: `corserver [DIRECTORY]` serves a directory, `corserver COMMAND` does something else."""

import contextlib
import errno
import os
import sys
from typing import Final

#: EX_IOERR of sysexits(3): what was to be said could not be.
EXIT_IO: Final = 74
#: A full disk, somebody's share of it, a terminal that is gone.
_UNWRITABLE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def main() -> None:
    """The console script. The first argument may be a command; its file is loaded only then."""
    _open_streams()
    try:
        from corserver.cli.commands import COMMANDS, COMPLETE, PROGRAM

        first, *rest = sys.argv[1:] or [""]
        entry = COMMANDS.get(first)
        if entry is not None:
            entry.load().main(rest, prog_name=f"{PROGRAM} {first}")
        from corserver.cli.serve import serve_directory

        if COMPLETE not in os.environ:
            serve_directory.main(prog_name=PROGRAM)
        from corserver.cli.completion import complete  # A shell asks, and not for a directory to be served.

        print(complete(serve_directory))
    except KeyboardInterrupt:  # Before the server has taken the signal over, such as while modules load.
        raise SystemExit(130) from None
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        with contextlib.suppress(OSError):
            print(f"Error: the output cannot be written: {error.strerror}", file=sys.stderr)
        os._exit(EXIT_IO)  # An exit would try to write the rest, and fail again.


def _open_streams() -> None:
    """Open standard streams that are closed, to nowhere: a socket would get the number, and what is written there."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115  it is open to the end
