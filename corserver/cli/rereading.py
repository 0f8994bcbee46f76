"""The configuration, read anew while the server runs: other policies take the place of the old.

A SIGHUP asks for it, or with `--watch-config` the file's change. Policies alone are replaced: whatever else is
configured otherwise now is said to want a restart. What cannot be read, or is wrong, leaves everything as it is.
"""

import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import click
import trio

from corserver.cli import terminal
from corserver.cli.server_options import Settings
from corserver.cli.tls import server_context
from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
from corserver.http.messages import App
from corserver.http.server import Server
from corserver.http.workers.signals import has_terminal

logger = logging.getLogger("corserver")

Policies = Policy | Scopes | None
State = tuple[int, int, int] | None
#: What may differ without being said to want a restart.
_REPLACED: Final = ("policy", "config", "again")
#: How often a watched file is looked at, whatever is told of it, in milliseconds.
_LOOK_MS: Final = 1000


class Rereading:
    """The policies of *app* that are in force. *changed* is called with others before they are.

    Raises `click.UsageError` for a certificate that cannot be.
    """

    def __init__(self, app: App, settings: Settings, changed: Callable[[Policies], None] | None = None) -> None:
        self.settings = settings
        self._own: Any = getattr(app, "cors", None)
        self._changed = changed
        self._state = _state_of(settings.config)
        #: With the certificate, where there is one; and who signed it, if that is an authority of one's own.
        self.ssl_context = None if settings.tls is None else server_context()
        self.authority = None if self.ssl_context is None else self._load_certificate()
        self.policies = self._or_own(settings.policy)

    def _or_own(self, policies: Policies) -> Policies:
        own: Policies = Scopes.of(self._own) if policies is None and self._own is not None else policies
        return own

    def _load_certificate(self) -> Path | None:
        tls, context = self.settings.tls, self.ssl_context
        return None if tls is None or context is None else tls.load(context)

    def read(self) -> bool:
        """Read the command line, the environment, the file and the certificate again. Whether they could be."""
        if self.settings.again is None:
            return True
        self._state = _state_of(self.settings.config)
        try:
            new = self.settings.again()
            self._load_certificate()
        except click.ClickException as error:
            logger.error("the configuration was not replaced, the old one stays in force: %s", error.format_message())
            return False
        stale = [
            each.name
            for each in fields(Settings)
            if each.name not in _REPLACED and getattr(new, each.name) != getattr(self.settings, each.name)
        ]
        if stale:
            logger.warning("a restart is needed for what changed beside the policies: %s", ", ".join(stale))
        self.policies = self._or_own(new.policy)
        if self._changed is not None:
            self._changed(self.policies)
        if not self.settings.output.quiet:
            terminal.print_policies(self.policies, aside=self.settings.output.banner_is_aside)
        return True

    async def serve(self, server: Server, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Heed SIGHUP, until cancelled; one that comes because the terminal is gone is as good as a SIGTERM."""
        if self.settings.again is None or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
            task_status.started()
            return
        had_terminal = has_terminal()
        with trio.open_signal_receiver(signal.SIGHUP) as signals:
            async with self.watched(os.getpid()):
                task_status.started()
                async for _ in signals:
                    if had_terminal and not has_terminal():
                        signal.raise_signal(signal.SIGTERM)
                    elif self.read():
                        server.replace_cors(self.policies)

    @contextlib.asynccontextmanager
    async def watched(self, pid: int | None) -> AsyncIterator[None]:
        """If that is asked for, send SIGHUP to the process *pid* whenever the file changes, while in the block."""
        file = self.settings.config
        if pid is None or file is None or not self.settings.watch_config:
            yield
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_watch, file.resolve(), self._state, pid)
            yield
            nursery.cancel_scope.cancel()


async def _watch(file: Path, state: State, pid: int) -> None:
    import watchfiles

    # The directory is watched: an editor may put a new file into the old one's place. The first look may come before
    # any change is told, at a timeout: what was changed before the watch began is seen then.
    async for _ in watchfiles.awatch(file.parent, recursive=False, rust_timeout=_LOOK_MS, yield_on_timeout=True):
        now = _state_of(file)
        if now is not None and now != state and pid in (os.getpid(), os.getppid()):  # Else it is gone.
            state = now
            os.kill(pid, signal.SIGHUP)


def _state_of(file: Path | None) -> State:
    """What is another when the file is; None while there is none."""
    try:
        found = None if file is None else file.stat()
    except OSError:
        return None
    return None if found is None else (found.st_ino, found.st_size, found.st_mtime_ns)
