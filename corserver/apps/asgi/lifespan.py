"""An app's life: `lifespan.startup` before the first request, `lifespan.shutdown` after the last."""

import logging
from enum import Enum, unique
from typing import Any, Final

import trio

from corserver.apps.asgi.loop import Loop
from corserver.apps.asgi.protocol import ASGIApp, Message, Scope, versions

logger = logging.getLogger("corserver")

#: How long an app may take for its shutdown, in seconds.
_SHUTDOWN_SECONDS: Final = 30.0


@unique
class Lifespan(Enum):
    """Whether an app is told of its start and its end."""

    #: If it takes part: one that raises at the start is served without.
    AUTO = "auto"
    #: It has to.
    ON = "on"
    OFF = "off"


class LifespanFailed(RuntimeError):
    """The app says that it cannot start, or raised where `lifespan="on"` asks it to take part."""


class _Phase(Enum):
    STARTING = "starting"
    SERVING = "serving"
    STOPPING = "stopping"
    DONE = "done"


class Life:
    """One life of *app*. *state* is what it put there, for its requests."""

    def __init__(self, app: ASGIApp, loop: Loop, mode: Lifespan) -> None:
        self._app = app
        self._loop = loop
        self._mode = mode
        self._phase = _Phase.STARTING
        self._was_asked = False
        self._may_stop = loop.event()
        #: The server waits for these: the app has started, the app has ended.
        self._started = trio.Event()
        self._ended = trio.Event()
        self._failure: str | None = None
        self._error: Exception | None = None
        #: Of the app's task: a cancellation of the server is not one of the app, which is told to end.
        self._scope = trio.CancelScope(shield=True)
        self.state: dict[str, Any] = {}

    async def run(self) -> None:
        """Be the app's task; to be started on the server's side."""
        scope: Scope = {"type": "lifespan", "asgi": versions(), "state": self.state}
        try:
            with self._scope:
                await self._loop.run(self._app, scope, self._receive, self._send)
        except Exception as error:
            self._raised(error)
        finally:
            self._phase = _Phase.DONE
            self._started.set()
            self._ended.set()

    async def start(self) -> None:
        """Wait until the app has started. Raises `LifespanFailed`."""
        try:
            await self._started.wait()
        except trio.Cancelled:
            self._scope.cancel()
            raise
        if self._failure is not None:
            self._scope.cancel()
            raise LifespanFailed(self._failure) from self._error

    async def stop(self) -> None:
        """Tell the app to end, and wait until it has."""
        if self._phase is _Phase.SERVING:
            self._phase = _Phase.STOPPING
            self._may_stop.set()
        with trio.move_on_after(_SHUTDOWN_SECONDS) as patience:
            await self._ended.wait()
        self._scope.cancel()
        if patience.cancelled_caught:
            logger.error("the app's lifespan did not end within %g seconds: it is cancelled", _SHUTDOWN_SECONDS)

    async def _receive(self) -> Message:
        if not self._was_asked:
            self._was_asked = True
            return {"type": "lifespan.startup"}
        await self._may_stop.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        match self._phase, message["type"]:
            case _Phase.STARTING, "lifespan.startup.complete":
                self._phase = _Phase.SERVING
                self._started.set()
            case _Phase.STARTING, "lifespan.startup.failed":
                self._failure = message.get("message") or "the app sent lifespan.startup.failed"
                self._started.set()
            case _Phase.STOPPING, "lifespan.shutdown.complete":
                self._ended.set()
            case _Phase.STOPPING, "lifespan.shutdown.failed":
                logger.error("the app's shutdown failed: %s", message.get("message", ""))
                self._ended.set()
            case _, kind:
                raise RuntimeError(f"the message {kind!r} does not fit here: the app is {self._phase.value}")

    def _raised(self, error: Exception) -> None:
        if self._failure is not None:  # It said so before.
            return
        if self._phase is not _Phase.STARTING:
            logger.error("the app's lifespan raised", exc_info=error)
        elif self._mode is Lifespan.ON:
            self._failure, self._error = f"the app raised in its lifespan: {error!r}", error
        else:
            logger.debug("the app takes no part in the lifespan protocol", exc_info=error)
