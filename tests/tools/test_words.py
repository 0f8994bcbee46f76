"""A peer's bytes as text: printable, bounded, recognisable."""

from hypothesis import given
from hypothesis import strategies as st

from corserver.tools.words import MAX_SHOWN, names, plain, text


@given(st.binary(max_size=2 * MAX_SHOWN))
def test_bytes_become_printable_and_bounded(value: bytes) -> None:
    assert text(value).isascii()
    assert text(value).isprintable()
    assert len(text(value)) <= 4 * MAX_SHOWN + 30


@given(st.text())
def test_sentences_become_printable(value: str) -> None:
    assert plain(value).isprintable()
    assert plain(value) == value or not value.isprintable()


def test_what_is_plain_stays() -> None:
    assert text(b"text/plain; a=1") == "text/plain; a=1"
    assert text(b"a\x0b\xe9") == "a\\x0b\\xe9"
    assert plain("Reason: ‘x’ – é") == "Reason: ‘x’ – é"
    assert names((b"a", b"b")) == "a, b"
