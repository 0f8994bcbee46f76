"""The command line: `corserver [DIRECTORY]`."""


def main() -> None:
    """The console script."""
    try:
        from corserver.cli.serve import serve_directory

        serve_directory.main(prog_name="corserver")
    except KeyboardInterrupt:  # Before the server has taken the signal over, such as while modules load.
        raise SystemExit(130) from None
