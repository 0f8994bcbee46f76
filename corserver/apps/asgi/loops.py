"""The event loops that a hosted app can run on, all of them in the server's own thread.

`trio` is the server's own. `asyncio` is the library trio-asyncio, an asyncio loop that runs as trio tasks: what an app
calls there is asyncio throughout, and libraries that ask which of the two runs are told asyncio.
"""

import platform
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from enum import Enum, unique
from importlib.metadata import version
from typing import Final

from corserver.apps.asgi.loop import Loop
from corserver.apps.asgi.on_trio import TrioLoop

_WITHOUT: Final = "(an app that runs on trio too does without: --loop trio, asgi(app, loop='trio'))"


@unique
class LoopName(Enum):
    """Which loop an app runs on."""

    #: The one that the app was written for, as far as that can be told: trio for Quart-Trio, else asyncio.
    AUTO = "auto"
    ASYNCIO = "asyncio"
    TRIO = "trio"


@asynccontextmanager
async def open_loop(name: LoopName, app: object) -> AsyncGenerator[Loop, None]:
    """The loop that *app* runs on. Raises RuntimeError where a library is missing, or too old for this Python."""
    if name is LoopName.AUTO:
        name = loop_of(app)
    if name is LoopName.TRIO:
        yield TrioLoop()
        return
    try:
        from corserver.apps.asgi.on_asyncio import open_asyncio
    except ImportError as error:
        raise RuntimeError(
            f"an app on asyncio needs the library trio-asyncio: pip install 'corserver[run]' {_WITHOUT}"
        ) from error
    except AttributeError as error:  # trio-asyncio 0.16 uses what Python 3.14 has no more.
        raise RuntimeError(
            f"trio-asyncio {version('trio-asyncio')}, by which an app runs on asyncio, does not work with Python "
            f"{platform.python_version()} ({error}): use a newer trio-asyncio if there is one, or Python 3.13 "
            f"{_WITHOUT}"
        ) from error
    async with open_asyncio() as loop:
        yield loop


def loop_of(app: object) -> LoopName:
    """The loop that *app* was written for: trio for an app of Quart-Trio's, asyncio, as most assume it, for others."""
    kinds = type(app).__mro__
    return (
        LoopName.TRIO if any(kind.__module__.partition(".")[0] == "quart_trio" for kind in kinds) else LoopName.ASYNCIO
    )
