"""``-o svg``: the map of the whole volume as a picture, for tickets and CI.

The same stream gives the same picture: no times of the stream, and no name of this machine.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.analysis.rules.all_rules import CHECKED_IDS
from kubectl_cbt.model.extents import ExtentBuffer
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.drawing.svg_lines import svg
from kubectl_cbt.output.drawing.text_width import SEPARATOR
from kubectl_cbt.output.drawing.volume_picture import CountedVolume, Look, Words, volume_picture
from kubectl_cbt.output.lower_bounds import at_least, so_far
from kubectl_cbt.output.outcome_words import failure_reason, reached
from kubectl_cbt.output.subject import subject_title, taken_words, volume_title
from kubectl_cbt.output.vocabulary import vocabulary_of
from kubectl_cbt.output.writer import OutputTarget, Write, Writer
from kubectl_cbt.units import counted, human_bytes, one_line, percent


class SvgWriter(Writer):
    """One picture at the end."""

    needs_summary = True
    needs_operation = True
    prints_rows = False

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        self._write = write
        self._resolved = resolved
        self._look = Look.of(screen)
        self._volume: CountedVolume | None = None
        # Without a capacity there are no cells. Only a driver that breaks the spec sends extents before it.
        self._waiting = ExtentBuffer()

    def batch(self, batch: Batch) -> None:
        if self._volume is None:
            capacities = batch.records.capacities
            if not (capacities > 0).any():
                self._waiting.append(batch.offsets, batch.sizes)
                return
            self._start(int(capacities[np.argmax(capacities > 0)]))
        if self._volume is not None and len(batch):
            self._volume.add(batch.offsets, batch.sizes)

    def _start(self, capacity_bytes: int) -> None:
        self._volume = CountedVolume(capacity_bytes, self._look)
        extents = self._waiting.received().extents
        if len(extents):
            self._volume.add(extents.offsets, extents.sizes)
        self._waiting = ExtentBuffer()

    def end(self, outcome: Outcome, summary: Summary) -> None:
        capacity = outcome.volume_capacity_bytes or 0
        if self._volume is None and capacity > 0:
            self._start(capacity)
        known = KnownRange.of(self._resolved.query, outcome)
        examples = (example for violation in outcome.violations for example in violation.examples)
        marks = [example.byte_offset for example in examples if example.byte_offset is not None]
        words = Words(
            subject_title(self._resolved),
            self._details(),
            list(map(SEPARATOR.join, self._figures(known, summary))),
            list(self._status(outcome, summary)),
        )
        lines = volume_picture(words, self._volume, known, self._look, marks)
        self._write(svg(lines, page=self._look.tones.background).encode())

    def _details(self) -> list[str]:
        snapshot = self._resolved.target
        return [volume_title(snapshot), taken_words(self._resolved), snapshot.driver]

    def _figures(self, known: KnownRange, summary: Summary) -> Iterator[list[str]]:
        covered = human_bytes(summary.covered_bytes)
        text = at_least(covered, known) if summary.exact else f"at most {covered}{so_far(known)}"
        figures = [f"{vocabulary_of(self._resolved.query.operation).covered} {text}"]
        if known.is_whole and known.capacity_bytes and summary.exact:
            figures.append(percent(summary.covered_bytes, known.capacity_bytes))
        if known.capacity_bytes:
            yield [human_bytes(known.capacity_bytes), *figures]
        yield figures
        yield figures[:1]

    def _status(self, outcome: Outcome, summary: Summary) -> Iterator[tuple[str, str]]:
        tones = self._look.tones
        if outcome.complete:
            state = ("complete", tones.success)
        else:
            state = (f"INCOMPLETE {reached(outcome)}: {one_line(failure_reason(outcome))}", tones.error)
        broken = [violation for violation in outcome.violations if violation.level == "MUST"]
        shown = (broken or list(outcome.violations))[:1]
        word, color = ("BROKEN", tones.error) if broken else ("warning", tones.warning)
        rules = [
            (f"{word} {violation.rule}: {violation.title} ({counted(violation.count, 'time')})", color)
            for violation in shown
        ]
        # A broken rule must be read even where the line is short.
        yield from (*rules, state) if broken and outcome.complete else (state, *rules)
        yield f"{counted(summary.extents, 'extent')} in {counted(summary.runs, 'run')}", tones.foreground
        if outcome.keeps_all_rules:
            yield f"rules {CHECKED_IDS} kept", tones.quiet
