"""The figures of a report, its guard, its differences, and reading it again."""

import io
from dataclasses import replace
from datetime import timedelta

import pytest
from report_samples import GIB, MIB, NOW, delta, full, interrupted, report, row, rows

from kubectl_cbt.analysis.report_diff import report_diff
from kubectl_cbt.analysis.report_figures import (
    Figure,
    is_interrupted,
    report_figures,
    row_figures,
    total,
    without_base,
    worst_by_churn,
    worst_by_window,
)
from kubectl_cbt.analysis.report_guard import failing, parse_conditions
from kubectl_cbt.documents.report_document import read_report
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.volume_report import in_order
from kubectl_cbt.output.volume_report.report_formats import VolumeReportFormat
from kubectl_cbt.output.volume_report.report_writer import PrintedReport

RATE = 200_000_000


def figures(found):
    return row_figures(found, NOW, RATE)


def test_the_figures_of_a_volume():
    one = figures(row())
    assert one.rpo_seconds == 6 * 3600
    assert (one.has_cbt, one.has_base, one.state) == (True, True, "complete")
    assert one.changed == Figure(10 * GIB // 100)
    assert one.cost == Figure(3 * (10 * GIB // 100))
    assert one.amplification == 3.0
    assert one.window == Figure(one.cost.value / RATE)
    assert one.churn == one.changed  # the snapshots are a day apart
    assert one.saving == 1 - one.cost.value / (5 * GIB + MIB)


def test_figures_of_an_incomplete_stream_are_lower_bounds_and_ratios_are_unknown():
    one = figures(row(delta=delta(is_complete=False)))
    assert all(figure.is_lower_bound for figure in (one.changed, one.cost, one.window, one.churn))
    assert not one.allocated.is_lower_bound
    assert (one.amplification, one.saving) == (None, None)


def test_what_is_unknown_is_not_zero():
    one = figures(row(full=None, delta=None, recovery_point=None, size_bytes=None))
    known = (one.allocated, one.full_cost, one.changed, one.cost, one.window, one.churn)
    assert {figure.value for figure in known} == {None}
    assert (one.rpo_seconds, one.saving, one.amplification, one.has_base) == (None, None, None, None)
    assert total("", [one]).cost == Figure()
    assert total("", [one]).size == Figure(None, is_lower_bound=True)
    nothing = figures(row(delta=delta(covered_bytes=0, cost_bytes=0)))
    assert (nothing.changed, nothing.window) == (Figure(0), Figure(0.0))


def test_a_driver_that_refuses_has_no_cbt_and_one_that_was_interrupted_has():
    refused, uninterrupted = figures(rows()[3]), report_figures(interrupted())[1]
    assert (refused.has_cbt, refused.has_base) == (False, False)
    assert refused.reason == "the driver does not track changes of this volume"
    assert (uninterrupted.has_cbt, uninterrupted.has_base) == (True, True)
    assert is_interrupted(uninterrupted)


def test_a_sum_with_an_unknown_part_is_a_lower_bound():
    found = [figures(row()), figures(row(claim="b", delta=None))]
    summed = total("", found)
    assert (summed.cost.is_lower_bound, summed.measured, summed.allocated.is_lower_bound) == (True, 1, False)
    assert summed.saving == pytest.approx(found[0].saving)


def test_the_worst_are_the_ten_with_the_largest_figures():
    found = [
        figures(row(claim=f"{index:02}", delta=delta(covered_bytes=index, cost_bytes=index))) for index in range(15)
    ]
    assert [one.row.claim for one in worst_by_window(found)] == [f"{index:02}" for index in range(14, 4, -1)]
    assert [one.row.claim for one in worst_by_churn(found[:3])] == ["02", "01"]  # nothing changed is not bad


def test_volumes_without_a_base():
    assert [one.row.key for one in without_base(report_figures(report()))] == [
        "vms/handle/csi.example.com/vol-refused",
        "legacy/handle/csi.example.com/vol-archive",
        "legacy/snapshot/alone",
    ]


def test_the_guard_names_what_fails():
    found = report_figures(report())
    conditions = parse_conditions("no-cbt, incomplete,rpo=5h,window=1s")
    assert next((one.row.volume, reasons) for one, reasons in failing(found[1:], conditions)) == (
        "uploads",
        ["incomplete: the stream broke at 5 GiB", "RPO 6h, more than 5h", "window ≥ 1s, more than 1s"],
    )
    by_name = {one.row.volume: reasons for one, reasons in failing(found, conditions)}
    assert by_name["archive"] == ["no CBT: driver has no service", "RPO 6h, more than 5h"]
    assert by_name["alone"] == ["no CBT: not ready", "no snapshot is ready"]
    assert list(failing(found[:1], parse_conditions("no-cbt,incomplete,rpo=6h,window=4h"))) == []


@pytest.mark.parametrize("text", ["", "cbt", "rpo", "rpo=", "rpo=x", "no-cbt=1", "window=4h,,", "incomplete;rpo=1h"])
def test_what_is_not_a_condition(text):
    with pytest.raises(ValueError, match=r"not a condition|not a duration"):
        parse_conditions(text)


def test_a_volume_that_grows_a_little_has_not_grown():
    before = report(generated=NOW - timedelta(days=1), rows=(row(),))
    more = full(covered_bytes=5 * GIB + GIB // 4)
    assert report_diff(before, report(rows=(row(full=more),))).is_empty
    cut = full(covered_bytes=8 * GIB, is_complete=False)
    assert report_diff(before, report(rows=(row(full=cut),))).is_empty
    assert len(report_diff(before, report(rows=(row(full=full(covered_bytes=6 * GIB)),))).grown) == 1


def document(form: VolumeReportFormat) -> bytes:
    parts: list[bytes] = []
    writer, printed = form.writer(parts.append), PrintedReport.of(report())
    writer.begin(printed.report)
    writer.end(printed)
    return b"".join(parts)


@pytest.mark.parametrize("form", [VolumeReportFormat.JSON, VolumeReportFormat.NDJSON])
def test_a_truncated_report_is_an_error_with_the_line(form):
    data = document(form)
    lines = data.count(b"\n")
    for size in range(0, len(data) - 2, 97):
        with pytest.raises(DocumentError) as found:
            read_report(io.BytesIO(data[:size]), "r.json")
        line = int(str(found.value).partition("line ")[2].partition(":")[0])
        assert 1 <= line <= lines
        assert abs(line - 1 - data[:size].count(b"\n")) <= 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"  \n", "line 1: it is empty"),
        (b"[1]", "line 1: it is not an object"),
        (b'{"kind": "Verification", "apiVersion": "kubectl-cbt/v1"}', "line 1: it is not a VolumeReport"),
        (b'{"apiVersion": "v1", "kind": "List"}\n{"a": 1}', "line 1: it is not a VolumeReport"),
        (b"\xff\xfe{", "line 1: "),
        (b"NAMESPACE   CLAIM\n", "line 1: "),
    ],
)
def test_what_is_not_a_report(data, message):
    with pytest.raises(DocumentError, match=message):
        read_report(io.BytesIO(data), "r.json")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"sizeBytes":10737418240', b'"sizeBytes":-1', "which is negative"),
        (b'"sizeBytes":10737418240', b'"sizeBytes":"10"', "not an integer"),
        (b'"claimExists":true', b'"claimExists":1', "not true or false"),
        (b'"intervalSeconds":86400.0', b'"intervalSeconds":-1', "not a number of seconds"),
        (b'"cells":[', b'"cells":[1,', "97 cells"),
        (b'"complete":true,"coveredBytes":5368709120', b'"complete":true,"coveredBytes":null', "no coveredBytes"),
    ],
)
def test_a_damaged_field_is_named(old, new, message):
    data = document(VolumeReportFormat.JSON)
    assert old in data
    with pytest.raises(DocumentError, match=message):
        read_report(io.BytesIO(data.replace(old, new, 1)), "r.json")


def test_lines_of_another_report_are_refused():
    head, *volumes, tail = document(VolumeReportFormat.NDJSON).splitlines(keepends=True)
    with pytest.raises(DocumentError, match="line 8: it declares 7 volumes, but 6"):
        read_report(io.BytesIO(b"".join([head, *volumes[1:], tail])), "r.ndjson")
    with pytest.raises(DocumentError, match="line 10: unexpected data"):
        read_report(io.BytesIO(b"".join([head, *volumes, tail, head])), "r.ndjson")


def test_a_report_is_read_as_it_was():
    for form in (VolumeReportFormat.JSON, VolumeReportFormat.NDJSON):
        found = read_report(io.BytesIO(document(form)), "r")
        assert found.rows == in_order(report().rows)
        assert replace(found, rows=()) == report(rows=())
