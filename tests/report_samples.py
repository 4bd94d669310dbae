"""Reports of made-up volumes: one of each state that a volume can be in."""

from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kubectl_cbt.analysis.report_diff import report_diff
from kubectl_cbt.model.results import Failure
from kubectl_cbt.model.volume_report import CELLS, MeasuredStream, ReportRow, ReportScope, VolumeReport, packed_cells
from kubectl_cbt.output.volume_report.report_writer import PrintedReport

NOW = datetime(2025, 6, 9, 8, tzinfo=UTC)
GIB, MIB = 2**30, 2**20
CUT = Failure("StreamCut", "UNAVAILABLE", "the stream broke at 5 GiB", "")
INTERRUPTED = Failure("Interrupted", "", "interrupted", "")
REFUSED = Failure("CbtNotEnabled", "FAILED_PRECONDITION", "the driver does not track changes of this volume", "")
HOSTILE = "x\x1b[31m<script>alert(1)</script>\"',\\\n=1"


def cells(*covered: int, of: int) -> array:
    """Cells with these shares in percent, repeated over the volume."""
    return packed_cells([of // CELLS * covered[index % len(covered)] // 100 for index in range(CELLS)])


def full(capacity: int = 10 * GIB, **more) -> MeasuredStream:
    covered = capacity // 2
    found = MeasuredStream(
        None,
        "snap-2",
        ("content-2",),
        True,
        covered,
        covered + MIB,
        capacity,
        (),
        None,
        cells(100, 40, 10, of=capacity),
    )
    return replace(found, **({"known_bytes": capacity} | more))


def delta(capacity: int = 10 * GIB, **more) -> MeasuredStream:
    covered = capacity // 100
    found = MeasuredStream(
        "snap-1", "snap-2", ("content-1", "content-2"), True, covered, 3 * covered, capacity, (), None
    )
    cut = cells(0, 0, 1, 0, 60, of=capacity)
    return replace(found, **({"known_bytes": capacity, "cells": cut} | more))


def row(namespace: str = "shop", claim: str | None = "postgres", **more) -> ReportRow:
    found = ReportRow(
        key=f"{namespace}/handle/csi.example.com/vol-{claim}",
        namespace=namespace,
        claim=claim,
        claim_exists=True,
        driver="csi.example.com",
        volume_handle=f"vol-{claim}",
        size_bytes=10 * GIB,
        snapshots=2,
        usable=2,
        oldest=NOW - timedelta(hours=30),
        newest=NOW - timedelta(hours=6),
        recovery_point=NOW - timedelta(hours=6),
        interval_seconds=86_400.0,
        full=full(),
        delta=delta(),
    )
    return replace(found, **more)


def rows() -> tuple[ReportRow, ...]:
    cut = {"is_complete": False, "failure": CUT, "known_bytes": 5 * GIB}
    refused = MeasuredStream(None, "snap-2", ("content-2",), False, failure=REFUSED)
    return (
        row(),
        row(claim="uploads", delta=delta(rules=("R2", "R4"), **cut)),
        row("vms", "single", usable=1, snapshots=1, delta=None, interval_seconds=None, claim_exists=None),
        row("vms", "refused", full=refused, delta=replace(refused, base="snap-1"), driver="other.example.com"),
        row("legacy", "archive", usable=0, obstacle="driver has no service", full=None, delta=None, driver="old"),
        row(
            "legacy",
            None,
            key="legacy/snapshot/alone",
            volume_handle=None,
            claim_exists=None,
            usable=0,
            obstacle="not ready",
            size_bytes=None,
            oldest=None,
            newest=None,
            recovery_point=None,
            interval_seconds=None,
            full=None,
            delta=None,
            driver="",
        ),
        row("odd", HOSTILE, driver=HOSTILE, volume_handle=HOSTILE),
    )


def report(**more) -> VolumeReport:
    scope = ReportScope("prod-eu")
    return replace(VolumeReport(NOW, scope, MIB, 200_000_000, True, rows()), **more)


def interrupted() -> VolumeReport:
    waiting = MeasuredStream("snap-1", "snap-2", ("content-1", "content-2"), False, failure=INTERRUPTED)
    return report(rows=(row(), row(claim="uploads", delta=waiting)), failure=INTERRUPTED)


def compared() -> PrintedReport:
    before = report(
        generated=NOW - timedelta(days=1),
        rows=(
            row(size_bytes=5 * GIB),
            row(claim="uploads", full=full(covered_bytes=GIB)),
            row("vms", "refused"),
            row("vms", "deleted"),
        ),
    )
    now = report(rows=(row(), row(claim="uploads"), rows()[3], row("vms", "new")))
    return PrintedReport.of(now, report_diff(before, now))


REPORTS = {
    "all-states": lambda: PrintedReport.of(report()),
    "interrupted": lambda: PrintedReport.of(interrupted()),
    "inventory": lambda: PrintedReport.of(
        report(has_streams=False, rows=tuple(replace(one, full=None, delta=None) for one in rows()))
    ),
    "compared": compared,
    "empty": lambda: PrintedReport.of(report(rows=())),
}
