"""``-o summary`` of a comparison: how much is in one side only, where it is, and the result. For people."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_cbt.model.comparison_outcome import (
    SHOWN_CLASSES,
    ClassedRanges,
    ComparedList,
    ComparisonOutcome,
    RangeClass,
    SideOutcome,
)
from kubectl_cbt.output.comparison.comparison_words import result_sentence
from kubectl_cbt.output.comparison.comparison_writer import ComparisonHead, ComparisonWriter
from kubectl_cbt.output.subject import subject_title, volume_title
from kubectl_cbt.output.writer import OutputTarget, Write
from kubectl_cbt.units import counted, human_bytes, human_offset, human_sizes, one_line, percent, printable

_LABEL = 12


class SummaryComparison(ComparisonWriter):
    """A dozen lines at the end."""

    prints_rows = False
    is_text = True

    def __init__(self, write: Write, head: ComparisonHead, screen: OutputTarget) -> None:
        self._write = write
        self._head = head

    def ranges(self, ranges: ClassedRanges, capacity_bytes: int | None) -> None:
        """Print nothing: the outcome has the figures."""

    def end(self, outcome: ComparisonOutcome) -> None:
        lines = [f"{label:<{_LABEL}}{printable(text)}".rstrip() for label, text in self._lines(outcome)]
        self._write(("\n".join(lines) + "\n").encode())

    def _lines(self, outcome: ComparisonOutcome) -> Iterator[tuple[str, str]]:
        head = self._head
        yield "Left", _list(head.left, outcome.left)
        yield "Right", _list(head.right, outcome.right)
        yield "Volume", _volume(outcome)
        if head.grain_bytes > 1:
            yield "Grain", f"{human_bytes(head.grain_bytes)}: extents were rounded outwards to it"
        total = sum(figures.size_bytes for figures in outcome.figures.values())
        wanted = (RangeClass.ONLY_RIGHT,) if head.covers else SHOWN_CLASSES
        for found in wanted:
            yield from _class(found, outcome, total)
        for reason in outcome.unknown:
            yield "Unknown", one_line(reason)
        if outcome.failure:
            yield "Ended", one_line(outcome.failure.message)
        yield "Result", result_sentence(head, outcome)


def _list(compared: ComparedList, side: SideOutcome) -> str:
    parts = [compared.name, f"{compared.operation or 'extents'}"]
    target = compared.resolved.target
    if target.handle.value:
        parts[1] += f" {subject_title(compared.resolved)}"
        parts += [volume_title(target), target.driver]
    parts.append(counted(side.extents, "extent") + ("   INCOMPLETE" if side.failure else ""))
    return "   ".join(part for part in parts if part)


def _volume(outcome: ComparisonOutcome) -> str:
    left, right = outcome.left.capacity_bytes, outcome.right.capacity_bytes
    if outcome.different_capacities:
        return "DIFFERENT: {} left, {} right".format(*human_sizes(outcome.different_capacities))
    if left is None and right is None:
        return "capacity unknown"
    one_sided = "" if None not in (left, right) else f", by {'left' if right is None else 'right'} alone"
    return f"{human_bytes(outcome.capacity_bytes or 0)}{one_sided}"


def _class(found: RangeClass, outcome: ComparisonOutcome, total: int) -> Iterator[tuple[str, str]]:
    figures, label = outcome.figures[found], found.words.capitalize()
    if figures.largest is None:
        yield label, "nothing"
        return
    largest = f"largest {human_bytes(figures.largest.size_bytes)} at {human_offset(figures.largest.start)}"
    share = f"{percent(figures.size_bytes, total)} of what either has"
    yield label, f"{human_bytes(figures.size_bytes)}   {share}   {counted(figures.ranges, 'run')}, {largest}"
    if found is not RangeClass.BOTH:
        for run in figures.first:
            yield "", f"[{run.start}, +{human_bytes(run.size_bytes)})"
        if figures.ranges > len(figures.first):
            yield "", f"… {counted(figures.ranges - len(figures.first), 'more run')}: -o table lists all"
