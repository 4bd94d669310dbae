"""The parts of the JSON and NDJSON documents. ``schema.json`` beside it describes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kubectl_cbt.analysis.report_diff import ReportDiff, VolumeChange
from kubectl_cbt.analysis.report_figures import (
    Figure,
    RowFigures,
    Total,
    by_driver,
    by_namespace,
    total,
    totals_by,
    without_base,
    worst_by_amplification,
    worst_by_churn,
    worst_by_window,
)
from kubectl_cbt.model.api_version import API_VERSION, REPORT_END_KIND, REPORT_KIND
from kubectl_cbt.model.report_part import ReportPart
from kubectl_cbt.model.results import Failure
from kubectl_cbt.model.volume_report import MeasuredStream, VolumeReport
from kubectl_cbt.output.volume_report.report_writer import PrintedReport
from kubectl_cbt.units import utc_time

Part = dict[str, Any]


def head_part(report: VolumeReport) -> Part:
    """What is known before the first volume."""
    scope = report.scope
    return {
        "apiVersion": API_VERSION,
        "kind": REPORT_KIND,
        "generated": _time(report.generated),
        "scope": {
            "context": scope.context or None,
            "namespace": scope.namespace,
            "selector": scope.selector or None,
            "driver": scope.driver or None,
        },
        "chunkBytes": report.chunk_bytes,
        "rateBytesPerSecond": report.rate,
        "streams": report.has_streams,
        **_shard(report.part),
    }


def volume_part(one: RowFigures) -> Part:
    """One volume."""
    row = one.row
    return {
        "key": row.key,
        "namespace": row.namespace,
        "claim": row.claim,
        "claimExists": row.claim_exists,
        "driver": row.driver or None,
        "volumeHandle": row.volume_handle,
        "sizeBytes": row.size_bytes,
        "snapshots": {
            "number": row.snapshots,
            "usable": row.usable,
            "oldest": _time(row.oldest),
            "newest": _time(row.newest),
            "recoveryPoint": _time(row.recovery_point),
        },
        "rpoSeconds": one.rpo_seconds,
        "obstacle": row.obstacle or None,
        "changedBlockTracking": one.has_cbt,
        "reason": one.reason or None,
        "hasBase": one.has_base,
        "full": _stream(row.full),
        "delta": _stream(row.delta),
        "intervalSeconds": row.interval_seconds,
        "amplification": _rounded(one.amplification),
        "windowSeconds": _rounded(one.window.value),
        "savingRatio": _rounded(one.saving),
        "churnBytesPerDay": one.churn.value,
        "rulesBroken": list(one.rules),
        "complete": None if one.state == "none" else one.state == "complete",
    }


def tail_part(printed: PrintedReport) -> Part:
    """What follows the volumes."""
    report, rows = printed.report, printed.rows
    return {
        "totals": {
            "cluster": _total(total("", rows)),
            "drivers": [_total(one) for one in totals_by(by_driver, rows)],
            "namespaces": [_total(one) for one in totals_by(by_namespace, rows)],
        },
        "worst": {
            "window": [one.row.key for one in worst_by_window(rows)],
            "churn": [one.row.key for one in worst_by_churn(rows)],
            "amplification": [one.row.key for one in worst_by_amplification(rows)],
        },
        "withoutBase": [one.row.key for one in without_base(rows)],
        "diff": None if printed.diff is None else _diff(printed.diff),
        "complete": report.failure is None and not any(one.state == "incomplete" for one in rows),
        "error": _error(report.failure),
    }


def end_part(printed: PrintedReport) -> Part:
    """The last line of NDJSON."""
    part = printed.report.part
    shard = {"shard": {"index": part.shard.index, "count": part.shard.count}} if part is not None else {}
    head = {"apiVersion": API_VERSION, "kind": REPORT_END_KIND, "volumes": len(printed.rows)}
    return head | shard | tail_part(printed)


def _shard(part: ReportPart | None) -> Part:
    if part is None:
        return {}
    shard = {"index": part.shard.index, "count": part.shard.count, "now": _time(part.now), "run": part.run or None}
    return {"shard": shard}


def _stream(stream: MeasuredStream | None) -> Part | None:
    if stream is None:
        return None
    return {
        "base": stream.base,
        "snapshot": stream.target,
        "contents": list(stream.contents),
        "complete": stream.is_complete,
        "coveredBytes": stream.covered_bytes,
        "costBytes": stream.cost_bytes,
        "capacityBytes": stream.capacity_bytes,
        "knownBytes": stream.known_bytes,
        "rulesBroken": list(stream.rules),
        "cells": list(stream.cells),
        "error": _error(stream.failure),
    }


def _error(failure: Failure | None) -> Part | None:
    if failure is None:
        return None
    return {"type": failure.type, "code": failure.code, "message": failure.message, "hint": failure.hint}


def _total(one: Total) -> Part:
    return {
        "name": one.name or None,
        "volumes": one.volumes,
        "withCbt": one.with_cbt,
        "incomplete": one.incomplete,
        "brokeRules": one.broke_rules,
        "measured": one.measured,
        "snapshots": one.snapshots,
        "size": _sum(one.size),
        "allocated": _sum(one.allocated),
        "fullCost": _sum(one.full_cost),
        "changed": _sum(one.changed),
        "cost": _sum(one.cost),
        "churnPerDay": _sum(one.churn),
        "windowSeconds": _rounded(one.window.value),
        "savingRatio": _rounded(one.saving),
    }


def _sum(figure: Figure) -> Part:
    return {"bytes": figure.value, "isLowerBound": figure.is_lower_bound}


def _diff(diff: ReportDiff) -> Part:
    return {
        "since": _time(diff.since),
        "new": [one.row.key for one in diff.new],
        "removed": [
            {"key": one.row.key, "namespace": one.row.namespace, "claim": one.row.claim} for one in diff.removed
        ],
        "grown": [_grown(change) for change in diff.grown],
        "lostCbt": [{"key": change.now.row.key, "reason": change.now.reason} for change in diff.lost_cbt],
    }


def _grown(change: VolumeChange) -> Part:
    before, now = change.before, change.now
    return {
        "key": now.row.key,
        "sizeBytesBefore": before.row.size_bytes,
        "sizeBytes": now.row.size_bytes,
        "allocatedBytesBefore": before.allocated.value,
        "allocatedBytes": now.allocated.value,
    }


def _time(when: datetime | None) -> str | None:
    return None if when is None else utc_time(when)


def _rounded(value: float | None) -> float | None:
    """Six decimals are more than anything that was measured."""
    return None if value is None else round(value, 6)
