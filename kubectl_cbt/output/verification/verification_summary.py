"""``verify -o summary``: the verdict, what is missing, and what is reported without need."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_cbt.analysis.rules.all_rules import CHECKED_IDS
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.verification import Verification
from kubectl_cbt.output.subject import subject_title
from kubectl_cbt.output.verification.verification_formats import FirstRangesWriter
from kubectl_cbt.output.verification.verification_words import (
    granularity_sentence,
    needless_sentence,
    verdict_sentence,
)
from kubectl_cbt.units import counted, human_bytes, human_count, human_sizes, percent, printable

_LABEL = 11
_OFFSET = 20


class VerificationSummaryWriter(FirstRangesWriter):
    """A dozen lines at the end."""

    def end(self, result: Verification, first: Batch | None) -> None:
        lines = [f"{label:<{_LABEL}}{printable(text)}".rstrip() for label, text in self._lines(result)]
        self._write(("\n".join(lines) + "\n").encode())

    def _lines(self, result: Verification) -> Iterator[tuple[str, str]]:
        claim = self._resolved.target.claim
        volume = f"   {self._resolved.target.ref.namespace}/{claim}" if claim else ""
        yield "Verified", subject_title(self._resolved) + volume
        yield "Devices", ", ".join(self._devices)
        yield "Verdict", verdict_sentence(result)
        for problem in result.problems:
            yield "", problem
        yield "Compared", _compared(result)
        for number, note in enumerate(result.notes):
            yield "" if number else "Note", note
        yield from _figures(result)
        yield from self._ranges(result)
        if broken := ", ".join(violation.rule for violation in result.outcome.violations):
            yield "Rules", f"BROKEN: {broken}"
        elif result.outcome.keeps_all_rules:
            yield "Rules", f"{CHECKED_IDS} kept"

    def _ranges(self, result: Verification) -> Iterator[tuple[str, str]]:
        if not self._first:
            yield "Missing", "nothing" + ("" if result.is_complete else " so far")
            return
        yield "Missing", f"{human_bytes(result.missing_bytes)} in {counted(result.missing_ranges, 'range')}"
        yield "", f"{'OFFSET':>{_OFFSET}} {'SIZE':>{_OFFSET}}"
        for start, end in self._first:
            yield "", f"{start:>{_OFFSET}} {end - start:>{_OFFSET}}"
        if (more := result.missing_ranges - len(self._first)) > 0:
            yield "", f"and {human_count(more)} more: -o json lists all"


def _compared(result: Verification) -> str:
    start, end, capacity = human_sizes([result.start, result.end, result.capacity_bytes])
    covered = f"{start} to {end} of {capacity}"
    holes = f", skipped {human_bytes(result.hole_bytes)} in holes" if result.hole_bytes else ""
    return f"{covered}   read {human_bytes(result.read_bytes)}{holes}"


def _figures(result: Verification) -> Iterator[tuple[str, str]]:
    capacity = result.capacity_bytes
    so_far = "" if result.is_complete else "   so far"
    if result.different_bytes is not None:
        label = "Not zero" if result.base_bytes is None else "Different"
        text = f"{human_bytes(result.different_bytes)}   {percent(result.different_bytes, capacity)}"
        yield label, text + so_far
    yield "Reported", f"{human_bytes(result.reported_bytes)}   {percent(result.reported_bytes, capacity)}{so_far}"
    yield "Needless", needless_sentence(result)
    if tracking := granularity_sentence(result):
        yield "Tracking", tracking
