"""Which coding and which media type a request prefers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.apps.files.negotiation import CODINGS, preferred_codings, preferred_type

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=300)

OFFERS = ("text/html", "application/json", "text/plain")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ()),
        ("gzip, deflate, br, zstd", ("br", "zstd", "gzip")),
        ("gzip", ("gzip",)),
        ("GZIP", ("gzip",)),
        ("x-gzip", ("gzip",)),
        ("gzip;q=0", ()),
        ("gzip;q=0.000", ()),
        ("gzip; q=0.001", ("gzip",)),
        ("br;q=0.5, gzip;q=0.8", ("gzip", "br")),
        ("br;q=0.8,gzip;q=0.8", ("br", "gzip")),
        ("*", CODINGS),
        ("*;q=0", ()),
        ("br;q=0, *", ("zstd", "gzip")),
        ("gzip, *;q=0", ("gzip",)),
        ("identity", ()),
        ("identity;q=1, *;q=0", ()),
        ("identity;q=0.5, gzip;q=0.4", ()),
        ("identity;q=0.5, gzip;q=0.5", ("gzip",)),
        ("identity;q=0", ()),
        ("gzip;q=2", ()),
        ("gzip;q=-1", ()),
        ("gzip;q=x, br", ("br",)),
        ("gzip;q=0.1234", ()),
        ("gzip;level=9;q=0.5", ("gzip",)),
        (", ,gzip,,", ("gzip",)),
        ("gzip br", ()),
        ("compress, deflate", ()),
        ("x, " * 100 + "gzip", ()),
    ],
)
def test_codings(value: str, expected: tuple[str, ...]) -> None:
    assert preferred_codings(value.encode()) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
        ("APPLICATION/JSON; charset=utf-8", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
        ("text/plain", "text/plain"),
        ("text/*", "text/html"),
        ("text/*, text/html;q=0.5", "text/plain"),
        ("*/*;q=0.1, application/*", "application/json"),
        ("text/html;q=0.1, application/json;q=0.2", "application/json"),
        ("image/png", None),
        ("text/html;q=0, image/png", None),
        ("*/*;q=0", None),
    ],
)
def test_types(value: str, expected: str | None) -> None:
    assert preferred_type(value, OFFERS) == expected


@_PROPERTY
@given(st.binary() | st.text(st.sampled_from("gzipbr*;q=01.,- \t")).map(str.encode))
def test_any_bytes_are_an_answer(value: bytes) -> None:
    found = preferred_codings(value)

    assert set(found) <= set(CODINGS)
    assert len(set(found)) == len(found)
    assert preferred_type(value.decode("latin-1"), OFFERS) in (*OFFERS, None)


@pytest.mark.parametrize("unit", [",", ";", "a;", " ;", "gzip;q=0.1,", ";q=", "\t"])
def test_time_is_linear(unit: str) -> None:
    # Were it quadratic, this would not end today.
    preferred_codings((unit * (300_000 // len(unit))).encode())
