"""The page about performance shows what was measured last, and the picture is whole."""

import json
import xml.etree.ElementTree as ET

import draw_performance
from draw_performance import PAGE, PICTURE, RESULTS

from kubectl_cbt.tui.app import LIGHT

MEASURED = json.loads(RESULTS.read_text(encoding="utf-8"))


def test_the_page_shows_the_results():
    page = PAGE.read_text(encoding="utf-8")
    assert page == draw_performance.refreshed(page, MEASURED), "run python scripts/draw_performance.py"


def test_the_picture_is_what_the_script_draws():
    drawn = PICTURE.read_text(encoding="utf-8")
    assert drawn == draw_performance.picture(MEASURED), "run python scripts/draw_performance.py"
    ET.fromstring(drawn)


def test_every_row_shows_whether_its_goal_was_met():
    page = PAGE.read_text(encoding="utf-8")
    for row in MEASURED["rows"]:
        assert row["kept"] or "MISSED" in page
        assert row["work"] in page


def test_the_picture_has_the_colours_of_the_light_theme():
    own = (draw_performance._INK, draw_performance._QUIET, draw_performance._GROUND)
    assert own == (LIGHT.foreground, LIGHT.variables["quiet"], LIGHT.surface)


def test_the_picture_fetches_nothing_and_runs_nothing():
    elements = list(ET.parse(PICTURE).getroot().iter())
    assert {element.tag.rpartition("}")[2] for element in elements} == {"svg", "title", "desc", "rect", "path", "text"}
    names = {name for element in elements for name in element.attrib}
    assert not [name for name in names if "href" in name or name.startswith(("on", "style"))]
