"""Shards of a report: which volume is in which one, and how parts are merged."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import INTERRUPTED, NOW, report, row
from strategies import law

from kubectl_cbt.documents.report_document import read_report
from kubectl_cbt.documents.report_parts import MergedReport, merge_parts
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.report_part import ReportPart, Shard, shard_index
from kubectl_cbt.model.volume_report import VolumeReport, in_order
from kubectl_cbt.output.volume_report.report_formats import VolumeReportFormat
from kubectl_cbt.output.volume_report.report_writer import PrintedReport

COUNT = 4
WHOLE = report(rows=in_order(row(claim=f"data-{number:02}") for number in range(24)))


def written(found: VolumeReport, form: VolumeReportFormat = VolumeReportFormat.NDJSON) -> bytes:
    parts: list[bytes] = []
    writer = form.writer(parts.append)
    printed = PrintedReport.of(found)
    writer.begin(replace(found, rows=()))
    writer.end(printed)
    return b"".join(parts)


def part(index: int, *, run: str = "", now=None, **more) -> bytes:
    shard = Shard(index, COUNT)
    rows = tuple(one for one in WHOLE.rows if shard.has(one.key))
    return written(replace(WHOLE, **({"rows": rows, "part": ReportPart(shard, now, run)} | more)))


PARTS = [part(index) for index in range(COUNT)]


def merged(*data: bytes) -> MergedReport:
    return merge_parts((io.BytesIO(one), f"{number}.ndjson") for number, one in enumerate(data))


@pytest.mark.parametrize("form", VolumeReportFormat)
def test_the_parts_make_the_same_bytes_as_the_whole(form):
    found = merged(*reversed(PARTS))
    assert found.notes == ()
    assert written(found.report, form) == written(WHOLE, form)


@law
@given(key=st.text(), count=st.integers(1, 50))
def test_a_volume_is_in_exactly_one_shard(key, count):
    assert [shard.index for shard in map(Shard, range(count), [count] * count) if shard.has(key)] == [
        shard_index(key, count)
    ]


def test_the_shard_of_a_volume_never_changes():
    """Parts of different versions are merged, and a shard is run again later."""
    assert [shard_index(key, 16) for key in ("", "shop/handle/csi.example.com/vol-1", "é")] == [4, 14, 15]


@law
@given(order=st.permutations([(index, line) for index in range(COUNT) for line in PARTS[index].splitlines(True)]))
def test_lines_of_different_pods_may_be_mixed(order):
    left = {index: iter(PARTS[index].splitlines(True)) for index in range(COUNT)}
    mixed = b"".join(next(left[index]) for index, _ in order)
    begun = b"".join(one.splitlines(True)[0] for one in PARTS)  # no volume before the head of its part
    heads = {one.splitlines(True)[0] for one in PARTS}
    rest = b"".join(line for line in mixed.splitlines(True) if line not in heads)
    assert merged(begun + rest).report == WHOLE


def test_missing_shards_are_named():
    found = merged(PARTS[1]).report
    assert found.failure.message == "shards 0, 2-3 of 4 missing"
    assert "--shard 0/4" in found.failure.hint
    assert {one.key for one in found.rows} < {one.key for one in WHOLE.rows}


@pytest.mark.parametrize("cut", [1, 40, 300])
def test_the_log_of_a_killed_pod_is_superseded_by_the_next_one(cut):
    """The log ends in the middle of a line, and the next pod's log follows without a newline."""
    log = PARTS[0] + PARTS[1][:-cut] + PARTS[1] + PARTS[2] + PARTS[3]
    found = merged(log)
    assert (found.report.rows, found.report.failure) == (WHOLE.rows, None)


def test_a_part_that_is_cut_is_incomplete():
    lines = PARTS[1].splitlines(True)
    found = merged(PARTS[0], b"".join(lines[:-1]), PARTS[2], PARTS[3]).report
    assert found.failure.message == "shard 1 of 4 incomplete: it has no last line"
    assert found.rows == WHOLE.rows
    found = merged(PARTS[0], b"".join(lines[:-2]) + lines[-2][:50], PARTS[2], PARTS[3]).report
    assert found.failure.message == f"shard 1 of 4 incomplete: 1.ndjson: line {len(lines) - 1} is cut or damaged"
    found = merged(PARTS[0], b"".join(lines[:-2] + lines[-1:]), PARTS[2], PARTS[3]).report
    assert "shard 1 of 4 incomplete: 1.ndjson: line" in found.failure.message
    interrupted = part(1, failure=INTERRUPTED)
    assert merged(interrupted, *PARTS[2:], PARTS[0]).report.failure.message == "shard 1 of 4 incomplete: interrupted"
    assert merged(interrupted, *PARTS).report.failure is None


def test_other_lines_of_a_log_are_noted():
    found = merged(b"note: x\n" + PARTS[0] + b"warning: y\n\n" + b"".join(PARTS[1:]))
    assert found.report.failure is None
    assert found.notes == ("2 lines are not part of a report, the first at 0.ndjson: line 1",)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"chunk_bytes": 4096}, "shard 1 of 4 was made with --chunk 4096, but 0.ndjson: line 1 with 1048576"),
        ({"rate": 5}, "made with --rate 5,"),
        ({"now": NOW}, "made with --now 2025-06-09 08:00:00"),
        ({"run": "b"}, "made with run b, but 0.ndjson: line 1 with none"),
        ({"has_streams": False}, "made with streams False"),
        ({"part": ReportPart(Shard(1, 5))}, "shard 1 of 5 was made with --shards 5"),
    ],
)
def test_parts_of_different_settings_are_refused(changed, message):
    with pytest.raises(DocumentError, match=r"^1\.ndjson: line 1: ") as caught:
        merged(PARTS[0], part(1, **changed))
    assert message in caught.value.message


def test_each_pod_has_its_own_clock_and_the_last_one_counts():
    later = NOW + timedelta(minutes=3)
    assert merged(PARTS[0], part(1, generated=later), *PARTS[2:]).report.generated == later
    given = [part(index, now=NOW) for index in range(COUNT)]
    assert merged(*given).report.generated == NOW


def test_a_shard_that_is_there_twice():
    assert merged(*PARTS, part(2, generated=NOW + timedelta(hours=1))).report.rows == WHOLE.rows
    rows = tuple(replace(one, size_bytes=1) for one in WHOLE.rows if Shard(2, COUNT).has(one.key))
    with pytest.raises(DocumentError, match=r"^4\.ndjson: line 1: shard 2 of 4 is there twice with different volumes"):
        merged(*PARTS, part(2, rows=rows))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "there is no part of a report"),
        (b"not json\n", "there is no part of a report"),
        (b"{\n", "0.ndjson: line 1: "),
        (written(WHOLE), "0.ndjson: line 1: this is a whole report, not a part"),
        (written(WHOLE, VolumeReportFormat.JSON), "0.ndjson: line 1: "),
        (PARTS[0] + b'{"a": 1}\n', f"line {len(PARTS[0].splitlines()) + 1}: snapshots is missing"),
        (PARTS[0] + b'{"kind": "Pod"}\n', "this is not a line of a part, but of kind Pod"),
        (b'{"kind": "Pod"}\n', "line 1: this is not a line of a part, but of kind Pod"),
        (b"".join(PARTS[0].splitlines(True)[1:]), "comes before the first line of its part"),
        (PARTS[0].replace(b'"count":4', b'"count":0'), "line 1: 0 is not a number of shards"),
        (PARTS[0] + PARTS[0].splitlines(True)[1], "is there twice"),
    ],
)
def test_what_is_not_a_part_is_refused_with_its_line(data, message):
    with pytest.raises(DocumentError) as caught:
        merged(data)
    assert message in caught.value.message


def test_a_part_is_not_a_report_to_compare_with():
    with pytest.raises(DocumentError, match="line 1: it is a part of a report: merge all parts with --merge first"):
        read_report(io.BytesIO(PARTS[0]), "x")


@pytest.mark.parametrize("text", ["", "1", "2/2", "-1/2", "0/0", "0/10001", "a/b", "0/2/3", "٣/٥"])
def test_an_invalid_shard(text):
    with pytest.raises(ValueError, match="is not"):
        Shard.parse(text)
