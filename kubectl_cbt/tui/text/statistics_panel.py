"""The statistics panel: figures of a stream, and its largest runs and hottest regions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.model.extents import Run
from kubectl_cbt.model.results import Summary
from kubectl_cbt.output.figure_rows import cost_rows, size_rows
from kubectl_cbt.output.lower_bounds import at_least, share_at_least, so_far
from kubectl_cbt.output.vocabulary import Vocabulary
from kubectl_cbt.tui.loader import Frame
from kubectl_cbt.tui.plain_text import Content, line, plain
from kubectl_cbt.tui.text.line_layout import WARNING, labelled
from kubectl_cbt.units import (
    counted,
    human_bytes,
    human_count,
    human_offset,
    human_offsets,
)


@dataclass(frozen=True, slots=True)
class Jump:
    """A place on the volume and the key that moves there."""

    key: str
    position: int
    text: str


def jumps_to(
    runs: Sequence[Run], regions: Sequence[tuple[Run, int]], known: KnownRange
) -> tuple[list[Jump], list[Jump]]:
    """The largest runs and the hottest regions, with keys 1 to 5 and 6 to 0."""
    places = human_offsets([run.start for run in runs])
    largest = [
        Jump(str(number), run.start, f"{_size(run, known):>10} at {place}")
        for number, (run, place) in enumerate(zip(runs, places, strict=True), 1)
    ]
    places = human_offsets([region.start for region, _ in regions])
    hottest = [
        Jump(
            str(number % 10),
            region.start,
            f"{_share_of(region, covered, known):>10} of {human_bytes(region.size_bytes)} at {place}",
        )
        for number, ((region, covered), place) in enumerate(zip(regions, places, strict=True), 6)
    ]
    return largest, hottest


def _size(run: Run, known: KnownRange) -> str:
    is_known = known.contains(max(run.start - 1, 0), min(run.end + 1, known.capacity_bytes))
    return f"{'' if is_known else '≥ '}{human_bytes(run.size_bytes)}"


def _share_of(region: Run, covered: int, known: KnownRange) -> str:
    return share_at_least(covered, region.size_bytes, is_known=known.contains(region.start, region.end))


def statistics_panel(
    frame: Frame, words: Vocabulary, largest: Sequence[Jump], hottest: Sequence[Jump], width: int
) -> Iterator[Content]:
    """The lines of the statistics panel."""
    summary, capacity, known = frame.summary, frame.outcome.volume_capacity_bytes, frame.known
    if not known.is_whole:
        yield plain(f" {_known_part(known)}", WARNING)
    if not summary.extents:
        yield plain(f" nothing {words.covered}" + ("" if known.is_whole else so_far(known) or " in that range"))
        return
    # Unless the whole volume is known, no figure is the volume's.
    part = _part(known)
    yield labelled("extents", f"{human_count(summary.extents)} in {counted(summary.runs, 'run')}{part}")
    yield labelled("smallest", human_bytes(summary.smallest_bytes) + part)
    yield labelled("median", human_bytes(summary.median_bytes) + part)
    yield labelled("largest", human_bytes(summary.largest_bytes) + part)
    yield labelled("grain", human_bytes(summary.grain_bytes) + part)
    if summary.longest_gap:
        gap = summary.longest_gap
        yield labelled("gap", f"{human_bytes(gap.size_bytes)} at {human_offset(gap.byte_offset)}{part}")
    yield from _jump_lines(f"Largest runs{part}", largest)
    yield from _jump_lines(f"Hottest regions{part}", hottest)
    yield from _costs(summary, capacity, words, known)
    yield from _sizes(summary, width, part)


def _part(known: KnownRange) -> str:
    return "" if known.is_whole else so_far(known) or " in range"


def _known_part(known: KnownRange) -> str:
    """The range that the figures describe."""
    if known.end <= known.start:
        return "every byte of the volume is unknown"
    start, end = human_offsets([known.start, known.end])
    return f"only {start} to {end} is known"


def _jump_lines(title: str, found: Sequence[Jump]) -> Iterator[Content]:
    if found:
        yield plain("")
        yield plain(f" {title}", "bold")
    for jump in found:
        yield line(" ", (jump.key, "bold $text-accent"), " ", jump.text)


def _costs(summary: Summary, capacity: int | None, words: Vocabulary, known: KnownRange) -> Iterator[Content]:
    yield plain("")
    yield plain(f" {words.cost}, by chunk size", "bold")

    def qualified(size: str) -> str:
        # Extents that overlap count twice in a cost, which is then not a lower bound.
        return at_least(size, known) if summary.exact or known.is_whole else size + _part(known)

    for row in cost_rows(summary, capacity, qualified):
        yield labelled(row.chunk, f"{row.size:>10}" + (f"  {row.share}" if row.share and known.is_whole else ""))


def _sizes(summary: Summary, width: int, part: str) -> Iterator[Content]:
    yield plain("")
    yield plain(f" Sizes of extents{part}", "bold")
    for row in size_rows(summary.histogram, max(width - 22, 4)):
        yield labelled(row.size, f"{row.bar} {row.extents:>9}")
