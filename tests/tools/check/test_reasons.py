"""Why a preflight is needed is said of each header by its name and its value."""

import pytest

from corserver.cors.browser import STANDARD, Hop, begin, preflight_for
from corserver.cors.fetch import Field
from corserver.tools.check.reasons import preflight_reasons
from tests.cors.browser.asking import ask

REASONS = [
    ((b"X-Foo", b"1"), "x-foo is not one of the headers that a script may send unasked"),
    ((b"Authorization", b"Bearer x"), "authorization is not one of the headers"),
    ((b"Content-Type", b"application/json"), "content-type: application/json is not application/x-www-form-urlencoded"),
    ((b"Content-Type", b"text/plain;a=(b)"), "content-type: text/plain;a=(b) is not"),
    ((b"Content-Type", b"nonsense"), "content-type: nonsense has a value that a script may not send unasked"),
    ((b"Accept", b"a" * 129), "the value of accept is longer than 128 bytes"),
    ((b"Range", b"bytes=-5"), "range: bytes=-5 has a value"),
    ((b"Access-Control-Allow-Origin", b"*"), "access-control-allow-origin is a response header"),
]


@pytest.mark.parametrize(("field", "words"), REASONS)
def test_each_header_has_its_reason(field: Field, words: str) -> None:
    hop = begin(ask(method=b"DELETE", headers=((b"Accept-Language", b"de"), field)))
    assert isinstance(hop, Hop)
    preflight = preflight_for(hop, STANDARD)
    assert preflight is not None
    method, header = preflight_reasons(hop, preflight, STANDARD)
    assert method == "DELETE is not GET, HEAD or POST"
    assert header.startswith(words)


def test_many_short_values_are_too_long_together() -> None:
    hop = begin(ask(headers=tuple((b"Accept", b"a" * 128) for _ in range(9))))
    assert isinstance(hop, Hop)
    preflight = preflight_for(hop, STANDARD)
    assert preflight is not None
    (reason,) = preflight_reasons(hop, preflight, STANDARD)
    assert "1024 bytes together" in reason
