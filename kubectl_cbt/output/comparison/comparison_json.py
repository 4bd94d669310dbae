"""``-o json`` of a comparison, written while it runs: valid JSON also if it is interrupted. See ``schema.json``."""

from __future__ import annotations

from kubectl_cbt.model.api_version import API_VERSION
from kubectl_cbt.model.comparison_outcome import (
    SHOWN_CLASSES,
    ClassedRanges,
    ClassFigures,
    ComparedList,
    ComparisonOutcome,
    SideOutcome,
)
from kubectl_cbt.model.extents import Run
from kubectl_cbt.output.array_document import ArrayDocument
from kubectl_cbt.output.comparison.class_rows import ClassRows
from kubectl_cbt.output.comparison.comparison_writer import ComparisonHead, ComparisonWriter
from kubectl_cbt.output.document import Part, base_part, error_part, snapshot_part
from kubectl_cbt.output.writer import OutputTarget, Write

COMPARISON_KIND = "Comparison"


class JsonComparison(ComparisonWriter):
    """One object, with one line per range."""

    def __init__(self, write: Write, head: ComparisonHead, screen: OutputTarget) -> None:
        self._document = ArrayDocument(write, "ranges")
        self._head = head
        self._rows = ClassRows('    {"byteOffset":', ',"sizeBytes":', ',"class":"', '"},\n')

    def ranges(self, ranges: ClassedRanges, capacity_bytes: int | None) -> None:
        if len(ranges):
            self._begin()
            self._document.rows(self._rows.texts(ranges))

    def end(self, outcome: ComparisonOutcome) -> None:
        self._begin()
        self._document.end(_tail(outcome, covers=self._head.covers))

    def _begin(self) -> None:
        if not self._document.is_begun:
            self._document.begin(_head(self._head))


def _head(head: ComparisonHead) -> Part:
    return {
        "apiVersion": API_VERSION,
        "kind": COMPARISON_KIND,
        "left": _list(head.left),
        "right": _list(head.right),
        "grainBytes": head.grain_bytes,
        "covers": head.covers,
    }


def _list(compared: ComparedList) -> Part:
    resolved = compared.resolved
    # A list that does not record its query has no handle.
    is_recorded = bool(resolved.target.handle.value)
    return {
        "name": compared.name,
        "operation": compared.operation.value if compared.operation else None,
        "driver": resolved.target.driver or None,
        "snapshot": snapshot_part(resolved.target) if is_recorded else None,
        "base": base_part(resolved) if is_recorded else None,
    }


def _tail(outcome: ComparisonOutcome, *, covers: bool) -> Part:
    only_left, both, only_right = (_figures(outcome.figures[found]) for found in SHOWN_CLASSES)
    return {
        "summary": {"onlyLeft": only_left, "both": both, "onlyRight": only_right},
        "compared": {"fromOffset": outcome.start, "toOffset": outcome.end},
        "sides": {"left": _side(outcome.left), "right": _side(outcome.right)},
        "warnings": list(outcome.warnings),
        "unknown": list(outcome.unknown),
        "result": outcome.result(covers=covers).value,
        "complete": outcome.complete,
        "error": error_part(outcome.failure),
    }


def _figures(figures: ClassFigures) -> Part:
    return {
        "ranges": figures.ranges,
        "sizeBytes": figures.size_bytes,
        "largest": _run(figures.largest) if figures.largest else None,
        "first": [_run(run) for run in figures.first],
    }


def _run(run: Run) -> Part:
    return {"byteOffset": run.start, "sizeBytes": run.size_bytes}


def _side(side: SideOutcome) -> Part:
    return {
        "volumeCapacityBytes": side.capacity_bytes,
        "extents": side.extents,
        "knownFromOffset": side.known_start,
        "knownToOffset": side.known_end,
        "error": error_part(side.failure),
    }
