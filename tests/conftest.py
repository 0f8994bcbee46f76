"""What holds for all tests."""

import logging
import os
import signal
import traceback
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import corserver

# How long an example takes is the machine's matter: beside other work one in a thousand takes longer than any deadline.
settings.register_profile("corserver", deadline=None)
settings.load_profile("corserver")

_UNUSUAL = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PYTHONUNBUFFERED")
_CODE_UNDER_TEST = str(Path(corserver.__file__).parent)


def pytest_configure() -> None:
    """A user's proxies, flags and colours are not for what tests start; nor is what would hide how output is buffered.

    A shell lets what it runs in the background ignore Ctrl-C, and so would every server that a test starts.
    """
    for name in tuple(os.environ):
        if name in _UNUSUAL or name.startswith("CORSERVER_") or name.lower().endswith("_proxy"):
            del os.environ[name]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """An assertion of an app fails its test, too: the server takes it for the app's mistake, and logs it."""
    logger, handler = logging.getLogger("corserver"), _FailedAssertions()
    logger.addHandler(handler)
    try:
        result = yield
    finally:
        logger.removeHandler(handler)
    for error in handler.found:
        raise error
    return result


class _FailedAssertions(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None:
            self.found += _assertions_in(record.exc_info[1])


def _assertions_in(error: BaseException | None) -> Iterator[BaseException]:
    """Those of a test; the code under test has its own."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _assertions_in(each)
    elif isinstance(error, pytest.fail.Exception):
        yield error
    elif isinstance(error, AssertionError):
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith(_CODE_UNDER_TEST):
            yield error
