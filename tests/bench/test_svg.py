"""The picture."""

from xml.etree import ElementTree

from bench.figures import Result, Table, Unit
from bench.svg import picture

SVG = "{http://www.w3.org/2000/svg}"
TABLE = Table("preflight", Unit.CPU, (Result("corserver", "1", (5.0, 6.0, 7.0)), Result("<peer>", "1", (12.0,) * 3)))


def test_a_bar_is_as_long_as_its_median_and_a_line_as_its_spread() -> None:
    root = ElementTree.fromstring(picture([TABLE], "a machine & more"))
    ours, peer = (rect for rect in root.iter(f"{SVG}rect") if rect.get("class") in ("ours", "peer"))
    assert float(peer.attrib["width"]) == 2 * float(ours.attrib["width"])
    line = next(iter(root.iter(f"{SVG}line")))
    length = float(line.attrib["x2"]) - float(line.attrib["x1"])
    assert abs(length - float(ours.attrib["width"]) / 3) < 0.2
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts == [
        "preflight",
        "the same preflight again and again; CPU us/request, less is better",
        "corserver",
        "6",
        "<peer>",
        "12",
        "a machine & more",
    ]


def test_everything_lies_within_the_paper() -> None:
    root = ElementTree.fromstring(picture([TABLE, TABLE]))
    for element in root.iter():
        assert float(element.get("y", "0")) <= float(root.attrib["height"])
        assert float(element.get("x2", "0")) <= float(root.attrib["width"])


def test_a_dark_page_gets_its_own_colours() -> None:
    assert "prefers-color-scheme: dark" in picture([TABLE])


def test_what_has_no_results_has_no_panel() -> None:
    assert "<line" not in picture([Table("idle", Unit.MEMORY, ()), Table("x", Unit.CPU, ())])


def test_figures_of_nothing_are_drawn() -> None:
    ElementTree.fromstring(picture([Table("idle", Unit.MEMORY, (Result("floor", "1", (0.0,)),))]))
