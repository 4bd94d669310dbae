"""Every format of a history: complete, with a base that fails, interrupted, one snapshot. UPDATE_GOLDEN=1 rewrites."""

import csv
import json
from datetime import timedelta

import pytest
from history_samples import LOST, MIB, NOON, entry, figures, row
from schemas import validator
from test_formats import assert_golden

from kubectl_cbt.analysis.history import pairs_of
from kubectl_cbt.errors import Interrupted
from kubectl_cbt.model.pairing import Pairing
from kubectl_cbt.model.results import Violation
from kubectl_cbt.model.source_volume import group_by_volume
from kubectl_cbt.model.stream_figures import StreamFigures
from kubectl_cbt.model.volume_history import HistoryRow, VolumeHistory
from kubectl_cbt.output.history import history_table
from kubectl_cbt.output.history.history_formats import HistoryFormat
from kubectl_cbt.output.history.history_svg import SvgHistory
from kubectl_cbt.output.picture_size import PictureSize
from kubectl_cbt.output.writer import OutputTarget
from kubectl_cbt.units import age

VALIDATOR = validator("VolumeHistory")
TARGET = OutputTarget(picture_size=PictureSize(100, 24))

A, B, C, D = (entry(f"snap-{name}", day) for name, day in zip("abcd", (0, 1, 1.5, 3), strict=True))
FOREIGN = entry('snap-\x1b[31m,"e"', 5, obstacle="not ready", ready=False)
(VOLUME,) = group_by_volume([A, B, C, D, FOREIGN])
STOPPED = Interrupted("interrupted")
PLAN = VolumeHistory(VOLUME, (A, B, C, D), Pairing.NEIGHBOURS, MIB)
CELLS = SvgHistory.cells(PLAN, TARGET)


def covered(*hot: int) -> list[int]:
    """Cells with a tenth of a MiB each, except for those that are hot."""
    return [5 * MIB if cell in hot else MIB // 10 * (cell % 3) for cell in range(CELLS)]


AB, BC, CD = (
    row(base, target, size * MIB, 2 * size * MIB, covered=covered(size, 2 * size, 30))
    for base, target, size in ((A, B, 40), (B, C, 10), (C, D, 20))
)
FULL = figures(700 * MIB, 705 * MIB, covered=[14 * MIB] * (CELLS // 2) + [0] * (CELLS - CELLS // 2))
BROKEN = (Violation("R2", "MUST", "extents are ascending", 3, ()),)


def history(*rows: HistoryRow, snapshots=(A, B, C, D), pairing=Pairing.NEIGHBOURS, **more) -> VolumeHistory:
    return VolumeHistory(VOLUME, snapshots, pairing, MIB, rows, **{"allocated": FULL} | more)


CASES = {
    "complete": history(AB, BC, CD),
    "first": history(AB, row(A, C, 45 * MIB, 80 * MIB, covered=covered(1)), pairing=Pairing.FIRST, snapshots=(A, B, C)),
    "failed-base": history(
        row(A, B, error=LOST, messages=0), BC, row(C, D, error=LOST, messages=0), older_bases=(row(B, D, 30 * MIB),)
    ),
    "no-base": history(*(row(*pair, error=LOST, messages=0) for pair in ((A, B), (B, C), (C, D)))),
    "broken": history(AB, row(B, C, 10 * MIB, 12 * MIB, violations=BROKEN), CD),
    "interrupted": history(
        AB,
        row(B, C, 4 * MIB, 6 * MIB, error=STOPPED, covered=[MIB if cell < CELLS // 3 else 0 for cell in range(CELLS)]),
        HistoryRow(CD.pair, StreamFigures(), MIB),
        allocated=figures(error=STOPPED, messages=0),
    ),
    "one-snapshot": history(snapshots=(D,)),
}


@pytest.fixture(autouse=True)
def _fixed_ages(monkeypatch):
    monkeypatch.setattr(history_table, "age", lambda since: age(since, NOON + timedelta(days=30)))


def printed(form: HistoryFormat, case: str, *, order: int = 1, target: OutputTarget = TARGET) -> str:
    found, written = CASES[case], []
    writer = form.writer(written.append, VolumeHistory(VOLUME, found.snapshots, found.pairing, MIB), target)
    for one in found.rows[::order]:
        if not one.figures.is_running:
            writer.row(one)
    writer.end(found)
    return b"".join(written).decode()


@pytest.mark.parametrize("form", HistoryFormat)
@pytest.mark.parametrize("case", CASES)
def test_a_format_prints_what_it_always_printed(form, case):
    assert_golden(f"history-{case}.{form}", printed(form, case))


@pytest.mark.parametrize("form", [form for form in HistoryFormat if form is not HistoryFormat.NDJSON])
@pytest.mark.parametrize("case", CASES)
def test_rows_that_end_in_another_order_are_printed_in_order_of_time(form, case):
    assert printed(form, case, order=-1) == printed(form, case)


@pytest.mark.parametrize(
    ("width", "omitted"),
    [
        (200, ()),
        (133, ()),
        (132, ("LARGEST",)),
        (101, ("LARGEST", "CREATED (UTC)")),
        (100, ("LARGEST", "CREATED (UTC)", "SHARE")),
        (80, ("LARGEST", "CREATED (UTC)", "SHARE", "WORKS", "AGE")),
        (20, ("LARGEST", "CREATED (UTC)", "SHARE", "WORKS", "AGE", "INTERVAL", "A DAY")),
    ],
)
def test_on_a_narrow_terminal_the_table_omits_columns_and_says_so(width, omitted):
    whole = printed(HistoryFormat.TABLE, "complete")
    found = printed(HistoryFormat.TABLE, "complete", target=OutputTarget(width=width, is_terminal=True))
    heading, *lines = found.splitlines()
    columns = heading.split("   ")
    note = f"Omitted     {', '.join(omitted)}: -o wide shows all columns"
    assert lines[-1:] == ([note] if omitted else whole.splitlines()[-1:])
    shown = [name.heading for name in history_table.COLUMNS if not name.wide and name.heading not in omitted]
    assert [column.strip() for column in columns if column.strip()] == shown
    table = [heading, *lines[: lines.index("")]]
    assert max(map(len, table)) <= width or width == 20
    pipe = OutputTarget(width=width)
    assert printed(HistoryFormat.TABLE, "complete", target=pipe) == whole, "a pipe has all columns"
    terminal = OutputTarget(width=width, is_terminal=True)
    assert printed(HistoryFormat.WIDE, "complete", target=terminal) == printed(HistoryFormat.WIDE, "complete")


def test_a_row_is_printed_as_soon_as_those_before_it_are_known():
    written: list[bytes] = []
    writer = HistoryFormat.TABLE.writer(written.append, history(), TARGET)
    writer.row(BC)
    assert not written
    writer.row(AB)
    assert [line.split()[0] for line in b"".join(written).decode().splitlines()] == ["BASE", "snap-a", "snap-b"]


@pytest.mark.parametrize("case", CASES)
def test_json_is_valid_and_has_all_rows(case):
    document = json.loads(printed(HistoryFormat.JSON, case))
    VALIDATOR.validate(document)
    found = CASES[case]
    assert document["complete"] is found.is_complete
    pairs = pairs_of(found.snapshots, found.pairing)
    assert [(one["base"], one["target"]) for one in document["rows"]] == [
        (pair.base.ref.name, pair.target.ref.name) for pair in pairs
    ]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("order", [1, -1])
def test_the_lines_of_ndjson_are_the_document(case, order):
    head, *rows, end = map(json.loads, printed(HistoryFormat.NDJSON, case, order=order).splitlines())
    assert (head["kind"], end["kind"]) == ("VolumeHistory", "VolumeHistoryEnd")
    assert {one.pop("kind") for one in rows} <= {"VolumeHistoryRow"}
    for one in (*rows, end):
        del one["apiVersion"]
    rows.sort(key=lambda one: one["creationTime"])
    del end["kind"]
    assert head | {"rows": rows} | end == json.loads(printed(HistoryFormat.JSON, case))


@pytest.mark.parametrize("case", CASES)
def test_a_reader_of_csv_finds_the_rows_and_fails_at_an_incomplete_end(case):
    lines = printed(HistoryFormat.CSV, case).splitlines()
    assert lines[-1].startswith("# incomplete: ") is not CASES[case].is_complete
    found = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert [one["complete"] for one in found] == [str(one.is_complete).lower() for one in CASES[case].rows]


def test_a_document_that_claims_to_be_complete_but_is_not_is_invalid():
    document = json.loads(printed(HistoryFormat.JSON, "failed-base"))
    assert list(VALIDATOR.iter_errors(document | {"complete": True}))
    document["rows"][0]["baseState"] = "works"
    VALIDATOR.validate(document)
    document["rows"][0]["complete"] = True
    assert list(VALIDATOR.iter_errors(document))


@pytest.mark.parametrize("size", [PictureSize(40, 10), PictureSize(60, 12), PictureSize(300, 1000)], ids=str)
def test_a_picture_of_any_size_is_as_wide_as_it_should_be(size):
    target = OutputTarget(picture_size=size)
    count = SvgHistory.cells(PLAN, target)
    assert count >= 5
    cells = figures(MIB, covered=[1] * count)
    written: list[bytes] = []
    SvgHistory(written.append, history(), target).end(history(HistoryRow(AB.pair, cells, MIB), allocated=cells))
    width = int(b"".join(written).split(b'width="')[1].split(b'"')[0])
    assert width <= size.columns * 8 + 16
