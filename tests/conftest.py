"""What holds for all tests."""

import signal

from hypothesis import settings

# How long an example takes is the machine's matter: beside other work one in a thousand takes longer than any deadline.
settings.register_profile("corserver", deadline=None)
settings.load_profile("corserver")


def pytest_configure() -> None:
    """A shell lets what it runs in the background ignore Ctrl-C, and so would every server that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
