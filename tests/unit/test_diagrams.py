"""The diagrams of the documents: drawn by the script, whole without anything else, and true to what the code does."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations

import draw_diagrams
import pytest
from draw_diagrams import CHANGED, DOCS, RECEIVED, diagrams

from kubectl_cbt.cluster.tokens import MIN_DURATION_SECONDS
from kubectl_cbt.errors import StreamCut, StreamDeadline
from kubectl_cbt.stream.resume import Retries, RetryState
from kubectl_cbt.tui.app import LIGHT

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = diagrams()
# No common font is wider: DejaVu Sans takes about this share of its size for a letter, and more when bold.
LETTER, BOLD_LETTER = 0.6, 0.68
MARGIN = 12

each_diagram = pytest.mark.parametrize("picture", DRAWN.values(), ids=DRAWN)


def words(element: ET.Element) -> str:
    return "".join(element.itertext())


def extent_of(element: ET.Element) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a text, rather too much than too little."""
    x, y, size = (float(element.attrib[name]) for name in ("x", "y", "font-size"))
    width = len(words(element)) * size * (BOLD_LETTER if "font-weight" in element.attrib else LETTER)
    left = x - width * {"start": 0, "middle": 0.5, "end": 1}[element.attrib["text-anchor"]]
    return left, y - 0.8 * size, left + width, y + 0.25 * size


@pytest.mark.parametrize("name", DRAWN)
def test_the_files_are_what_the_script_draws(name):
    drawn = (DOCS / name).read_text(encoding="utf-8")
    assert drawn == DRAWN[name], f"docs/{name}: run python scripts/draw_diagrams.py"


@each_diagram
def test_a_diagram_is_an_image_of_its_own_size(picture):
    root = ET.fromstring(picture)
    assert root.tag == f"{SVG}svg"
    assert root.attrib["viewBox"] == f"0 0 {root.attrib['width']} {root.attrib['height']}"
    assert root.attrib["width"] == "880"


@each_diagram
def test_nothing_is_fetched_and_nothing_runs(picture):
    root = ET.fromstring(picture)
    drawing = {"svg", "title", "desc", "defs", "pattern", "rect", "path", "polygon", "text", "tspan"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= drawing
    attributes = [(name, value) for element in root.iter() for name, value in element.attrib.items()]
    assert not [name for name, _ in attributes if "href" in name or name.startswith(("on", "style"))]
    assert {target for _, value in attributes for target in re.findall(r"url\((.*?)\)", value)} <= {"#hatch"}
    assert re.findall(r"\w+://[^\"<]*", picture) == ["http://www.w3.org/2000/svg"]


@each_diagram
def test_dark_words_stand_on_a_light_ground_that_fills_the_picture(picture):
    root = ET.fromstring(picture)
    ground = next(element for element in root if element.tag == f"{SVG}rect")
    assert ground.attrib["fill"] == LIGHT.surface
    assert float(ground.attrib["width"]) >= float(root.attrib["width"]) - 1
    assert float(ground.attrib["height"]) >= float(root.attrib["height"]) - 1


@each_diagram
def test_who_cannot_see_a_diagram_is_told_what_it_says(picture):
    root = ET.fromstring(picture)
    assert root.attrib["role"] == "img"
    assert words(root.find(f"{SVG}title"))
    assert len(words(root.find(f"{SVG}desc"))) > 100


@each_diagram
def test_every_text_is_inside_the_canvas(picture):
    root = ET.fromstring(picture)
    wide, high = float(root.attrib["width"]), float(root.attrib["height"])
    for element in root.iter(f"{SVG}text"):
        left, top, right, bottom = extent_of(element)
        assert words(element).strip()
        assert MARGIN <= left < right <= wide - MARGIN, words(element)
        assert MARGIN <= top < bottom <= high - MARGIN, words(element)


@each_diagram
def test_no_text_lies_on_another(picture):
    texts = list(ET.fromstring(picture).iter(f"{SVG}text"))
    for one, other in combinations(texts, 2):
        a, b = extent_of(one), extent_of(other)
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{words(one)!r} and {words(other)!r}"


def test_colours_are_those_of_the_light_theme():
    own = (draw_diagrams.INK, draw_diagrams.QUIET, draw_diagrams.ACCENT, draw_diagrams.GROUND, draw_diagrams.PANEL)
    assert own == (LIGHT.foreground, LIGHT.variables["quiet"], LIGHT.accent, LIGHT.surface, LIGHT.background)
    assert LIGHT.variables["border-quiet"] == draw_diagrams.BORDER
    assert (LIGHT.error, LIGHT.success) == (draw_diagrams.ERROR, draw_diagrams.SUCCESS)


def test_the_streams_together_tell_of_every_change_and_of_none_twice():
    received = [span for spans in RECEIVED for span in spans]
    assert [offset for a, b in received for offset in range(a, b)] == [
        offset for a, b in CHANGED for offset in range(a, b)
    ]
    assert f"resumes: {len(RECEIVED) - 1}" in DRAWN["resuming.svg"]


def test_the_pauses_are_those_of_the_stream_loop():
    patience = RetryState(Retries())
    patience.progress()
    assert patience.pause_after(StreamDeadline("too old")) == 0
    assert "asked again at once" in DRAWN["resuming.svg"]
    patience.progress()
    for _ in range(3):
        assert f">{patience.pause_after(StreamCut('reset')):g} s<" in DRAWN["resuming.svg"]


def test_a_token_lives_as_long_as_the_diagram_says():
    assert f"{MIN_DURATION_SECONDS // 60} minutes" in DRAWN["tokens.svg"]
