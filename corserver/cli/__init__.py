"""The command line: `corserver [DIRECTORY]` serves a directory, `corserver COMMAND` does something else."""


def main() -> None:
    """The console script. The first argument may be a command; its file is loaded only then."""
    try:
        from corserver.cli.commands import run

        run()
    except KeyboardInterrupt:  # Before the server has taken the signal over, such as while modules load.
        raise SystemExit(130) from None
