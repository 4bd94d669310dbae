"""The map of a comparison: its cells, the walk along the differences, its sides alone, and what is unknown."""

import json
import os
import threading
from importlib.resources import files
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from comparing import OTHER, compared, comparison
from directing import (
    CAPACITY,
    EXTENTS,
    KIB,
    MIB,
    THREE,
    TWO,
    ScriptedBackend,
    ScriptedOpened,
    ScriptedStream,
    drive,
    press,
    shown,
    the_map,
    until,
)
from hypothesis import given
from pseudo_terminal import Terminal
from strategies import columns, law, legal_extents
from test_map_export import exported

from kubectl_cbt.analysis import grid
from kubectl_cbt.analysis.cells import coverage
from kubectl_cbt.analysis.grid import comparison_codes
from kubectl_cbt.analysis.known_range import fully_known
from kubectl_cbt.analysis.viewport import whole_volume
from kubectl_cbt.core.compare import ComparedStreams
from kubectl_cbt.errors import StreamCut
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.output.comparison.comparison_formats import ComparisonFormat
from kubectl_cbt.output.comparison.comparison_writer import ComparisonHead
from kubectl_cbt.output.palettes import PALETTES, luminance
from kubectl_cbt.output.writer import OutputTarget
from kubectl_cbt.tui.comparison_loader import ComparisonLoader, covered_by_class
from kubectl_cbt.tui.keys import COMPARISON_KEYS, MAP_KEYS
from kubectl_cbt.tui.screens.export_screen import ExportScreen

SCHEMA = json.loads((files("kubectl_cbt.output") / "comparison" / "schema.json").read_bytes())

DIFFERENCES = [8 * KIB, 20 * MIB, 28 * MIB, 40 * MIB, 50 * MIB]


def test_the_first_lines_name_both_lists_and_the_bytes_of_each_class():
    async def steps(pilot, screen):
        first, second, *_ = shown(pilot.app).splitlines()
        assert "old.json ↔ new.json" in first
        assert "64 MiB · only left 2 MiB · both 6.5 MiB · only right 2 MiB" in first
        assert second.split(" · ")[:2] == [" different", "5 differences"]

    drive(comparison(), steps)


def test_n_walks_the_differences_and_the_list_has_them():
    async def steps(pilot, screen):
        for position in DIFFERENCES[1:]:
            await press(pilot, "n")
            assert screen.cursor.position == position
        await press(pilot, "N")
        assert screen.cursor.position == DIFFERENCES[-2]
        assert "differences" in shown(pilot.app)
        assert screen._list.line_count == len(DIFFERENCES)

    drive(comparison(), steps)


def test_w_wipes_from_both_to_the_left_side_and_to_the_right_side():
    async def steps(pilot, screen):
        viewport = screen.cursor.viewport
        place = viewport.index_of(40 * MIB), viewport.index_of(50 * MIB)

        def codes():
            found = screen.streams.codes(viewport, screen.cbt.scale)
            return [int(found[index]) for index in place]

        assert codes() == [grid.ONLY_LEFT, grid.ONLY_RIGHT]
        assert "only left" in shown(pilot.app).splitlines()[-2]
        await press(pilot, "w")
        assert "left alone: old.json" in shown(pilot.app)
        assert (codes()[0] in range(1, grid.HEAT_LEVELS + 1), codes()[1]) == (True, grid.NOTHING)
        assert "trace" in shown(pilot.app).splitlines()[-2]
        await press(pilot, "w")
        assert "right alone: new.json" in shown(pilot.app)
        assert (codes()[0], codes()[1] in range(1, grid.HEAT_LEVELS + 1)) == (grid.NOTHING, True)
        await press(pilot, "w")
        assert codes() == [grid.ONLY_LEFT, grid.ONLY_RIGHT]

    drive(comparison(), steps)


def test_w_wipes_between_a_delta_and_its_allocated_blocks_once_both_were_queried():
    async def steps(pilot, screen):
        await press(pilot, "w")
        assert "a opens the allocated blocks" in shown(pilot.app)
        assert screen.streams.shown == "delta"
        await press(pilot, "a")
        await until(pilot, lambda: not screen.is_updating)
        for wanted in ("delta", "allocated", "delta"):
            await press(pilot, "w")
            assert screen.streams.shown == wanted

    drive(the_map(backend=ScriptedBackend()), steps)


def test_the_panels_have_the_figures_of_the_cell_and_of_each_class():
    async def steps(pilot, screen):
        await press(pilot, "n")
        text = shown(pilot.app)
        assert "only there" in text
        await press(pilot, "s")
        text = shown(pilot.app)
        assert "2 MiB, 19.1 % of all" in text
        assert "3 runs, largest 2 MiB" in text

    drive(comparison(), steps, size=(110, 50))


def test_equal_lists_are_stated_as_equal():
    async def steps(pilot, screen):
        assert shown(pilot.app).splitlines()[1].startswith(" equal · 0 differences")

    drive(comparison(right=ScriptedStream(EXTENTS)), steps)


def test_beyond_the_end_of_a_side_that_broke_nothing_is_shown_as_equal():
    broken = ScriptedStream(OTHER[:2], error=StreamCut("it broke"))

    async def steps(pilot, screen):
        assert "INCOMPLETE" in shown(pilot.app).splitlines()[1]
        viewport = screen.cursor.viewport
        found = screen.streams.codes(viewport, screen.cbt.scale)
        assert int(found[viewport.index_of(20 * MIB)]) == grid.UNKNOWN
        assert int(found[viewport.index_of(60 * MIB)]) == grid.UNKNOWN
        assert "≥ " in shown(pilot.app).splitlines()[0]

    screen = comparison(right=broken)
    drive(screen, steps)


def test_the_map_is_drawn_while_the_lists_are_read_and_x_stops_both():
    gate = threading.Event()
    left, right = ScriptedStream(EXTENTS), ScriptedStream(OTHER, gate=gate, a_message=1, free=2)
    screen = comparison(left, right)
    screen.runs_on = True

    async def steps(pilot, screen):
        await press(pilot, "x")
        await until(pilot, lambda: not screen.streams.frame.is_running)
        assert "INCOMPLETE" in shown(pilot.app).splitlines()[1]
        assert left.is_cancelled.is_set()
        assert right.is_cancelled.is_set()

    drive(screen, steps)


def test_the_help_explains_the_classes_and_names_no_key_of_a_cluster():
    async def steps(pilot, screen):
        await press(pilot, "question_mark")
        text = shown(pilot.app)
        assert "something that only the left list has" in text
        assert "[ older" not in text

    drive(comparison(), steps, size=(110, 60))


def test_a_says_which_key_shows_the_sides():
    async def steps(pilot, screen):
        await press(pilot, "a")
        assert "w shows the left side alone" in shown(pilot.app)

    drive(comparison(), steps)


def test_the_keys_of_a_comparison_are_those_of_the_map_without_those_of_a_cluster():
    of_map = {key.keys: key.action for group in MAP_KEYS for key in group.keys}
    of_comparison = {key.keys: key.action for group in COMPARISON_KEYS for key in group.keys}
    assert of_comparison.items() < of_map.items()
    assert {"a", "r"} <= of_map.keys() - of_comparison.keys()


@pytest.mark.parametrize("width", [20, 60, 80, 110, 200])
def test_the_first_line_fits_any_width(width):
    async def steps(pilot, screen):
        assert all(len(line) <= width for line in shown(pilot.app).splitlines())

    drive(comparison(), steps, size=(width, 24))


@law
@given(legal_extents(), legal_extents())
def test_a_cell_has_the_class_of_its_bytes(left, right):
    capacity = 1000
    viewport = whole_volume(capacity, 0, 13, 3)
    edges = viewport.edges()
    one, other = Extents(*columns(left)), Extents(*columns(right))

    loader = ComparisonLoader(_lists(left, right, capacity))
    loader.start()
    loader.wait_until_ended()
    only_left, both, only_right = covered_by_class(loader.frame, edges)
    assert (only_left + both == coverage(one, edges)).all()
    assert (only_right + both == coverage(other, edges)).all()
    codes = comparison_codes(viewport, only_left, both, only_right, fully_known(capacity))[: len(edges) - 1]
    assert ((codes == grid.LEFT_AND_RIGHT) == ((only_left > 0) & (only_right > 0))).all()
    assert ((codes == grid.ONLY_LEFT) == ((only_left > 0) & (only_right == 0))).all()
    assert ((codes == grid.IN_BOTH) == ((only_left + only_right == 0) & (both > 0))).all()


def _lists(left, right, capacity):
    names = SnapshotNames(THREE, TWO)
    sides = (
        ScriptedOpened(ScriptedStream(extents, capacity=capacity), names, kind="delta", size=capacity)
        for extents in (left, right)
    )
    return ComparedStreams(*sides)


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
@pytest.mark.parametrize(("dark", "ground"), [(True, "#0a0d12"), (False, "#fbfbf9")])
def test_the_classes_differ_in_luminance_in_every_palette(palette, dark, ground):
    colors = (ground, *palette.classes(dark=dark))
    shades = sorted(luminance(color) + 0.05 for color in colors)
    assert min(np.divide(shades[1:], shades[:-1])) > 1.3


def test_the_capacity_of_the_map_is_that_of_the_larger_volume():
    async def steps(pilot, screen):
        assert screen.cursor.viewport.capacity_bytes == 2 * CAPACITY
        assert "capacities differ: 64 MiB and 128 MiB" in shown(pilot.app).splitlines()[1]

    drive(comparison(right=ScriptedStream(EXTENTS, capacity=2 * CAPACITY)), steps)


@pytest.mark.parametrize(("width", "legend"), [(60, "left"), (80, "left+right"), (120, "left and right")])
def test_the_legend_names_the_sides_where_there_is_little_room(width, legend):
    async def steps(pilot, screen):
        line = shown(pilot.app).splitlines()[-2]
        assert legend in line
        assert "right" in line

    drive(comparison(), steps, size=(width, 24))


def as_printed(form: ComparisonFormat) -> str:
    """What ``compare -o`` prints of the same lists."""
    lists = compared()
    written: list[bytes] = []
    head = ComparisonHead(lists.left, lists.right, lists.grain_bytes, covers=False)
    writer = form.writer(written.append, head, OutputTarget())
    for ranges in lists:
        writer.ranges(ranges, lists.capacity_bytes)
    writer.end(lists.outcome())
    return b"".join(written).decode()


@pytest.mark.parametrize(("form", "downs"), [(ComparisonFormat.JSON, 0), (ComparisonFormat.CSV, 1)])
def test_an_exported_document_is_the_one_that_compare_prints(form, downs, tmp_path):
    path = tmp_path / f"differences.{form}"
    assert exported(path, "tab", *["down"] * downs, "space", screen=comparison()) == as_printed(form)


def test_the_export_dialog_proposes_the_names_of_both_lists():
    async def steps(pilot, screen):
        await press(pilot, "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ExportScreen))
        assert pilot.app.screen.query_one("#path").value == "old..new.json"
        assert "NDJSON" not in shown(pilot.app)

    drive(comparison(), steps)


def test_an_exported_range_has_its_own_figures_and_is_never_equal(tmp_path):
    keys = ("tab", "tab", "down", "space")
    document = json.loads(exported(tmp_path / "part.json", *keys, screen=comparison(), cursor=21 * MIB))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["ranges"] == [{"byteOffset": 20 * MIB, "sizeBytes": 2 * MIB, "class": "only-left"}]
    assert document["summary"]["onlyLeft"]["sizeBytes"] == 2 * MIB
    assert document["compared"] == {"fromOffset": 20 * MIB, "toOffset": 22 * MIB}
    assert document["unknown"] == [f"an excerpt of bytes {20 * MIB} to {22 * MIB}: the rest of the volume is left out"]
    assert (document["result"], document["complete"]) == ("different", False)


def test_an_exported_picture_has_the_classes(tmp_path):
    text = exported(tmp_path / "differences.svg", "tab", "up", "space", screen=comparison())
    assert all(color in text for color in PALETTES[0].classes(dark=True)[:3])
    assert "old.json ↔ new.json" in text


def test_an_export_while_the_lists_are_read_states_how_far_they_were_compared(tmp_path):
    gate = threading.Event()
    screen = comparison(ScriptedStream(EXTENTS), ScriptedStream(OTHER, gate=gate, a_message=1, free=2))
    screen.runs_on = True
    document = json.loads(exported(tmp_path / "part.json", screen=screen))
    gate.set()
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert (document["result"], document["complete"]) == ("incomplete", False)
    assert document["error"]["message"] == "the comparison has not ended"
    assert (document["ranges"], document["compared"]["toOffset"]) == ([], 0)


@pytest.mark.parametrize("verb", ["compare", "open"])
def test_on_a_terminal_two_files_open_the_map(verb, tmp_path):
    for name, extents in (("old.txt", EXTENTS), ("new.txt", OTHER)):
        lines = [f"{offset} {size}" for offset, size in extents]
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    files = [str(tmp_path / name) for name in ("old.txt", "new.txt")]
    terminal = Terminal(verb, *files, "--from-format", "ranges", "--capacity", "64Mi")
    try:
        terminal.wait_for("5 differences")
        terminal.press("w")
        terminal.wait_for("left alone: ")
        terminal.press("q")
        assert terminal.end() == 1
    finally:
        terminal.close()


def saved_list(path, extents, end="\n]\n") -> str:
    """A list as snapshot-metadata-lister prints it, which ends as given."""
    rows = [{"byte_offset": offset, "size_bytes": size} for offset, size in extents]
    message = {"block_metadata_type": 2, "volume_capacity_bytes": CAPACITY, "block_metadata": rows}
    path.write_text(f"[{json.dumps(message)}{end}", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("right", "end", "text", "code"),
    [
        (EXTENTS, "\n]\n", "equal", 0),
        (EXTENTS, ",\n", "INCOMPLETE", 2),
        ([(0, 8 * KIB), *EXTENTS[2:]], ",\n", "INCOMPLETE", 1),
    ],
    ids=["equal", "cut", "cut-and-different"],
)
def test_the_exit_status_of_the_map_is_that_of_the_comparison(right, end, text, code, tmp_path):
    files = saved_list(tmp_path / "left.json", EXTENTS), saved_list(tmp_path / "right.json", right, end)
    terminal = Terminal("compare", *files)
    try:
        terminal.wait_for(text)
        terminal.press("q")
        assert terminal.end() == code
    finally:
        terminal.close()


def test_a_map_that_is_left_early_does_not_claim_that_the_lists_are_equal(tmp_path):
    left, right = saved_list(tmp_path / "left.json", EXTENTS), tmp_path / "right.json"
    os.mkfifo(right)
    writer = os.open(right, os.O_RDWR)  # waits for no reader, and the pipe never ends
    message = saved_list(tmp_path / "first.json", EXTENTS[:2], ",\n")
    os.write(writer, Path(message).read_bytes())
    terminal = Terminal("compare", left, str(right))
    try:
        terminal.wait_for("both ≥ 0 B")
        terminal.press("q")
        assert terminal.end() == 2
    finally:
        terminal.close()
        os.close(writer)
