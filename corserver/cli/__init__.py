"""The command line: `corserver [DIRECTORY]` serves a directory, `corserver COMMAND` does something else."""


def main() -> None:
    """The console script. The first argument may be a command; its file is loaded only then."""
    try:
        import sys

        from corserver.cli.commands import COMMANDS, PROGRAM

        first, *rest = sys.argv[1:] or [""]
        entry = COMMANDS.get(first)
        if entry is not None:
            entry.load().main(rest, prog_name=f"{PROGRAM} {first}")
        else:
            from corserver.cli.serve import serve_directory

            serve_directory.main(prog_name=PROGRAM)
    except KeyboardInterrupt:  # Before the server has taken the signal over, such as while modules load.
        raise SystemExit(130) from None
