"""The configuration, read anew while the server runs: other policies take the place of the old.

A SIGHUP asks for it, or with `--watch-config` the file's change. Policies alone are replaced: whatever else is
configured otherwise now is said to want a restart. What cannot be read, or is wrong, leaves everything as it is.
"""

import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

import click
import trio

from corserver.cli.options.settings import Settings
from corserver.cli.options.tls import server_context
from corserver.cli.output import notices
from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
from corserver.http.messages import App
from corserver.http.server import Policies, Server
from corserver.http.workers.signals import has_terminal

logger = logging.getLogger("corserver")

State = tuple[int, int, int] | None
#: What may differ without being said to want a restart.
_REPLACED: Final = ("policy", "config", "source")
#: How often a watched file is looked at, whatever is told of it, in milliseconds.
_LOOK_MS: Final = 1000


#: Called with the policies that are about to be in force; raises `click.ClickException` where they cannot be.
Changed = Callable[[Policy | Scopes | None], None]


class Rereading:
    """The policies of *app* that are in force. *unasked* says what holds without any from the configuration.

    Raises `click.UsageError` for a certificate that cannot be.
    """

    def __init__(
        self, app: App, settings: Settings, *, changed: Changed | None = None, unasked: str | None = None
    ) -> None:
        self.settings = settings
        self._app: Any = app
        self._changed = changed
        self._unasked = unasked
        self._state = _state_of(settings.config)
        #: With the certificate, where there is one; and who signed it, if that is an authority of one's own.
        self.ssl_context = None if settings.tls is None else server_context()
        self.authority = None if self.ssl_context is None else self._load_certificate()

    @property
    def policies(self) -> Policies:
        """What `serve` is to be given: None where the app's own policies count."""
        policy, private = self.settings.policy, self.settings.private_paths
        return Scopes.of(policy).without(*private) if private else policy

    def _load_certificate(self) -> Path | None:
        tls, context = self.settings.tls, self.ssl_context
        return None if tls is None or context is None else tls.load(context)

    def read(self) -> bool:
        """Read the command line, the environment, the file and the certificate again. Whether they could be."""
        source = self.settings.source
        if source is None:
            return True
        self._state = _state_of(self.settings.config)
        try:
            new = source.read()
            self._load_certificate()
            if self._changed is not None:
                self._changed(new.policy)
        except click.ClickException as error:
            logger.error(f"the configuration was not replaced, the old one stays in force:\n{error.format_message()}")
            return False
        stale = [
            each.name
            for each in fields(Settings)
            if each.name not in _REPLACED and getattr(new, each.name) != getattr(source.first, each.name)
        ]
        if stale:
            logger.warning("a restart is needed for what changed beside the policies: %s", ", ".join(stale))
        self.settings = replace(self.settings, policy=new.policy)
        output = self.settings.output
        if output.is_for_people:
            notices.print_policies(new.policy, unasked=self._unasked, aside=output.banner_is_aside)
        return True

    def read_if_changed(self) -> bool:
        """True, whatever the file says: as `read`, if it is another than it was."""
        if _state_of(self.settings.config) != self._state:
            self.read()
        return True

    async def serve(self, server: Server, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Heed SIGHUP for *server*, until cancelled; it is a SIGINT if it comes because the terminal is gone."""
        if self.settings.source is None or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
            task_status.started()
            return
        had_terminal = has_terminal()
        with trio.open_signal_receiver(signal.SIGHUP) as signals:
            async with self.watched(os.getpid()):
                task_status.started()
                async for _ in signals:
                    if had_terminal and not has_terminal():
                        signal.raise_signal(signal.SIGINT)
                    elif self.read():
                        policies = self.policies
                        server.replace_cors(getattr(self._app, "cors", None) if policies is None else policies)

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
