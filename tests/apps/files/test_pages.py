"""The frame of the app's own pages."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from corserver.apps.files.pages import CONTENT_SECURITY_POLICY, error_page, head, text

from .test_listing import Page


def test_the_policy_allows_the_style_and_nothing_else() -> None:
    style = re.search(r"<style>(.*)</style>", head("x"), re.DOTALL)

    assert style is not None
    assert b64encode(sha256(style[1].encode()).digest()).decode() in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'; ")


def test_the_policy_allows_the_icon_that_keeps_browsers_from_asking_for_one() -> None:
    assert '<link rel="icon" href="data:,">' in head("x")
    assert "; img-src data:; " in CONTENT_SECURITY_POLICY


def test_text_is_never_markup() -> None:
    page = error_page(404, "<b>", "<script>alert(1)</script>", [('"><script>', "<i>")])

    assert not {"b", "i", "script"} & set(Page(page).elements)
    assert Page(page).links == [('"><script>', "<i>")]
    assert text("caf\udce9 <") == "caf\ufffd &lt;"


@pytest.mark.parametrize(
    ("detail", "shown"),
    [("the file has 6 bytes", "The file has 6 bytes."), ("It is gone.", "It is gone."), ("", "")],
)
def test_the_detail_of_an_error_is_a_sentence(detail: str, shown: str) -> None:
    assert f"</h1>\n<p>{shown}</p>" in error_page(416, "Range Not Satisfiable", detail, [])


def test_a_title_is_escaped() -> None:
    assert "<title>&lt;/title&gt;</title>" in head("</title>")
