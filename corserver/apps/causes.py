"""What an exception comes of: frameworks raise their own for what they were told, and descriptors may be used up."""

import errno
from typing import Final

from corserver.http.messages import HTTPError

#: The errors of a process that has too many files open, which is no fault of what was to be opened.
_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE)


def comes_of(error: BaseException | None, *kinds: type[BaseException]) -> bool:
    """Whether *error*, or what it was raised for, is of these *kinds*."""
    while error is not None and not isinstance(error, kinds):
        error = error.__cause__ or error.__context__
    return error is not None


def too_many_files(error: OSError) -> HTTPError | None:
    """The 503 to *error*, where it comes of too many open files; None where it does not."""
    if error.errno not in _EXHAUSTED:
        return None
    return HTTPError(503, "too many files are open at this moment", {"Retry-After": "1"})
