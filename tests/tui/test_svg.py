"""A screen as SVG: a picture of every character, with nothing in it that a viewer would fetch or stumble over."""

import xml.etree.ElementTree as ET

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from kubectl_cbt.output.drawing.svg_lines import svg

SVG = "{http://www.w3.org/2000/svg}"
RED_ON_BLUE = Style(color="#ff0000", bgcolor="#0000ff")


def picture(*lines: list[Segment], page: str = "#000000") -> ET.Element:
    text = svg([Strip(line) for line in lines], page=page)
    assert text.count("http") == 1
    return ET.fromstring(text)


def rectangles(root: ET.Element) -> list[tuple[str, ...]]:
    """Place, size and colour of each but the page's."""
    names = ("x", "y", "width", "height", "fill")
    return [tuple(found.attrib[name] for name in names) for found in [*root.iter(f"{SVG}rect")][1:]]


def test_the_picture_is_as_large_as_its_lines():
    root = picture([Segment("abc")], [Segment("a")])
    assert root.attrib["viewBox"] == f"0 0 {3 * 8 + 16} {2 * 17 + 16}"


@pytest.mark.parametrize(
    ("glyph", "y", "height"), [("█", "0", "17"), ("▀", "0", "8.5"), ("▄", "8.5", "8.5"), ("▂", "12.75", "4.25")]
)
def test_a_block_is_a_rectangle_over_its_ground(glyph, y, height):
    found = rectangles(picture([Segment("x", Style()), Segment(glyph * 3, RED_ON_BLUE)]))
    assert found == [("8", "0", "24", "17", "#0000ff"), ("8", y, "24", height, "#ff0000")]


def test_what_is_reversed_has_its_colours_exchanged():
    root = picture([Segment("hi", RED_ON_BLUE + Style(reverse=True))])
    assert rectangles(root) == [("0", "0", "16", "17", "#ff0000")]
    assert next(root.iter(f"{SVG}text")).attrib["fill"] == "#0000ff"


def test_a_ground_like_the_pages_is_not_drawn_again():
    assert rectangles(picture([Segment("hi", RED_ON_BLUE)], page="#0000ff")) == []


def test_text_stands_in_its_cells_and_keeps_its_signs():
    found = next(picture([Segment('  a<b> & "c"  ', Style(bold=True))]).iter(f"{SVG}text"))
    assert found.text == 'a<b> & "c"'
    assert (found.attrib["x"], found.attrib["textLength"], found.attrib["font-weight"]) == ("16", str(10 * 8), "bold")


def test_frames_are_paths():
    root = picture([Segment("╭──╮")], [Segment("│  │")])
    assert len(list(root.iter(f"{SVG}path"))) == 5
    assert list(root.iter(f"{SVG}text")) == []


def test_a_screen_without_lines_is_a_picture_too():
    assert picture().tag == f"{SVG}svg"


@pytest.mark.parametrize("letter", ["\x1b", "\x00", "\x9b", "\ufffe"])
def test_a_letter_that_xml_knows_not_leaves_the_picture_valid(letter):
    """Names of saved documents and words of drivers may hold any."""
    picture([Segment(f"a{letter}b")])
