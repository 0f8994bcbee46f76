"""What handlers and response bodies raise, taken apart: their mistakes go to the log, the rest goes on."""

import logging
from typing import Final

import trio

from corserver.http.body import PeerLeft
from corserver.http.messages import HTTPError

#: What ends the program.
_EXITS: Final = (KeyboardInterrupt, SystemExit)
#: What ends a task, or the program.
_ENDS: Final = (trio.Cancelled, *_EXITS)


def http_error_in(error: Exception) -> HTTPError | None:
    """The `HTTPError` that *error* is, or wraps and nothing else."""
    # A handler's nursery wraps what was raised in it: a group of nothing but HTTPErrors is the first of them.
    while isinstance(error, ExceptionGroup) and error.split(HTTPError)[1] is None:
        error = error.exceptions[0]
    return error if isinstance(error, HTTPError) else None


def is_mistake(error: BaseException) -> bool:
    """Whether *error* is a mistake of somebody's, which a panic of Rust's (PyO3) is, too: no `Exception`, but not what
    ends a task or the program either."""
    return isinstance(error, Exception) or not isinstance(error, (BaseExceptionGroup, *_ENDS))


def as_exception(error: BaseException) -> Exception:
    """*error*, or what stands for it where it is a mistake that is no `Exception`. Raises it where it is none."""
    if isinstance(error, Exception):
        return error
    if BaseExceptionGroup("", [error]).split(is_mistake)[1] is not None:
        raise error
    stand_in = RuntimeError(f"{type(alone(error)).__name__} was raised, which is no Exception")
    stand_in.__cause__ = error
    return stand_in


def without_mistakes(error: BaseException, logger: logging.Logger) -> BaseException | None:
    """*error* without what are mistakes in it, which are logged; None where nothing is left.

    A handler's nursery raises a group when it is cancelled and its cleanup fails: the cancellation must go on.
    """
    group = error if isinstance(error, BaseExceptionGroup) else BaseExceptionGroup("", [error])
    mistakes, rest = group.split(is_mistake)
    blamed = None if mistakes is None else mistakes.split(PeerLeft)[1]
    if blamed is not None:
        logger.error("a handler raised what is no Exception, or while it was cancelled", exc_info=blamed)
    return error if rest is not None and group is not error else rest


def alone(error: BaseException) -> BaseException:
    """The error that is alone in its groups: nobody wants to catch the groups of nurseries that they never saw.

    Of those that end the program the first is enough.
    """
    while isinstance(error, BaseExceptionGroup) and (len(error.exceptions) == 1 or error.split(_EXITS)[1] is None):
        error = error.exceptions[0]
    return error


async def close_all(logger: logging.Logger, *closables: object) -> None:
    """Call the `aclose` of each that has one, once, whatever another raises."""
    for closable in {id(closable): closable for closable in closables}.values():  # They need not be hashable.
        aclose = getattr(closable, "aclose", None)
        if aclose is not None:
            try:
                await aclose()
            except Exception:
                logger.exception("closing the body of a response raised")
