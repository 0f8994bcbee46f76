"""The listing as a page."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from urllib.parse import quote, urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.apps.files.entries import Entry
from corserver.apps.files.listing import Order, as_html, as_text
from corserver.apps.files.pages import CONTENT_SECURITY_POLICY
from corserver.cors.scopes import Path

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=300)

NO_MOUNT = Path(slash=False)


class Page(HTMLParser):
    """What a browser makes of it: the elements, and each link with its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: list[tuple[str, str]] = []
        self._href: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        if tag == "a":
            assert [name for name, _ in attrs] == ["href"]
            self._href = attrs[0][1]
            self.links.append((self._href or "", ""))

    def handle_endtag(self, tag: str) -> None:
        self._href = None if tag == "a" else self._href

    def handle_data(self, data: str) -> None:
        if self._href is not None:
            self.links[-1] = (self._href, self.links[-1][1] + data)


def page_of(*entries: Entry, path: str = "/", mount: Path = NO_MOUNT) -> str:
    return "".join(as_html(mount, Path.parse(path.encode()), entries))


def file(name: str, *, is_directory: bool = False, size: int = 5, modified: int = 0) -> Entry:
    return Entry(name, is_directory, size, modified)


@pytest.mark.parametrize(
    ("name", "href"),
    [
        ("<img src=x onerror=alert(1)>", "./%3Cimg%20src=x%20onerror=alert(1)%3E"),
        ("javascript:alert(1)", "./javascript:alert(1)"),
        ("a?b#c%d.txt", "./a%3Fb%23c%25d.txt"),
        ("\"><script>alert('x')</script>", "./%22%3E%3Cscript%3Ealert('x')%3C%2Fscript%3E"),
        ("a&amp;b", "./a&amp;b"),
        ("//evil.example", "./%2F%2Fevil.example"),
        ("ü.txt", "./%C3%BC.txt"),
    ],
)
def test_names_are_text_and_links_are_relative(name: str, href: str) -> None:
    page = Page(page_of(file(name)))

    assert page.links[-1] == (href, name)
    assert not {"img", "script"} & set(page.elements)


@pytest.mark.parametrize("mark", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_what_turns_text_around_is_shown_and_does_not(mark: str) -> None:
    """A program's name must not end like a picture's; what it is linked by is the name."""
    entry = file(f"{mark}gnp.exe")

    assert Page(page_of(entry)).links[-1] == (f"./{quote(mark)}gnp.exe", "\ufffdgnp.exe")
    assert "".join(as_text(NO_MOUNT, NO_MOUNT, [entry])) == "\ufffdgnp.exe\n"


def test_bytes_that_are_no_utf_8_are_shown_as_such_and_linked_as_they_are() -> None:
    text = page_of(file("caf\udce9"))

    assert Page(text).links[-1] == ("./caf%E9", "caf\ufffd")
    text.encode("utf-8")


@_PROPERTY
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1), st.booleans())
def test_no_name_becomes_markup_or_leads_elsewhere(names: list[str], is_directory: bool) -> None:
    usual = Page(page_of(file("x")))
    page = Page(page_of(*(file(name, is_directory=is_directory) for name in names)))

    assert set(page.elements) == set(usual.elements)
    assert len(page.links) == len(names) + len(usual.links) - 1
    for href, _ in page.links:
        assert href.startswith("./")
        assert urljoin("http://a.example/b/", href).startswith("http://a.example/b/")


def test_crumbs_lead_up_to_the_mount_and_no_further() -> None:
    mounted = Page(page_of(path="/a/b%20c/", mount=Path(("static", "x"), slash=False)))
    top = Page(page_of())

    assert mounted.links == [("../../", "/static/x"), ("../", "a"), ("./", "b c")]
    assert top.links == [("./", "/")]


def test_directories_have_a_slash_and_no_size() -> None:
    text = page_of(file("sub", is_directory=True, size=4096))

    assert Page(text).links[-1] == ("./sub/", "sub/")
    assert "4096" not in text
    assert "4.1 kB" not in text


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, ">0 B<"),
        (999, ">999 B<"),
        (1000, ">1.0 kB<"),
        (1234, ">1.2 kB<"),
        (9949, ">9.9 kB<"),
        (9950, ">10 kB<"),
        (999_499, ">999 kB<"),
        (999_500, ">1.0 MB<"),
        (10**9, ">1.0 GB<"),
        (5 * 10**18, ">5.0 EB<"),
        (5 * 10**22, ">50000 EB<"),
    ],
)
def test_sizes(size: int, shown: str) -> None:
    text = page_of(file("x", size=size))

    assert shown in text
    assert size < 1000 or f'value="{size}"' in text


@pytest.mark.parametrize(
    ("modified", "shown"),
    [
        (1_767_323_045, "2026-01-02 03:04"),
        (-1, "1970-01-01 00:00"),
        (10**15, "9999-12-31 23:59"),
    ],
)
def test_dates(modified: int, shown: str) -> None:
    text = page_of(file("x", modified=modified))

    assert f">{shown}</time>" in text


def test_an_empty_directory_says_so() -> None:
    assert "table" not in Page(page_of()).elements
    assert "Nothing in here" in page_of()


@pytest.mark.parametrize(("count", "is_above"), [(1, True), (999, True), (1000, False), (1001, False)])
def test_a_long_page_is_summed_up_below(count: int, is_above: bool) -> None:
    text = page_of(file("d", is_directory=True), *(file(str(i), size=2) for i in range(count - 1)))
    said = "<p>1 directory</p>" if count == 1 else f"<p>1 directory, {count - 1} files, "

    assert text.count("<p>") == 1
    assert (text.index(said) < text.index("<table>")) is is_above
    assert text.count("<tr") == count + 1


def test_the_page_needs_no_script_and_its_policy_allows_its_style_only() -> None:
    text = page_of(file("x"))
    style = re.search(r"<style>(.*)</style>", text, re.DOTALL)

    assert style is not None
    assert b64encode(sha256(style[1].encode()).digest()).decode() in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; ")
    assert "color-scheme: light dark" in style[1]
    assert "script" not in Page(text).elements
    assert "http" not in text


def test_it_is_made_piece_by_piece() -> None:
    pieces = list(as_html(NO_MOUNT, Path(), [file(str(i)) for i in range(1000)]))

    assert len(pieces) > 1000


def test_each_column_sorts_both_ways_and_directories_stay_first() -> None:
    found = [
        file("b", is_directory=True, modified=1),
        file("C", is_directory=True, modified=2),
        file("A", size=2, modified=9),
        file("a", size=3, modified=7),
        file("d", size=1, modified=9),
    ]

    def names(query: str) -> str:
        return "".join(entry.name for entry in Order.of(query).sorted(found))

    assert names("") == names("sort=name") == names("sort=nonsense") == "bCAad"
    assert names("sort=name&desc") == "CbdaA"
    assert (names("sort=size"), names("sort=size&desc")) == ("bCdAa", "bCaAd")
    assert (names("sort=modified"), names("sort=modified&desc")) == ("bCaAd", "CbAda")
