"""Watches files, by the library watchfiles, and says what a page is to do about their changes."""

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Final

import trio

from corserver.apps.live.changes import Change

logger = logging.getLogger("corserver")

_INSTALL: Final = "to watch files needs the library watchfiles: pip install 'corserver[live]'"
#: Directories that are no part of a site, and endings of files that editors have for a moment.
_OTHERS: Final = frozenset({"__pycache__", "node_modules"})
_TEMPORARY: Final = ("~", ".swp", ".swx", ".tmp")
#: How long changes are gathered once there is one, in milliseconds: a save is often several.
_DEBOUNCE: Final = 400


async def watch(
    roots: Sequence[str],
    tell: Callable[[Change], None],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Call *tell* when something below *roots*, real paths, has changed, until cancelled.

    It has started once nothing is missed any more.

    Where the system watches no more files that is logged, and nothing is told. Raises ImportError as
    `check_installed`.
    """
    check_installed()
    from watchfiles import awatch

    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_set_when_cancelled, stop)
        nursery.start_soon(_started_in_a_moment, task_status)
        try:
            async for changes in awatch(*roots, watch_filter=None, debounce=_DEBOUNCE, stop_event=stop):
                change = judge((path for _, path in changes), roots)
                if change is not None:
                    tell(change)
        except OSError as error:
            logger.warning("the files cannot be watched, and no page reloads when they change: %s", error)


def check_installed() -> None:
    """Raises ImportError where watchfiles is missing."""
    if find_spec("watchfiles") is None:
        raise ImportError(_INSTALL)


async def _set_when_cancelled(stop: trio.Event) -> None:
    # The watching thread looks at the event, and not at trio's cancellation.
    try:
        await trio.sleep_forever()
    finally:
        stop.set()


async def _started_in_a_moment(task_status: trio.TaskStatus[None]) -> None:
    # The watches are in place when the task that waits for changes gives way for the first time.
    await trio.lowlevel.checkpoint()
    task_status.started()


def judge(paths: Iterable[str], roots: Sequence[str]) -> Change | None:
    """What to do about changes of *paths*, None where they are no matter of the site."""
    names = [path for path in paths if _is_of_a_site(path, roots)]
    if not names:
        return None
    return Change.STYLE if all(name.endswith(".css") for name in names) else Change.RELOAD


def _is_of_a_site(path: str, roots: Sequence[str]) -> bool:
    root = next((root for root in roots if path.startswith(root)), "")
    parts = path[len(root) :].strip(os.sep).split(os.sep)
    return not any(part.startswith(".") or part in _OTHERS for part in parts) and not path.endswith(_TEMPORARY)
