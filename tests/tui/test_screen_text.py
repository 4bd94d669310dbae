"""What the screens say: at every width whole, and no word cut without a sign that it was."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from directing import CAPACITY, GIB, GONE, KIB, MIB, ONE, TWO, ScriptedOpened, ScriptedStream
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from strategies import columns, covered_between, law, legal_extents

from kubectl_cbt.analysis.known_range import fully_known
from kubectl_cbt.analysis.viewport import whole_volume
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.extents import Extents, Run
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.model.results import MUST, WARNING, Occurrence, Violation
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.output.drawing.row_labels import LABEL_COLUMNS, row_labels
from kubectl_cbt.output.drawing.text_width import shorten
from kubectl_cbt.output.subject import taken_words
from kubectl_cbt.output.vocabulary import vocabulary_of
from kubectl_cbt.tui.keys import BROWSE_KEYS, MAP_KEYS, TIMELINE_KEYS, footer
from kubectl_cbt.tui.loader import Frame, Loader
from kubectl_cbt.tui.text.axis_labels import scale_label
from kubectl_cbt.tui.text.cell_panel import cell_panel
from kubectl_cbt.tui.text.header_line import header_line
from kubectl_cbt.tui.text.line_layout import fit_parts
from kubectl_cbt.tui.text.problem_report import problem_report
from kubectl_cbt.tui.text.statistics_panel import jumps_to
from kubectl_cbt.tui.text.status_line import status_line
from kubectl_cbt.tui.widgets.key_bar import key_line
from kubectl_cbt.units import human_offsets, parse_place

WIDTHS = range(60, 221)
SIDE = 40
"""Of the panels beside the map, inside their frame."""
LONG = CbtError(f"the connection to {'a-very-long-host-name.' * 4}example:6443 broke in the middle of it all")
BROKEN = Violation(
    "R2", MUST, "extents are ascending and do not overlap", 12_345, (Occurrence(3, 1, 8, 4, "overlaps"),)
)
ODD = Violation(
    "W2", WARNING, "no extent ends beyond the volume's capacity", 1, (Occurrence(1, None, None, None, "odd"),)
)


def frame_of(*, running: bool = False, **settings) -> Frame:
    """Of a stream at its end, or one that has just begun."""
    loader = Loader(ScriptedOpened(ScriptedStream(**settings), SnapshotNames(TWO, ONE)))
    if not running:
        loader.start()
        loader.wait_until_ended()
    return loader.frame


def middle(frame: Frame, seconds: float = 12_345.0) -> Frame:
    """The same while it still runs."""
    from dataclasses import replace

    return replace(frame, is_running=True, outcome=replace(frame.outcome, seconds=seconds))


FRAMES = {
    "complete": frame_of(),
    "empty": frame_of(extents=[]),
    "waiting": frame_of(running=True),
    "running": middle(frame_of()),
    "running, nothing known": middle(frame_of(capacity=None)),
    "cut": frame_of(error=GONE),
    "cut, many words": frame_of(error=LONG),
    "broken": frame_of(violations=(ODD, BROKEN)),
    "warning": frame_of(violations=(ODD,)),
    "large": frame_of(extents=[(7 * GIB, 2**60)], capacity=2**62),
}
each_frame = pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)


def words_of_line(text: str) -> list[str]:
    return re.split(r"[ ·]+", text.strip())


@each_frame
@pytest.mark.parametrize("notice", ["", "looking for the neighbours of ns/three"])
def test_the_status_fits_every_width_and_cuts_no_word_unsaid(frame, notice):
    whole = words_of_line(status_line(frame, 10_000, notice).plain)
    for width in WIDTHS:
        text = status_line(frame, width, notice).plain
        assert len(text) <= width, width
        assert {word for word in words_of_line(text) if not word.endswith("…")} <= {*whole}, width


def test_what_ended_badly_says_which_key_shows_more():
    for name in ("cut", "broken", "warning"):
        assert "v shows more" in status_line(FRAMES[name], 120).plain


@pytest.mark.parametrize("name", ["cut", "cut, many words"])
def test_what_can_be_resumed_says_so_beside_the_reason(name):
    reason = FRAMES[name].outcome.failure.message
    for width in WIDTHS:
        text = status_line(FRAMES[name], width, can_resume=True).plain
        shown = text.split(": ")[1].split(" · ")[0]
        assert len(text) <= width
        assert shown == reason or reason.startswith(shown.removesuffix("…"))
        assert len(shown) >= 8
        assert ("r resumes" in text) or width < 80
        assert "r resumes" not in status_line(FRAMES[name], width).plain


def test_a_rule_of_the_spec_is_told_before_a_warning():
    assert "R2" in status_line(FRAMES["broken"], 120).plain


@each_frame
@pytest.mark.parametrize(
    "names",
    [("one", "two"), ("pg-2026-11-16-0100", "pg-2026-11-17-0100"), ("b" * 63, "t" * 63)],
    ids=lambda n: n[0][:9],
)
def test_the_header_fits_every_width(frame, names):
    base, target = (SnapshotRef("ns", name) for name in names)
    resolved = ScriptedOpened(ScriptedStream(), SnapshotNames(target, base)).resolved
    for width in WIDTHS:
        text = header_line(resolved, "delta", frame, width).plain
        assert len(text) <= width, width


def test_the_header_leaves_out_whole_parts():
    resolved = ScriptedOpened(ScriptedStream(), SnapshotNames(TWO, ONE)).resolved
    lines = {header_line(resolved, "delta", FRAMES["complete"], width).plain.split("  ")[1].strip() for width in WIDTHS}
    assert lines <= {"", "ns/data", "ns/data · a.csi", "ns/data · a.csi · VARIABLE_LENGTH"}


def test_the_header_names_the_times_and_the_context_where_there_is_room():
    opened = ScriptedOpened(ScriptedStream(), SnapshotNames(TWO, ONE)).resolved
    base, target = (
        replace(one, created=datetime(2026, 11, day, 22, 0, 30, tzinfo=UTC))
        for one, day in ((opened.base, 24), (opened.target, 25))
    )
    resolved = replace(opened, base=base, target=target)

    def details(width: int, context: str = "prod-eu") -> str:
        return (
            header_line(resolved, "delta", FRAMES["complete"], width, None, context)
            .plain.split("   ")[1]
            .split("  ")[0]
            .strip()
        )

    times = "2026-11-24 22:00 → 2026-11-25 22:00 UTC"
    assert details(200) == f"ns/data · {times} · context prod-eu · a.csi · VARIABLE_LENGTH"
    assert details(200, "") == f"ns/data · {times} · a.csi · VARIABLE_LENGTH"
    shown = {details(width) for width in range(60, 200)}
    whole = f"ns/data · {times} · context prod-eu · a.csi · VARIABLE_LENGTH".split(" · ")
    assert shown <= {" · ".join(whole[:parts]) for parts in range(6)}
    assert taken_words(replace(resolved, base=replace(base, created=None))) == ""
    assert taken_words(replace(resolved, base=None)) == "", "a base that is named by its handle alone"
    assert taken_words(replace(resolved, base=None, query=replace(resolved.query, base=None))) == times[19:]


@law
@given(legal_extents(most=10, grain=4096), st.integers(0, 2**20), st.integers(1, 2**18))
def test_here_counts_the_cell_as_one_by_hand(extents, start, size):
    words = vocabulary_of("delta")
    found = cell_panel(Extents(*columns(extents)), fully_known(2**40), (start, start + size), start, words, SIDE)
    lines = [line.plain for line in found]
    assert max(map(len, lines)) <= SIDE
    covered = covered_between(extents, start, start + size)
    bar = next(line for line in lines if "░" in line or "█" in line).strip()
    assert (bar.count("█") > 0) == (covered > 0)
    assert (bar.count("█") == len(bar)) or covered < size
    count = sum(offset < start + size and offset + length > start for offset, length in extents)
    assert any(line.split() == ["extents", str(count)] for line in lines)


@pytest.mark.parametrize("width", WIDTHS[::20])
@pytest.mark.parametrize("kind", ["delta", "allocated", None])
def test_trouble_tells_all_there_is_to_know(width, kind):
    text = "\n".join(line.plain for line, _ in problem_report(FRAMES["cut"]))
    assert "look again" in text
    assert f"--starting-offset {FRAMES['cut'].outcome.next_offset}" in text
    text = "\n".join(line.plain for line, _ in problem_report(FRAMES["broken"]))
    assert "message 3, extent 1 (8+4): overlaps" in text
    assert "message 1: odd" in text
    assert "12,345" in text


def test_jumps_have_the_ten_digits_as_keys():
    runs = [Run(start * MIB, (start + 1) * MIB) for start in range(5)]
    largest, hottest = jumps_to(runs, [(run, 4 * KIB) for run in runs], fully_known(CAPACITY))
    assert "".join(jump.key for jump in largest + hottest) == "1234567890"
    assert [jump.position for jump in largest] == [run.start for run in runs]


@pytest.mark.parametrize("groups", [MAP_KEYS, BROWSE_KEYS, TIMELINE_KEYS], ids=["map", "browse", "timeline"])
def test_the_line_of_keys_fits_every_width(groups):
    for width in WIDTHS:
        assert len(key_line(footer(groups, width)).plain.rstrip()) <= width


sizes = st.builds(lambda mantissa, power: min(mantissa << power, 2**63 - 1), st.integers(1, 2**12), st.integers(0, 62))


@settings(law, max_examples=60)
@given(sizes, st.integers(1, 300), st.integers(1, 120), st.integers(0, 2**63), sizes, st.sampled_from([1, 2]))
@example(16 * 2**40, 58, 40, 10 * 2**40, 4096, 2)
@example(200 * 2**30, 46, 20, 116 * 2**30, 2**19, 2)
@example(2**63 - 1, 46, 120, 2**62, 1, 1)
def test_no_two_rows_have_the_same_label_and_each_fits_beside_the_map(capacity, width, height, place, cell, halves):
    viewport = whole_volume(capacity, 0, width, height * halves)
    viewport = viewport.with_cells_of(min(cell, viewport.cell_bytes), place % capacity)
    row_bytes = halves * viewport.columns * viewport.cell_bytes
    labels = row_labels(viewport, row_bytes)
    assert len(labels) == len(set(labels)) == len(range(viewport.start, viewport.end, row_bytes))
    assert max(map(len, labels)) <= LABEL_COLUMNS
    assert len(scale_label(viewport)) <= 60


@settings(law, max_examples=40)
@given(st.lists(st.integers(0, 2**62), max_size=8), st.integers(0, 2**62), st.lists(st.integers(0, 2**20), max_size=8))
def test_places_that_differ_look_different_and_can_be_typed(places, near, distances):
    places += [near + distance for distance in distances]
    texts = human_offsets(places)
    assert len(set(texts)) == len(set(places))
    for place, text in zip(places, texts, strict=True):
        assert abs(parse_place(text, 2**63 - 1) - place) <= max(place, 10) / 10


@law
@given(
    st.integers(2, 80), st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=30))
)
def test_a_line_that_is_cut_says_so(width, words):
    text = " ".join(words)
    found = fit_parts(width, [(text, "")]).plain
    assert len(found) <= width
    assert found.strip() == text or found.endswith("…")


wide_text = st.text(st.sampled_from("aé 日本語한글ｗ🦊\u0301\u200b"), min_size=1, max_size=40)


@law
@given(st.integers(2, 80), st.lists(wide_text, min_size=1, max_size=4))
@example(5, ["日本語日本語"])
@example(12, ["スナップショット", "a"])
def test_wide_characters_never_leave_the_width(width, texts):
    for found in (
        fit_parts(width, [(text, "") for text in texts]),
        fit_parts(width, [(text, "") for text in texts], "v shows more"),
    ):
        assert cell_len(found.plain) <= width
    assert cell_len(shorten(texts[0], width)) <= width


@pytest.mark.parametrize("name", ["スナップショット", "snap"])
def test_a_header_of_wide_characters_is_as_wide_as_the_screen(name):
    resolved = ScriptedOpened(
        ScriptedStream(), SnapshotNames(SnapshotRef("ns", name), SnapshotRef("ns", name))
    ).resolved
    for width in WIDTHS:
        assert cell_len(header_line(resolved, Operation.DELTA, FRAMES["complete"], width).plain) == width - 1
