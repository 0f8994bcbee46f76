"""A root that is open, and the content of what was opened in it."""

import os
from pathlib import Path as FilePath

from corserver.apps.files.lookup import Opened, Root


def opened_root(path: FilePath) -> Root:
    root = Root.maybe_open(os.fsencode(path))
    assert root is not None
    return root


def content_of(opened: Opened | None) -> bytes | None:
    if opened is None:
        return None
    with opened:
        return os.pread(opened.fd, 1000, 0)
