"""The head of an app's answer: what `start_response` is given, read."""

import re
from typing import Final, NamedTuple

from corserver.http.header_lines import CONNECTION_HEADERS, header_fields

_STATUS: Final = re.compile(r"([2-5][0-9]{2})(?: .*)?")


class Head(NamedTuple):
    """*length* is what its Content-Length says, None where there is none; *closes* what its Connection does."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]
    length: int | None
    closes: bool


def read_head(status: str, headers: list[tuple[str, str]]) -> Head:
    """Raises TypeError for what are no native strings, ValueError for what cannot be a head.

    Lines about the connection are left out: they are the server's, which heeds `close`.
    """
    if not isinstance(status, str):
        raise TypeError(f"a status is a str, such as '200 OK', not {type(status).__name__}")
    found = _STATUS.fullmatch(status)
    if found is None:
        raise ValueError(f"{status!r} is not a status from 200 to 599, such as '200 OK'")
    lines = [_line(name, value) for name, value in headers]
    fields = header_fields([line for line in lines if line[0].lower().encode() not in CONNECTION_HEADERS])
    closes = len(fields) < len(lines) and any(
        name.lower() == "connection" and "close" in value.lower().replace(" ", "").split(",") for name, value in lines
    )
    length = next((int(value) for name, value in fields if name.lower() == b"content-length"), None)
    return Head(int(found[1]), fields, length, closes)


def _line(name: object, value: object) -> tuple[str, str]:
    if not (isinstance(name, str) and isinstance(value, str)):
        raise TypeError(f"the name and the value of a header are str, not {name!r}: {value!r}")
    return name, value.strip(" \t")
