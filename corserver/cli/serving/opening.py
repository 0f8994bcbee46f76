"""Opens a page in the user's browser, without waiting for it."""

import os
import sys


def open_in_browser(url: str) -> None:
    """Open *url*. By a process of its own: some browsers keep their caller waiting, and Ctrl-C is not for them."""
    silent = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
    command = [sys.executable, "-m", "webbrowser", url]
    os.posix_spawn(sys.executable, command, os.environ, file_actions=silent, setpgroup=0)
