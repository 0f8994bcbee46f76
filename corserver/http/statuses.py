"""What a status is called."""

from http import HTTPStatus
from typing import Final

#: RFC 9110's names. `HTTPStatus` has older ones for these before Python 3.13.
_RENAMED: Final = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


def reason_phrase(status: int) -> str:
    """The reason phrase of a status (RFC 9110 §15), empty for one that has none."""
    try:
        return _RENAMED.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return ""
