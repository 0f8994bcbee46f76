"""What a status is called."""

import pytest

from corserver.http.statuses import reason_phrase


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (200, "OK"),
        (404, "Not Found"),
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (416, "Range Not Satisfiable"),
        (422, "Unprocessable Content"),
        (431, "Request Header Fields Too Large"),
        (299, ""),
    ],
)
def test_the_names_are_those_of_rfc_9110(status: int, phrase: str) -> None:
    assert reason_phrase(status) == phrase
