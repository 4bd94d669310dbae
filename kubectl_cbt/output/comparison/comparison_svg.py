"""``-o svg`` of a comparison: the map of the whole volume in three classes, as a picture.

The same lists give the same picture.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_cbt.model.comparison_outcome import (
    SHOWN_CLASSES,
    ClassedRanges,
    ComparisonOutcome,
    ComparisonResult,
    RangeClass,
)
from kubectl_cbt.output.comparison.comparison_words import known_range, result_sentence
from kubectl_cbt.output.comparison.comparison_writer import ComparisonHead, ComparisonWriter
from kubectl_cbt.output.drawing.compared_picture import ComparedVolume
from kubectl_cbt.output.drawing.svg_lines import svg
from kubectl_cbt.output.drawing.text_width import SEPARATOR
from kubectl_cbt.output.drawing.volume_picture import Look, Words, volume_picture
from kubectl_cbt.output.subject import subject_title
from kubectl_cbt.output.writer import OutputTarget, Write
from kubectl_cbt.units import counted, human_bytes, human_sizes, one_line

_GOOD = (ComparisonResult.EQUAL, ComparisonResult.COVERED)
_DIFFERENT = (RangeClass.ONLY_LEFT, RangeClass.ONLY_RIGHT)


class SvgComparison(ComparisonWriter):
    """One picture at the end."""

    prints_rows = False

    def __init__(self, write: Write, head: ComparisonHead, screen: OutputTarget) -> None:
        self._write = write
        self._head = head
        self._look = Look.of(screen)
        self._volume: ComparedVolume | None = None
        # Without a capacity there are no cells. Most lists state it before their first extent.
        self._waiting: list[ClassedRanges] = []

    def ranges(self, ranges: ClassedRanges, capacity_bytes: int | None) -> None:
        if not len(ranges):
            return
        self._waiting.append(ranges)
        if capacity_bytes:
            self._draw(capacity_bytes)

    def _draw(self, capacity_bytes: int) -> ComparedVolume:
        volume = self._volume or ComparedVolume(capacity_bytes, self._look)
        for ranges in self._waiting:
            volume.add(ranges)
        self._volume, self._waiting = volume, []
        return volume

    def end(self, outcome: ComparisonOutcome) -> None:
        volume = self._draw(outcome.capacity_bytes) if outcome.capacity_bytes else None
        head = self._head
        words = Words(
            f"{head.left.name} ↔ {head.right.name}",
            [_snapshots(head)],
            list(map(SEPARATOR.join, self._figures(outcome))),
            list(self._status(outcome)),
        )
        lines = volume_picture(words, volume, known_range(outcome), self._look)
        self._write(svg(lines, page=self._look.tones.background).encode())

    def _figures(self, outcome: ComparisonOutcome) -> Iterator[list[str]]:
        at_least = "" if outcome.complete else "≥ "
        classes = (RangeClass.ONLY_RIGHT,) if self._head.covers else SHOWN_CLASSES
        figures = {
            found: f"{found.words} {at_least}{human_bytes(outcome.figures[found].size_bytes)}" for found in classes
        }
        if outcome.capacity_bytes:
            yield [human_bytes(outcome.capacity_bytes), *figures.values()]
        yield list(figures.values())
        yield [text for found, text in figures.items() if found in _DIFFERENT]

    def _status(self, outcome: ComparisonOutcome) -> Iterator[tuple[str, str]]:
        tones, covers = self._look.tones, self._head.covers
        result = outcome.result(covers=covers)
        reasons = [*([outcome.failure.message] if outcome.failure else []), *outcome.unknown]
        if result is ComparisonResult.INCOMPLETE:
            # What was not compared needs the room more than the sentence does.
            reasons[0] = f"INCOMPLETE: {reasons[0]}"
        else:
            yield result_sentence(self._head, outcome), tones.success if result in _GOOD else tones.error
        for reason in reasons:
            yield one_line(reason), tones.error
        if outcome.different_capacities:
            yield "capacities differ: {} and {}".format(*human_sizes(outcome.different_capacities)), tones.error
        for warning in outcome.warnings:
            yield warning, tones.warning
        runs = sum(outcome.figures[found].ranges for found in _DIFFERENT if not covers or found is _DIFFERENT[1])
        yield counted(runs, "missing range" if covers else "difference"), tones.foreground
        if self._head.grain_bytes > 1:
            yield f"grain {human_bytes(self._head.grain_bytes)}", tones.quiet


def _snapshots(head: ComparisonHead) -> str:
    """What both lists are of, if that is known and the same."""
    titles = {subject_title(side.resolved) for side in (head.left, head.right) if side.resolved.target.handle.value}
    return titles.pop() if len(titles) == 1 else ""
