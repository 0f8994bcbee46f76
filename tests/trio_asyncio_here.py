"""Whether trio-asyncio, by which hosted apps run on asyncio, works with this Python."""

from typing import Any

import pytest


def _asyncio_works() -> bool:
    try:
        import corserver.apps.asgi.on_asyncio  # noqa: F401
    except AttributeError:
        return False
    return True


needs_asyncio = pytest.mark.skipif(not _asyncio_works(), reason="trio-asyncio does not work with this Python")


def needing(value: str, beginning: str) -> Any:
    """A parameter that needs asyncio if it is of that *beginning*."""
    return pytest.param(value, marks=needs_asyncio) if value.startswith(beginning) else value
