"""A request, and exactly what must come of it."""

from dataclasses import dataclass

from corserver.cors.decision import Reason
from corserver.cors.fetch import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A request to a path that *policy* (a key of `POLICIES`) governs, and what must come of it."""

    id: str
    policy: str
    lines: tuple[Field, ...]
    expected: tuple[Field, ...]
    reason: Reason
    method: bytes = b"GET"
    target: bytes = b"/"
    status: int | None = None
    app_headers: tuple[Field, ...] = ()
    on_the_wire: bool = True
