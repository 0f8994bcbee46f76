"""`python -m corserver.cli.serving.watching`: tells a process, by SIGHUP, that files have changed.

A process of its own, so that the one that forks the workers has no threads. It ends with its standard input.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import click

#: What uvicorn watches and what it does not.
_INCLUDE: Final = ("*.py",)
#: How long a round of watching takes, in milliseconds.
_ROUND: Final = 200
_EXCLUDE: Final = (".*", ".py[cod]", ".sw.*", "~*")


@dataclass(frozen=True, slots=True)
class Watch:
    """Files in *folders* by the patterns of their names, or of the ends of their paths (`pathlib.PurePath.match`)."""

    folders: Sequence[str]
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()

    def wants(self, path: str) -> bool:
        """Whether a change of *path* counts."""
        found = Path(path)
        if any(found.match(pattern) for pattern in (*_EXCLUDE, *self.exclude)):
            return False
        return any(found.match(pattern) for pattern in (*_INCLUDE, *self.include))


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Have this process sent a SIGHUP for each change. Raises `click.ClickException` where that cannot be."""
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        raise click.UsageError("--reload needs the library watchfiles: pip install 'corserver[run]'") from None
    command = [sys.executable, "-m", "corserver.cli.serving.watching", str(os.getpid()), json.dumps(asdict(watch))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        # Not before: what changes while the app is loaded for the first time is not to be missed.
        if process.stdout is None or not process.stdout.readline():
            raise click.ClickException("--reload: the files cannot be watched")
        yield
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def main() -> None:
    """Watch, until the standard input ends."""
    from watchfiles import Change, DefaultFilter, watch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pid, chosen = int(sys.argv[1]), Watch(**json.loads(sys.argv[2]))
    threading.Thread(target=_end_with_input, daemon=True).start()
    is_own = DefaultFilter()

    def wanted(change: Change, path: str) -> bool:
        return is_own(change, path) and chosen.wants(path)

    watched = watch(*chosen.folders, watch_filter=wanted, rust_timeout=_ROUND, yield_on_timeout=True)
    next(watched)  # The first round is over: it watches.
    print("watching", flush=True)
    for changes in filter(None, watched):
        names = sorted({Path(path).name for _, path in changes})
        click.echo(f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''} changed: reloading", err=True)
        os.kill(pid, signal.SIGHUP)


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
