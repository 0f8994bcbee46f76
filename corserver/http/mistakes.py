"""What handlers and response bodies raise, taken apart: their mistakes go to the log, the rest goes on."""

import logging

from corserver.http.body import PeerLeft
from corserver.http.messages import HTTPError


def http_error_in(error: Exception) -> HTTPError | None:
    """The `HTTPError` that *error* is, or wraps and nothing else."""
    # A handler's nursery wraps what was raised in it: a group of nothing but HTTPErrors is the first of them.
    while isinstance(error, ExceptionGroup) and error.split(HTTPError)[1] is None:
        error = error.exceptions[0]
    return error if isinstance(error, HTTPError) else None


def without_mistakes(group: BaseExceptionGroup[BaseException], logger: logging.Logger) -> BaseException:
    """*group* without its exceptions that are mistakes, which are logged.

    A handler's nursery raises such a group when it is cancelled and its cleanup fails: the cancellation must go on.
    """
    mistakes, rest = group.split(Exception)
    blamed = None if mistakes is None else mistakes.split(PeerLeft)[1]
    if blamed is not None:
        logger.error("a handler raised while it was cancelled", exc_info=blamed)
    return group if rest is None else rest


def alone(error: BaseException) -> BaseException:
    """The error that is alone in its groups: nobody wants to catch the groups of nurseries that they never saw."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
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
