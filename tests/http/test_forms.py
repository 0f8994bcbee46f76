"""Forms: what is read of a body, and that its cuts make no difference."""

import random
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from corserver.http.forms import Form, FormError, FormFile, FormLimits, Query

from .form_bodies import CHROMIUM, CHROMIUM_TYPE, END, MULTIPART, URLENCODED, field, part, read_cut
from .peer import Cutter, byte_by_byte, cut_at, whole


def read(content_type: str, body: bytes, cut: Cutter = whole, limits: FormLimits | None = None) -> Form:
    return trio.run(read_cut, content_type, body, cut, limits)


CHROMIUM_PAIRS = (
    ("text", "one\r\ntwo --B"),
    ('a "quoted" name', "ü"),
    ("file", FormFile("ü.bin", "application/octet-stream", b"\x00\r\n--\xff\r\n")),
    ("file", FormFile("", "application/octet-stream", b"")),
)


# --------------------------------------------------------------------------------------------------------- what is read


def test_a_form_is_a_mapping_of_first_values_in_order() -> None:
    form = read(URLENCODED, b"b=1&a=%20x+y&b=2&c&&=&%C3%BC=%26")
    assert form.pairs == (("b", "1"), ("a", " x y"), ("b", "2"), ("c", ""), ("", ""), ("ü", "&"))
    assert (form["b"], form.get_all("b"), form.get("none"), form.get_all("none")) == ("1", ("1", "2"), None, ())
    assert (list(form), len(form)) == (["b", "a", "c", "", "ü"], 5)
    with pytest.raises(KeyError):
        form["none"]
    with pytest.raises(AttributeError):
        form.pairs = ()  # type: ignore[misc]
    assert form != Query(())


@pytest.mark.parametrize("cut", [whole, byte_by_byte])
def test_what_a_browser_sends(cut: Cutter) -> None:
    form = read(CHROMIUM_TYPE, CHROMIUM, cut)
    assert form.pairs == CHROMIUM_PAIRS
    assert len(form.get_all("file")) == 2
    assert "x00" not in repr(form), "a file's bytes stay out of the log"


@pytest.mark.parametrize(
    ("content_type", "body", "pairs"),
    [
        (URLENCODED + "; charset=UTF-8", b"", ()),
        (URLENCODED.upper(), b"a", (("a", ""),)),
        (MULTIPART, END, ()),
        (MULTIPART, b"--B--", ()),
        ('Multipart/Form-Data; charset=utf-8; boundary="B"', field("a") + b"--B--", (("a", ""),)),
        (MULTIPART, field("a", b"--B") + field("a", b"\r\n-B-\r\n-") + END, (("a", "--B"), ("a", "\r\n-B-\r\n-"))),
        (
            MULTIPART,
            part('content-disposition: form-data; filename=f; name="a"') + END,
            (("a", FormFile("f", "text/plain", b"")),),
        ),
        (
            MULTIPART,
            part('Content-Disposition: form-data; name="a"; filename="../../x"\r\nContent-Type: text/csv; x=y') + END,
            (("a", FormFile("../../x", "text/csv; x=y", b"")),),
        ),
    ],
)
def test_forms_that_are_read_however_they_are_cut(
    content_type: str, body: bytes, pairs: tuple[tuple[str, str | FormFile], ...]
) -> None:
    assert read(content_type, body).pairs == read(content_type, body, byte_by_byte).pairs == pairs


# ----------------------------------------------------------------------------------------------------------- properties

CUTS = st.lists(st.integers(0, 10_000), max_size=20).map(cut_at)
CHARACTERS = st.characters(codec="utf-8")
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=20)


@given(st.lists(st.tuples(st.text(), st.text()), max_size=20), CUTS)
def test_urlencoded_forms_come_back(pairs: list[tuple[str, str]], cut: Cutter) -> None:
    try:
        body = urlencode(pairs).encode("ascii")
    except UnicodeEncodeError:  # Half a surrogate pair is no text.
        return
    assert list(read(URLENCODED, body, cut).pairs) == pairs


@given(
    st.lists(
        st.sampled_from([b"a", b"=", b"&", b"+", b"%41", b"%", b"%f", b"%c3", b"%BC", b"\xc3", b"\xc3\xbc"]),
        max_size=60,
    ),
    CUTS,
)
def test_odd_urlencoded_forms_are_read_as_the_standard_library_does(pieces: list[bytes], cut: Cutter) -> None:
    body = b"".join(pieces)
    try:
        expected = Form(tuple(parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict")))
    except UnicodeDecodeError:
        assert outcome(URLENCODED, body, cut) == 400
    else:
        assert outcome(URLENCODED, body, cut) == expected


@given(
    st.lists(st.tuples(NAMES, st.text(CHARACTERS)), max_size=5),
    st.lists(st.tuples(NAMES, NAMES, st.binary(max_size=300)), min_size=1, max_size=5),
    CUTS,
)
def test_multipart_forms_come_back(
    fields: list[tuple[str, str]], files: list[tuple[str, str, bytes]], cut: Cutter
) -> None:
    # A backslash in a name means different things to different clients; see what the library says of it.
    names = [name for name, *_ in (*fields, *files)] + [filename for _, filename, _ in files]
    if any(character in name for name in names for character in '\\"%'):
        return
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    sent = httpx.Request(
        "POST",
        "http://site.example/",
        data=data,
        files=[(name, (filename, content, "image/png")) for name, filename, content in files],
    )
    body = b"".join(sent.stream)  # type: ignore[arg-type]
    expected = [(name, value) for name, values in data.items() for value in values]
    expected_files = [(name, FormFile(filename, "image/png", content)) for name, filename, content in files]
    assert list(read(sent.headers["content-type"], body, cut).pairs) == [*expected, *expected_files]


def outcome(content_type: str, body: bytes, cut: Cutter) -> Form | int:
    try:
        return read(content_type, body, cut)
    except FormError as error:
        return error.status


@given(st.integers(0, 2**32), CUTS)
def test_damaged_forms_are_a_form_or_an_error_however_they_are_cut(seed: int, cut: Cutter) -> None:
    chance = random.Random(seed)
    body = bytearray(chance.choice([CHROMIUM.replace(b"----WebKitFormBoundaryAbC123", b"B"), field("a", b"b") + END]))
    for _ in range(chance.randrange(1, 5)):
        start = chance.randrange(len(body) + 1)
        piece = chance.choice([b"", b"\r\n", b"--B", b"--B--", b"\r\n--B--\r\n", b'"', b":", b"\x00", b"x", b"\xff"])
        body[start : start + chance.choice([0, 0, 1, 5])] = piece
    assert outcome(MULTIPART, bytes(body), whole) == outcome(MULTIPART, bytes(body), cut)


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("content_type", "body", "status", "words"),
    [
        ("", b"a=1", 415, "a body without a Content-Type"),
        ("application/json", b"{}", 415, "not as application/json"),
        (f"{URLENCODED}, {URLENCODED}", b"", 415, "not as"),
        (URLENCODED, b"a=%ff", 400, "not in UTF-8"),
        (URLENCODED, b"a=\xff", 400, "not in UTF-8"),
        ("multipart/form-data", END, 400, "no boundary"),
        ("multipart/form-data; boundary=", END, 400, "no boundary"),
        ('multipart/form-data; boundary="\r\n"', END, 400, "no boundary"),
        (f"multipart/form-data; boundary={'B' * 71}", END, 400, "no boundary"),
        (MULTIPART, b"", 400, "does not end"),
        (MULTIPART, field("a"), 400, "does not end"),
        (MULTIPART, field("a") + b"--B", 400, "does not end"),
        (MULTIPART, b"preamble\r\n" + field("a") + END, 400, "does not begin"),
        (MULTIPART, b"\r\n" + field("a") + END, 400, "does not begin"),
        (MULTIPART, field("a") + END + b"epilogue", 400, "goes on"),
        (MULTIPART, field("a") + END + field("b") + END, 400, "goes on"),
        (MULTIPART, field("a") + b"--B-- \r\n", 400, "goes on"),
        (MULTIPART, field("a") + b"--B--\r", 400, "does not end"),
        (MULTIPART, field("a", b"\xff") + END, 400, "the field 'a' is not in UTF-8"),
        (MULTIPART, part("Content-Type: text/plain") + END, 400, "Content-Disposition"),
        (MULTIPART, part("Content-Disposition: attachment; name=a") + END, 400, "Wrong type"),
        (MULTIPART, part("Content-Disposition: form-data") + END, 400, "Missing name"),
        (MULTIPART, part("Content-Disposition: form-data;\r\n name=a") + END, 400, "continuation"),
        (MULTIPART, part("Content-Disposition: form-data; name=a\r\n" * 2 + "X: 1") + END, 400, "two headers"),
        (MULTIPART, part("Content-Disposition: form-data; name=a\r\nX: \x1b") + END, 400, "control characters"),
        (MULTIPART, part("Content-Disposition form-data") + END, 400, "header"),
        (MULTIPART, b"--B\n\n--B--\n", 400, "not multipart/form-data"),
        (MULTIPART, b"--Bx\r\n\r\n" + END, 400, "not multipart/form-data"),
        (MULTIPART, b"--B\r\n" + END, 400, "Unexpected end"),
    ],
)
def test_what_is_not_read_and_why_however_it_is_cut(content_type: str, body: bytes, status: int, words: str) -> None:
    for cut in (whole, byte_by_byte):
        with pytest.raises(FormError) as caught:
            read(content_type, body, cut)
        assert caught.value.status == status
    with pytest.raises(FormError, match=words):
        read(content_type, body)


@pytest.mark.parametrize(
    ("content_type", "body", "words"),
    [
        (URLENCODED, b"&".join([b"a=1"] * 4), "more than 3"),
        (URLENCODED, b"&" * 100, "more than 3"),
        (URLENCODED, b"a=1&b=" + b"x" * 99, "larger than 100 bytes"),
        (MULTIPART, field("a") * 4 + END, "more than 3"),
        (MULTIPART, field("a", b"x" * 101) + END, "the field 'a' is larger than 100 bytes"),
        (MULTIPART, part("X: " + "x" * 500) + END, "header length"),
        (MULTIPART, part("\r\n".join(f"X-{n}: 1" for n in range(9))) + END, "header count"),
    ],
)
def test_what_a_form_may_cost_is_limited_before_it_has_arrived(content_type: str, body: bytes, words: str) -> None:
    limits = FormLimits(parts=3, field=100, header=200)
    for cut in (whole, byte_by_byte):
        with pytest.raises(FormError, match=words) as caught:
            read(content_type, body.removesuffix(END) + b"x" * 20, cut, limits)
        assert caught.value.status == 413


def test_a_form_of_the_size_allowed_is_read() -> None:
    limits = FormLimits(parts=3, field=100, header=200)
    assert len(read(URLENCODED, b"a=1&b=1&c=" + b"x" * 98, limits=limits)) == 3
    file = part('Content-Disposition: form-data; name="f"; filename="f"', b"x" * 1000)
    body = field("a", b"x" * 100) + field("b") + file + END
    assert list(read(MULTIPART, body, byte_by_byte, limits)) == ["a", "b", "f"], "a file is no field"
