"""``history -o svg``: the timeline as a picture, for tickets and reports.

The same streams give the same picture: no ages, and no name of this machine.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.segment import Segment
from rich.style import Style

from kubectl_cbt.analysis.history import pairs_of
from kubectl_cbt.analysis.volume_columns import KeptCells, VolumeColumns, columns_of
from kubectl_cbt.model.volume_history import HistoryRow, VolumeHistory
from kubectl_cbt.output.drawing.painting import Painter
from kubectl_cbt.output.drawing.svg_lines import svg
from kubectl_cbt.output.drawing.text_width import SEPARATOR, shorten
from kubectl_cbt.output.drawing.timeline_bands import ALLOCATED_NAME, Band, allocated_band, delta_band, fastest_change
from kubectl_cbt.output.drawing.timeline_layout import TimelineLayout, band_height
from kubectl_cbt.output.drawing.timeline_picture import BandCodes, TimelinePicture, TimelineStyles
from kubectl_cbt.output.drawing.tones import Tones
from kubectl_cbt.output.drawing.volume_picture import Line, Look, Words, header_line, status_line
from kubectl_cbt.output.history import history_words as words
from kubectl_cbt.output.history.history_writer import HistoryWriter
from kubectl_cbt.output.snapshot_cells import name_of
from kubectl_cbt.output.writer import OutputTarget, Write
from kubectl_cbt.units import counted, human_bytes, printable, utc_date

_OTHER_LINES = 7
"""Header, status, the titles of the columns, offsets, legend, and two blank lines."""


class SvgHistory(HistoryWriter):
    """One picture at the end."""

    prints_rows = False

    def __init__(self, write: Write, plan: VolumeHistory, target: OutputTarget) -> None:
        self._write = write
        self._look = Look.of(target)
        self._layout = _layout(plan, target)

    @classmethod
    def cells(cls, plan: VolumeHistory, target: OutputTarget) -> int:
        return _layout(plan, target).cells

    def row(self, row: HistoryRow) -> None:
        pass

    def end(self, history: VolumeHistory) -> None:
        look = self._look
        around, quiet = _words(history, look), Style(color=look.tones.quiet)
        sentences = _sentences(history, look.size.columns - 2)
        lines = [
            header_line(around, look),
            status_line(around, look),
            [],
            *_timeline(history, self._layout, look, look.size.lines - _OTHER_LINES - len(sentences)),
            [],
            *([Segment(f" {text}", quiet)] for text in sentences),
        ]
        self._write(svg(lines, page=look.tones.background).encode())


def _layout(plan: VolumeHistory, target: OutputTarget) -> TimelineLayout:
    names = [ALLOCATED_NAME, *(name_of(pair.target) for pair in pairs_of(plan.snapshots, plan.pairing))]
    # As in the lines around it, the last column is empty.
    return TimelineLayout.of(names, target.picture_size.columns - 1, has_cursor=False)


def _words(history: VolumeHistory, look: Look) -> Words:
    volume, tones = history.volume, look.tones
    dates = [utc_date(entry.created) for entry in history.snapshots if entry.created]
    period = " to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else ""
    details = [
        f"{counted(len(history.snapshots), 'snapshot')}, {period}" if period else "",
        volume.driver,
    ]
    complete = sum(row.is_complete for row in history.rows)
    done = f"{complete} of {counted(len(history.rows), 'delta')} complete" if history.rows else "no delta"
    state = (done, tones.success if history.rows else tones.warning)
    if not history.is_complete:
        state = (f"INCOMPLETE: {state[0]}", tones.error)
    elif not history.is_trusted:
        state = (f"{state[0]}, rules BROKEN", tones.error)
    size = human_bytes(volume.size_bytes) if volume.size_bytes else ""
    churn = words.figures_title(history)
    figures = [SEPARATOR.join(part for part in (size, churn) if part), churn or size]
    ends = [name_of(entry) for entry in (history.snapshots[0], history.snapshots[-1])] if history.rows else []
    status = [state, (" → ".join(ends), tones.quiet)] if ends else [state]
    return Words(words.volume_title(volume), details, figures, status)


def _sentences(history: VolumeHistory, width: int) -> list[str]:
    """Which snapshot to keep, in lines; a long word or wide characters are cut."""
    texts = [printable(text) for label, text in words.sum_lines(history) if label in ("Bases", "")]
    wrapped = (textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) for text in texts)
    return [shorten(line, width) for lines in wrapped for line in lines]


def _timeline(history: VolumeHistory, layout: TimelineLayout, look: Look, room: int) -> Iterator[Line]:
    """The bands with titles, offsets and legend.

    Args:
        room: lines for the bands; there are more if they do not fit.
    """
    pairs, others = _bands(history)
    columns = _columns([*pairs, *others], layout.cells)
    cells = BandCodes.of([*pairs, *others], columns, layout.cells, look.scale)
    picture = TimelinePicture(cells, layout, Painter(look.colors), _styles(look.tones))
    yield picture.titles(_about(history, columns))
    height = band_height(len(pairs), len(others), room)
    for number in range(len(pairs)):
        yield from picture.band(number, height)
    if pairs and others:
        yield picture.separator()
    for number in range(len(pairs), len(pairs) + len(others)):
        yield from picture.band(number, min(height, 2))
    yield picture.axis()
    yield picture.legend(look.colors, look.size.columns - 1)


def _bands(history: VolumeHistory) -> tuple[list[Band], list[Band]]:
    """Those of the pairs, and those below."""
    fastest, allocated = fastest_change(history.rows), history.allocated
    pairs = [delta_band(row, KeptCells.of(row.figures), fastest) for row in history.rows]
    return pairs, [] if allocated is None else [allocated_band(allocated, KeptCells.of(allocated))]


def _columns(bands: list[Band], count: int) -> VolumeColumns | None:
    """The largest volume of all; None if no capacity is known."""
    edges = max((band.cells.edges for band in bands if band.cells), key=lambda edges: int(edges[-1]), default=None)
    return None if edges is None else columns_of(edges, 0, int(edges[-1]), count)


def _about(history: VolumeHistory, columns: VolumeColumns | None) -> str:
    """What the bands are, and the size of a column."""
    size = f"1 column = {human_bytes(-(-columns.end // len(columns)))}" if columns is not None else "capacity unknown"
    return SEPARATOR.join((words.pairing_title(history.pairing), size)) if history.rows else size


def _styles(tones: Tones) -> TimelineStyles:
    text = Style(color=tones.foreground)
    return TimelineStyles(text, Style(color=tones.quiet), text + Style(bold=True), Style(color=tones.error))
