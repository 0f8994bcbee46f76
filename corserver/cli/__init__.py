"""The command line: `corserver [DIRECTORY]` serves a directory, `corserver COMMAND` does something else."""

import contextlib
import errno
import io
import os
import sys
from typing import Any, Final

#: EX_IOERR of sysexits(3): what was to be said could not be.
EXIT_IO: Final = 74
EXIT_INTERRUPTED: Final = 130
#: A full disk, somebody's share of it, a terminal that is gone.
_UNWRITABLE: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def main() -> None:
    """The console script. The first argument may be a command; its file is loaded only then."""
    _open_streams()
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


class _Outlet(io.FileIO):
    """Where a standard stream goes. Its reader may go away, as `head -1` does: what is written then is nobody's, and
    no failure. The exit code stays that of what was done."""

    def write(self, data: Any) -> int:
        """Write *data*; how much of it was written."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return len(data)


def _open_streams() -> None:
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
