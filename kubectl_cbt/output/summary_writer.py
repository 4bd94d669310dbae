"""``-o summary``: what changed, where, and what the next backup would read. For people; machines take ``-o json``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kubectl_cbt.analysis.cells import CellCounter
from kubectl_cbt.analysis.rules.all_rules import CHECKED_IDS
from kubectl_cbt.model.record import Batch, block_metadata_type_name
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.figure_rows import cost_rows, size_rows
from kubectl_cbt.output.heat import GLYPH_LEVELS, heat_line
from kubectl_cbt.output.subject import subject_title, volume_title
from kubectl_cbt.output.vocabulary import vocabulary_of
from kubectl_cbt.output.writer import OutputTarget, Write, Writer
from kubectl_cbt.units import counted, human_bytes, human_rate, human_seconds, one_line, percent, printable

_LABEL = 11
_MAP = "Map"
_BAR = 24
_WIDEST_MAP = 160


class SummaryWriter(Writer):
    """A dozen lines at the end; on a terminal one of them is a map."""

    needs_summary = True
    needs_operation = True
    prints_rows = False
    is_text = True

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        self._write = write
        self._resolved = resolved
        self._screen = screen
        self._words = vocabulary_of(resolved.query.operation)
        self._cells: CellCounter | None = None
        self._has_capacity = False

    def batch(self, batch: Batch) -> None:
        knows_capacity = batch.records.capacities > 0
        self._has_capacity = self._has_capacity or bool(knows_capacity.any())
        if not self._screen.is_terminal:
            return
        start = 0
        if self._cells is None:
            if not knows_capacity.any():
                return
            message = int(np.argmax(knows_capacity))
            columns = max(min(self._screen.width - _LABEL - 2, _WIDEST_MAP), 1)
            self._cells = CellCounter.of_volume(int(batch.records.capacities[message]), columns)
            start = int(batch.bounds[message])
        if start < len(batch):
            self._cells.add(batch.offsets[start:], batch.sizes[start:])

    def end(self, outcome: Outcome, summary: Summary) -> None:
        if outcome.failure and not outcome.messages:
            # Figures of nothing would look like an answer; stderr has the reason.
            return
        lines = [
            f"{label:<{_LABEL}}{self._shown(label, text)}".rstrip() for label, text in self._lines(outcome, summary)
        ]
        self._write(("\n".join(lines) + "\n").encode())

    def _shown(self, label: str, text: str) -> str:
        """Each text is printable and one line; the map alone has colours, and no text from elsewhere."""
        return text if label == _MAP else printable(text)

    def _lines(self, outcome: Outcome, summary: Summary) -> Iterator[tuple[str, str]]:
        yield self._title(outcome)
        if outcome.has_messages:
            yield "Driver", self._driver(outcome, summary)
        yield "Volume", self._volume(outcome)
        yield self._covered(outcome, summary)
        if summary.extents:
            grain = "" if outcome.has_messages else f"   grain {human_bytes(summary.grain_bytes)}"
            yield "Extents", _sizes(summary) + grain
            yield from _histogram(summary)
        if summary.longest_gap:
            gap = summary.longest_gap
            yield (
                "Gaps",
                f"longest {self._words.uncovered} {human_bytes(gap.size_bytes)} at {human_bytes(gap.byte_offset)}",
            )
        if self._cells is not None:
            yield (
                _MAP,
                f"▕{heat_line(self._cells.levels(self._screen.scale, GLYPH_LEVELS), self._screen.color_system)}▏",
            )
        if summary.extents:
            yield from self._costs(outcome, summary)
        yield "Stream" if outcome.has_messages else "List", _stream(outcome)
        if outcome.violations or outcome.keeps_all_rules:
            yield "Rules", _rules(outcome)
        if outcome.failure:
            yield "INCOMPLETE", one_line(outcome.failure.message)

    def _title(self, outcome: Outcome) -> tuple[str, str]:
        resolved = self._resolved
        snapshot = resolved.target
        if not outcome.has_messages:
            label = "Allocated" if resolved.query.base is None else "Delta"
            return label, "   ".join(filter(None, (subject_title(resolved), volume_title(snapshot))))
        volume = f"   {snapshot.ref.namespace}/{snapshot.claim}" if snapshot.claim else f"   {snapshot.ref.namespace}"
        volume = volume.rstrip()  # at a driver's own socket neither is known
        if resolved.query.base is None:
            return "Allocated", snapshot.ref.name + volume
        base = resolved.base.ref.name if resolved.base else f"handle {resolved.query.base}"
        return "Delta", f"{base} → {snapshot.ref.name}{volume}"

    def _volume(self, outcome: Outcome) -> str:
        capacity = outcome.volume_capacity_bytes
        if not outcome.has_messages:
            return human_bytes(capacity) if capacity else "capacity unknown: the list does not record it"
        if not capacity:
            return "capacity unknown: " + ("no message has one" if outcome.messages else "the stream was empty")
        text = human_bytes(capacity)
        if outcome.messages and not self._has_capacity:
            return f"{text} by the snapshot's restoreSize: no message has a capacity"
        if any(violation.rule == "R4" for violation in outcome.violations):
            return f"{text} in the first message that has a capacity; it changes"
        return text

    def _driver(self, outcome: Outcome, summary: Summary) -> str:
        text = self._resolved.target.driver
        if outcome.block_metadata_type is not None:
            text += f"   {block_metadata_type_name(outcome.block_metadata_type)}"
        return text + (f", grain {human_bytes(summary.grain_bytes)}" if summary.grain_bytes else "")

    def _covered(self, outcome: Outcome, summary: Summary) -> tuple[str, str]:
        label = self._words.covered.capitalize()
        if not summary.extents:
            return label, "nothing" if outcome.complete else "nothing so far"
        at_most = "" if summary.exact else "at most "
        share = percent(summary.covered_bytes, outcome.volume_capacity_bytes or 0)
        counts = f"in {counted(summary.extents, 'extent')}, {counted(summary.runs, 'run')}"
        so_far = "" if outcome.complete else "   so far"
        return label, f"{at_most}{human_bytes(summary.covered_bytes)}   {share}   {counts}{so_far}"

    def _costs(self, outcome: Outcome, summary: Summary) -> Iterator[tuple[str, str]]:
        yield "", ""
        so_far = "" if outcome.complete else ", so far"
        yield f"{self._words.cost}, by the size of the chunks it reads{so_far}", ""
        without_share = "the whole volume" if outcome.volume_capacity_bytes else ""
        for row in cost_rows(summary, outcome.volume_capacity_bytes):
            yield f"  {row.chunk}", f"{row.size}   {row.share or without_share}".rstrip()
        yield "", ""


def _sizes(summary: Summary) -> str:
    smallest, median, largest = map(human_bytes, (summary.smallest_bytes, summary.median_bytes, summary.largest_bytes))
    if summary.smallest_bytes == summary.largest_bytes:
        return f"{smallest} each"
    return f"{smallest} smallest   {median} median   {largest} largest"


def _histogram(summary: Summary) -> Iterator[tuple[str, str]]:
    if len(summary.histogram) < 2:
        return
    rows = size_rows(summary.histogram, _BAR)
    width = max(len(row.extents) for row in rows)
    for row in rows:
        yield f"  {row.size}", f"{row.bar} {row.extents:>{width}}   {row.covered}"


def _stream(outcome: Outcome) -> str:
    rate = f"   {human_rate(outcome.extents / outcome.seconds)} extents/s" if outcome.seconds > 0 else ""
    resumed = f"   resumed {counted(outcome.resumes, 'time')}" if outcome.resumes else ""
    state = "complete" if outcome.complete else "INCOMPLETE"
    read = counted(outcome.messages, "message") if outcome.has_messages else "read"
    return f"{read} in {human_seconds(outcome.seconds)}{rate}{resumed}   {state}"


def _rules(outcome: Outcome) -> str:
    broken = ", ".join(violation.rule for violation in outcome.violations)
    if outcome.broke_a_must or not outcome.has_messages:
        return f"BROKEN: {broken}"
    return f"{CHECKED_IDS} kept" + (f", warnings: {broken}" if broken else "")
