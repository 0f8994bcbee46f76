"""Header lists as a browser reads them: which lines count, and what becomes of several."""

import pytest

from corserver.cors.browser.headers import get, values


@pytest.mark.parametrize(
    ("lines", "joined", "without_empty"),
    [
        ([], None, None),
        ([b"a"], b"a", b"a"),
        ([b"a", b"b"], b"a, b", b"a, b"),
        ([b"", b"a"], b", a", b"a"),
        ([b"a", b" \t"], b"a, ", b"a"),
        ([b""], b"", b""),
        ([b"", b""], b", ", b""),
    ],
)
def test_the_lines_of_a_name_are_joined(lines: list[bytes], joined: bytes | None, without_empty: bytes | None) -> None:
    headers = [(b"x-other", b"c"), *((b"X-Name", line) for line in lines)]

    assert get(headers, b"x-name") == joined
    assert get(headers, b"x-name", ignoring_empty=True) == without_empty


def test_only_spaces_and_tabs_are_trimmed() -> None:
    assert values([(b"x", b" \ta\x0b\xa0 ")], b"x") == [b"a\x0b\xa0"]
