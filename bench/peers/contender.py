"""A server that can be measured, as a value: how it is started, what it answers, what is missing for it."""

import atexit
import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.exchanges import Kind

ROOT: Final = Path(__file__).resolve().parent.parent.parent

#: Preflights, and what a small API answers.
API: Final = frozenset({Kind.PREFLIGHT, Kind.JSON, Kind.POST})


def free_port() -> int:
    """A port that was free a moment ago: nginx takes no port 0, so that has to do for all."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is started: a free *port* of 127.0.0.1, an empty *directory*, and what it will be asked."""

    port: int
    directory: Path
    kind: Kind
    #: The folder of the files to serve.
    files: Path
    #: Whether each answer closes its connection.
    closes: bool = False


def nothing() -> str | None:
    """Of what is always there: nothing is missing."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A server to measure. *missing* says how to install it, if it is not; else *version* may be asked."""

    name: str
    command: Callable[[Place], list[str]]
    version: Callable[[], str]
    kinds: frozenset[Kind] = API
    missing: Callable[[], str | None] = nothing
    environment: Mapping[str, str] = field(default_factory=dict)
    #: False for a program that ends by itself and answers nothing; only its start can be measured.
    answers: bool = True


def program(name: str) -> str | None:
    """Where a program is; servers are often where only root looks."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def needs_program(name: str, install: str) -> Callable[[], str | None]:
    """The *missing* of what is one program."""
    return lambda: None if program(name) else install


def kept_folder(name: str) -> Path:
    """A new folder for what is compiled, which is removed when the benchmark ends."""
    folder = tempfile.mkdtemp(prefix=f"bench-{name}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
