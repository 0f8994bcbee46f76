"""The command line: `corserver [DIRECTORY]` serves a directory, `corserver COMMAND` does something else."""

import contextlib
import errno
import os
import sys
from typing import Final

from corserver.cli.output.streams import open_streams

#: EX_IOERR of sysexits(3): what was to be said could not be.
EXIT_IO: Final = 74
EXIT_INTERRUPTED: Final = 130
#: A full disk, somebody's share of it, a terminal that is gone.
_UNWRITABLE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def main() -> None:
    """The console script. The first argument may be a command; its file is loaded only then."""
    open_streams()
    try:
        try:
            sys.exit(_run())
        finally:
            sys.stdout.flush()  # What a log could not write yet: the interpreter's own try would end in a traceback.
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BaseExceptionGroup as group:
        from corserver.http.mistakes import alone

        error = alone(group)
        if isinstance(error, SystemExit):  # An app's.
            raise error from None
        if not isinstance(error, KeyboardInterrupt):
            raise
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        with contextlib.suppress(OSError):
            print(f"Error: the output cannot be written: {error.strerror}", file=sys.stderr)
        os._exit(EXIT_IO)  # An exit would try to write the rest, and fail again.


def _run() -> int | None:
    """The exit code of the command, None for success. click's own for an interrupt is that of a verdict."""
    import click

    from corserver.cli.commands import COMMANDS, COMPLETE, DEFAULT, PROGRAM

    first, *rest = sys.argv[1:] or [""]
    name, entry = (f"{PROGRAM} {first}", COMMANDS[first]) if first in COMMANDS else (PROGRAM, DEFAULT)
    command = entry.load()
    if entry is DEFAULT and COMPLETE in os.environ:
        from corserver.cli.completion import complete  # A shell asks, and not for a directory to be served.

        print(complete(command))
        return None
    try:
        code: int | None = command.main(sys.argv[1:] if entry is DEFAULT else rest, name, standalone_mode=False)
        return code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return EXIT_INTERRUPTED
