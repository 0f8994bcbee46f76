"""The command line: `corserver [DIRECTORY]` serves a directory, `corserver COMMAND` does something else."""


def main() -> None:
    """The console script. The first argument may be a command; its file is loaded only then."""
    try:
        import os
        import sys

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
