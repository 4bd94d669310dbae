"""``-o svg``: the map of a whole volume, drawn while the stream arrives."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from samples import CAPACITY, KIB, MIB, batch, batches, outcome_of, resolved

from kubectl_cbt.analysis.grid import HEAT_LEVELS
from kubectl_cbt.analysis.heat_scale import LINEAR, LOG, SCALES
from kubectl_cbt.analysis.known_range import fully_known
from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.model.comparison_outcome import ClassedRanges, ComparedList
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.results import MUST, Failure, Occurrence, Outcome, Violation
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.output.comparison.comparison_svg import SvgComparison
from kubectl_cbt.output.comparison.comparison_writer import ComparisonHead
from kubectl_cbt.output.drawing.tones import LIGHT_TONES
from kubectl_cbt.output.palettes import PALETTES
from kubectl_cbt.output.picture_size import PictureSize
from kubectl_cbt.output.svg import SvgWriter
from kubectl_cbt.output.writer import OutputTarget

SVG = "{http://www.w3.org/2000/svg}"
CUT = Failure("StreamCut", "UNAVAILABLE", "the connection broke", "")
WHOLE = outcome_of(3, 5, next_offset=CAPACITY)


def drawn(
    stream: list[Batch],
    outcome: Outcome,
    target: OutputTarget = OutputTarget(),  # noqa: B008  # immutable
    query: Query | None = None,
) -> str:
    written: list[bytes] = []
    question = resolved()
    writer = SvgWriter(written.append, replace(question, query=query or question.query), target)
    figures = SummaryBuilder()
    for one in stream:
        figures.add(one)
        writer.batch(one)
    writer.end(outcome, figures.summary(outcome.volume_capacity_bytes, complete=outcome.complete))
    return b"".join(written).decode()


def texts(picture: str) -> list[str]:
    return [found.text or "" for found in ET.fromstring(picture).iter(f"{SVG}text")]


def fills(picture: str) -> set[str]:
    return {found.attrib["fill"] for found in ET.fromstring(picture).iter(f"{SVG}rect")}


def hatched(picture: str) -> int:
    """The number of hatched characters of the map, without those of the legend and the line of the whole volume."""
    return sum(text.count("╱") for text in texts(picture) if set(text) == {"╱"} and len(text) > 1)


def without_capacity(stream: list[Batch]) -> list[Batch]:
    return [replace(one, records=replace(one.records, capacities=one.records.capacities * 0)) for one in stream]


@pytest.mark.parametrize(("columns", "lines"), [(120, 40), (40, 10), (200, 60)])
def test_the_picture_has_the_size_that_was_given(columns, lines):
    root = ET.fromstring(drawn(batches(), WHOLE, OutputTarget(picture_size=PictureSize(columns, lines))))
    assert root.attrib["viewBox"] == f"0 0 {columns * 8 + 16} {lines * 17 + 16}"


def test_the_picture_names_snapshots_figures_and_the_state():
    found = " ".join(texts(drawn(batches(), WHOLE)))
    assert "pg-mon → pg-tue" in found
    assert "64 MiB · changed 8.5 MiB · 13.3 %" in found
    assert "complete" in found
    assert "5 extents in 4 runs" in found
    assert "shop/postgres" in found


def test_a_small_picture_leaves_parts_out_as_a_whole():
    found = texts(drawn(batches(), WHOLE, OutputTarget(picture_size=PictureSize(40, 10))))
    assert "changed 8.5 MiB · 13.3 %" in found
    assert not any("MiB · changed" in text for text in found)


def test_the_same_stream_gives_the_same_picture_at_any_speed():
    assert drawn(batches(), WHOLE) == drawn(batches(), replace(WHOLE, seconds=77.0))


def test_any_grouping_into_batches_gives_the_same_picture():
    one = batch(1, [0, 8 * KIB, 1 * MIB, 32 * MIB, 40 * MIB], [4 * KIB, 4 * KIB, 512 * KIB, 8 * MIB, 4 * KIB])
    assert drawn([one], WHOLE) == drawn(batches(), WHOLE)


def test_a_complete_stream_has_no_hatched_cell():
    assert hatched(drawn(batches(), WHOLE)) == 0


@pytest.mark.parametrize("next_offset", [0, 2 * MIB, 40 * MIB])
def test_what_a_broken_stream_has_not_described_is_hatched_and_named(next_offset):
    outcome = outcome_of(1, 3, next_offset=next_offset, failure=CUT)
    picture = drawn(batches()[:1], outcome, OutputTarget(picture_size=PictureSize(120, 40)))
    assert any("INCOMPLETE" in text and "the connection broke" in text for text in texts(picture))
    assert any("≥ " in text and "so far" in text for text in texts(picture))
    assert not any("%" in text and "changed" in text for text in texts(picture))
    assert hatched(picture) > 100
    assert hatched(picture) > hatched(drawn(batches()[:1], replace(outcome, next_offset=next_offset + 8 * MIB)))


def test_a_stream_that_failed_at_once_is_hatched_as_a_whole():
    picture = drawn([], outcome_of(0, 0, failure=CUT))
    assert any("INCOMPLETE from the start" in text for text in texts(picture))
    assert hatched(picture) > 3000


def test_bytes_before_the_starting_offset_are_unknown_also_when_the_stream_is_complete():
    query = replace(resolved().query, starting_offset=32 * MIB)
    picture = drawn(batches()[2:], WHOLE, query=query)
    assert hatched(picture) > 1000
    assert any(text == "complete" for text in texts(picture))


def test_out_of_order_extents_leave_everything_without_extents_unknown():
    violation = Violation(
        "R2", MUST, "extents are ascending and do not overlap", 1, (Occurrence(1, 1, MIB, 4096, "x"),)
    )
    outcome = replace(outcome_of(1, 3, next_offset=48 * MIB, failure=CUT), violations=(violation,))
    ordered = outcome_of(1, 3, next_offset=48 * MIB, failure=CUT)
    assert hatched(drawn(batches(), outcome)) > hatched(drawn(batches(), ordered))


def test_a_broken_rule_is_named_and_its_place_marked():
    violation = Violation("R1", MUST, "size_bytes is greater than 0", 7, (Occurrence(1, 2, 20 * MIB, 0, "x"),))
    found = texts(drawn(batches(), replace(WHOLE, violations=(violation,))))
    assert "BROKEN R1: size_bytes is greater than 0 (7 times)" in found
    assert "!" in found
    assert "!" not in texts(drawn(batches(), WHOLE))


def test_extents_before_the_first_capacity_are_drawn():
    late = [*without_capacity(batches()[:1]), *batches()[1:]]
    assert drawn(late, WHOLE) == drawn(batches(), WHOLE)


def test_without_a_capacity_in_any_message_the_snapshots_size_is_the_volume():
    assert drawn(without_capacity(batches()), WHOLE) == drawn(batches(), WHOLE)


def test_without_any_capacity_there_is_no_map_and_a_reason():
    found = texts(drawn(without_capacity(batches()), replace(WHOLE, volume_capacity_bytes=None)))
    assert "no map: the capacity of the volume is unknown" in found
    assert not any("whole volume" in text for text in found)


@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
@pytest.mark.parametrize("is_dark", [True, False])
def test_the_picture_uses_palette_and_theme(palette, is_dark):
    picture = drawn(batches(), WHOLE, OutputTarget(palette=palette.name, is_dark=is_dark))
    assert set(palette.heat(HEAT_LEVELS, dark=is_dark)) <= fills(picture)
    assert (LIGHT_TONES.background in fills(picture)) is not is_dark


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.name)
def test_the_legend_names_the_scale(scale):
    assert any(text.endswith(scale.name) for text in texts(drawn(batches(), WHOLE, OutputTarget(scale=scale))))


def test_another_scale_draws_other_heat():
    pictures = [drawn([batch(1, [0, MIB], [KIB, 30 * MIB])], WHOLE, OutputTarget(scale=one)) for one in (LOG, LINEAR)]
    assert pictures[0] != pictures[1].replace("linear", "log")


def test_memory_does_not_grow_with_the_stream():
    writer = SvgWriter(lambda data: None, resolved(), OutputTarget())
    writer.batch(batches()[0])
    volume = writer._volume
    sizes = [volume.cells.covered.nbytes, volume.bars.covered.nbytes]
    rng = np.random.default_rng(1)
    for number in range(2, 30):
        offsets = np.sort(rng.choice(CAPACITY // 4096, 500, replace=False)) * 4096
        writer.batch(batch(number, offsets.tolist(), [4096] * 500))
    assert [volume.cells.covered.nbytes, volume.bars.covered.nbytes] == sizes
    assert len(writer._waiting.received()) == 0


@pytest.mark.parametrize("text", ["120x40", "40x10", "1000x1000"])
def test_a_size_is_columns_and_lines(text):
    size = PictureSize.parse(text)
    assert f"{size.columns}x{size.lines}" == text


@pytest.mark.parametrize("text", ["", "120", "x", "120x", "x40", "-120x40", "120x40x2", "1e3x40", "٣٤٥x40"])
def test_what_is_not_a_size_is_refused(text):
    with pytest.raises(ValueError, match="is not a size in characters, such as 120x40"):
        PictureSize.parse(text)


@pytest.mark.parametrize("text", ["39x40", "120x9", "1001x40", "120x1001"])
def test_a_size_out_of_range_is_refused(text):
    with pytest.raises(ValueError, match="is not between 40x10 and 1000x1000"):
        PictureSize.parse(text)


def compared_picture(*parts: ClassedRanges, capacity: int | None = CAPACITY) -> SvgComparison:
    nothing = ComparedList("a", resolved(), None)
    writer = SvgComparison(lambda data: None, ComparisonHead(nothing, nothing, 1, covers=False), OutputTarget())
    for ranges in parts:
        writer.ranges(ranges, capacity)
    return writer


def classed(*rows: tuple[int, int, int]) -> ClassedRanges:
    starts, sizes, classes = np.array(rows, dtype=np.int64).T
    return ClassedRanges(starts, starts + sizes, classes.astype(np.int8))


def test_memory_of_a_picture_of_a_comparison_does_not_grow_with_its_ranges():
    rows = [(number * MIB, MIB // 2, 1 + number % 3) for number in range(60)]
    writer = compared_picture(*[classed(row) for row in rows])
    assert writer._waiting == []
    assert writer._volume.codes(fully_known(CAPACITY)).size == writer._volume.viewport.cells


def test_ranges_before_the_first_capacity_of_a_comparison_are_drawn():
    late = compared_picture(classed((0, MIB, 1)), capacity=None)
    late.ranges(classed((2 * MIB, MIB, 3)), CAPACITY)
    whole = compared_picture(classed((0, MIB, 1), (2 * MIB, MIB, 3)))
    known = fully_known(CAPACITY)
    assert (late._volume.codes(known) == whole._volume.codes(known)).all()
