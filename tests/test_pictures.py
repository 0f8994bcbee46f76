"""The README's pictures: made by `docs/pictures.py`, all there, of this version, small, and told in words."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

import corserver
from docs.pictures import PICTURES, draw_benchmark
from docs.terminal import terminal

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SHOWN: dict[str, str] = {path: alt for alt, path in re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", README)}


def test_the_readme_shows_what_the_script_makes_and_nothing_else() -> None:
    files = {path.name for path in (ROOT / "docs").iterdir() if path.suffix in (".svg", ".png")}
    assert set(SHOWN) == {f"docs/{name}" for name in PICTURES}
    assert files == set(PICTURES)


@pytest.mark.parametrize("path", SHOWN)
def test_a_picture_is_small_and_is_told_in_words(path: str) -> None:
    assert 2_000 < (ROOT / path).stat().st_size < 250_000
    assert len(SHOWN[path].split()) > 8


@pytest.mark.parametrize("path", [path for path in SHOWN if path.endswith(".png")])
def test_a_screenshot_is_a_picture(path: str) -> None:
    assert (ROOT / path).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("path", [path for path in SHOWN if path.endswith(".svg")])
def test_a_drawing_needs_nothing_from_elsewhere(path: str) -> None:
    text = (ROOT / path).read_text()
    assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    assert "url(http" not in text
    assert "href" not in text
    assert "@import" not in text


def test_the_terminal_is_of_this_version() -> None:
    drawn = "".join(ElementTree.fromstring((ROOT / "docs/terminal.svg").read_text()).itertext()).replace("\xa0", " ")
    assert f"corserver {corserver.__version__}" in drawn


def test_the_benchmark_is_drawn_from_what_its_readme_says(tmp_path: Path) -> None:
    drawn, now = (ROOT / "docs/benchmark.svg").read_text(), draw_benchmark(tmp_path).decode()
    titles = [re.findall(r'"text title"[^>]*>([^<]+)<', text) for text in (drawn, now)]
    assert titles[0] == titles[1] != [], "draw it anew: python -m docs.pictures benchmark.svg"


def test_a_terminal_shows_what_the_command_writes(tmp_path: Path) -> None:
    with terminal("--version", directory=tmp_path) as shown:
        shown.end(b"")
    assert shown.output.strip() == f"corserver {corserver.__version__}"
    picture = "".join(ElementTree.fromstring(shown.picture("version")).itertext()).replace("\xa0", " ")
    assert "$ corserver --version" in picture
