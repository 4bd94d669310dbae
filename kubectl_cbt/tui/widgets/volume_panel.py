"""The volume of the snapshot under the cursor: its details, its snapshots, and what changed from each to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from kubectl_cbt.analysis import grid
from kubectl_cbt.analysis.heat_scale import LOG, Levels
from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.model.stream_figures import StreamFigures
from kubectl_cbt.output.drawing.legend import legend_samples
from kubectl_cbt.output.drawing.painting import ColorScheme, Painter
from kubectl_cbt.output.snapshot_cells import age_of, name_of, size_of
from kubectl_cbt.tui.plain_text import set_title
from kubectl_cbt.tui.snapshot_columns import fitted
from kubectl_cbt.tui.snapshot_rows import volume_name
from kubectl_cbt.units import human_bytes, one_line, percent, utc_date

BAR_CELLS = 240
"""Cells that are measured for each bar: divisible by many numbers of columns."""
_LONGEST_NAME, _AGE, _SHORTEST_BAR = 24, len("2y364d"), 10
_FIGURE = len("≥ 1023.9 MiB")
_SHARE = len(" 99.9 %")
_WIDE = 84
"""Width from which the share is shown too."""
_SCALE_MARKS = LOG.marks(grid.HEAT_LEVELS, lambda: 1.0)

Line = list[Segment]


@dataclass(frozen=True, slots=True)
class VolumeView:
    """What the panel shows.

    Attributes:
        current: the snapshot under the cursor.
        snapshots: of its volume, oldest first; empty if they are unknown.
        deltas: from each to the next, one fewer; None for one that was not measured.
    """

    current: SnapshotEntry
    snapshots: Sequence[SnapshotEntry] = ()
    deltas: Sequence[StreamFigures | None] = field(default_factory=list)


class VolumePanel(Widget):
    """Draws one volume."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"volume--label", "volume--current", "volume--problem"}

    def __init__(self) -> None:
        super().__init__(id="volume")
        self._view: VolumeView | None = None
        self._painter = Painter(ColorScheme(None))
        self._lines: list[Line] | None = None

    def use_colors(self, colors: ColorScheme) -> None:
        """Draw the bars in other colors."""
        self._painter = Painter(colors)
        self._redraw()

    def show(self, view: VolumeView | None) -> None:
        """Show a volume; None for none."""
        self._view = view
        set_title(self, volume_name(view.current) if view else "volume")
        self._redraw()

    def on_resize(self) -> None:
        """Fit the columns."""
        self._redraw()

    def notify_style_update(self) -> None:
        """Another theme."""
        super().notify_style_update()
        self._redraw()

    def _redraw(self) -> None:
        self._lines = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, base = self.content_size.width, self.rich_style
        if self._lines is None:
            self._lines = self._made(self._view, width, self.content_size.height) if self._view else []
        if y >= len(self._lines):
            return Strip.blank(width, base)
        return Strip(self._lines[y]).adjust_cell_length(width, base)

    def _made(self, view: VolumeView, width: int, height: int) -> list[Line]:
        entry, snapshots = view.current, view.snapshots
        times = [one.created for one in snapshots if one.created]
        ends = " to ".join(dict.fromkeys(utc_date(time) for time in (times[0], times[-1]))) if times else ""
        label, text = self._style("label"), self.rich_style
        lines = [
            [Segment(f" {title:<10}", label), Segment(fitted(value, max(width - 12, 0)), text)]
            for title, value in (
                ("claim", entry.claim or "none"),
                ("driver", entry.driver or "unknown"),
                ("size", size_of(entry) or "unknown"),
                ("snapshots", f"{len(snapshots)}, {ends}" if snapshots else "none that can be queried"),
            )
        ]
        lines.append([])
        below = [*self._problem(view, width), *self._below(view, label)]
        if snapshots:
            columns = _Columns.of(snapshots, width)
            lines.append([Segment(columns.titles(), label)])
            room = max(height - len(lines) - len(below), 1)
            at = next((number for number, one in enumerate(snapshots) if one.ref == entry.ref), 0)
            first = max(min(at - room // 2, len(snapshots) - room), 0)
            lines += [self._snapshot(view, number, columns) for number in range(len(snapshots))[first : first + room]]
        return [*lines, *below]

    def _below(self, view: VolumeView, label: Style) -> list[Line]:
        """The legend, and which key measures."""
        deltas = [delta for delta in view.deltas if delta is not None]
        if not view.deltas:
            return []
        if any(delta.is_running for delta in deltas):
            help_text = " Esc stops measuring"
        elif len(deltas) == len(view.deltas) and all(delta.is_complete for delta in deltas):
            help_text = ""
        else:
            help_text = " b measures the changes: one stream for each pair"
        log = Segment(f" {LOG.name}", label)
        lines: list[Line] = [[], [Segment(" ", label), *legend_samples(self._painter, _SCALE_MARKS, label), log]]
        lines = lines if deltas else [[]]
        return [*lines, [Segment(help_text, label)]] if help_text else lines

    def _problem(self, view: VolumeView, width: int) -> list[Line]:
        """Why a delta is incomplete: the one of the current snapshot, otherwise the first."""
        failed = [
            (one.ref != view.current.ref, f" {name_of(one)}: {one_line(delta.failure.message)}")
            for one, delta in zip(view.snapshots[1:], view.deltas, strict=False)
            if delta is not None and delta.failure is not None
        ]
        if not failed:
            return []
        _, text = min(failed, key=lambda found: found[0])
        return [[], [Segment(fitted(text, width), self._style("problem"))]]

    def _snapshot(self, view: VolumeView, number: int, columns: _Columns) -> Line:
        entry = view.snapshots[number]
        delta = view.deltas[number - 1] if number else None
        is_current = entry.ref == view.current.ref
        style = self._style("current") if is_current else self.rich_style
        name = fitted(name_of(entry), columns.name)
        line = [Segment(f"{' ▸'[is_current]} {name}  {age_of(entry):>{_AGE}}  ", style)]
        if delta is None:
            return line
        if delta.edges is None:
            name = "label" if delta.is_running else "problem"
            return [*line, Segment("measuring …" if delta.is_running else "failed", self._style(name))]
        if columns.bar:
            codes = _codes(delta, delta.edges, columns.bar)
            halves = np.stack([codes] * self._painter.halves)
            line += [*self._painter.row(halves), Segment("  ", self.rich_style)]
        # Of the cells: a byte that a driver sends twice counts once.
        changed = int(delta.covered.sum())
        figure = human_bytes(changed)
        if not delta.is_complete:
            figure = f"≥ {figure}"
        line.append(Segment(f"{figure:>{_FIGURE}}", self.rich_style))
        if columns.has_share and delta.is_complete and delta.capacity_bytes:
            share = percent(changed, delta.capacity_bytes)
            line.append(Segment(f"  {share}", self._style("label")))
        return line

    def _style(self, name: str) -> Style:
        return self.rich_style + self.get_component_rich_style(f"volume--{name}", partial=True)


@dataclass(frozen=True, slots=True)
class _Columns:
    name: int
    bar: int
    has_share: bool

    @classmethod
    def of(cls, snapshots: Sequence[SnapshotEntry], width: int) -> _Columns:
        """The widest bar that divides the measured cells, next to whole names if these are not too long."""
        longest = max([len("SNAPSHOT"), *(cell_len(name_of(one)) for one in snapshots)])
        name = min(longest, _LONGEST_NAME)
        has_share = width >= _WIDE
        room = width - len("▸ ") - name - 2 - _AGE - 2 - 2 - _FIGURE - (2 + _SHARE if has_share else 0) - 1
        fitting = [cells for cells in range(_SHORTEST_BAR, room + 1) if BAR_CELLS % cells == 0]
        return cls(name, max(fitting, default=0), has_share)

    def titles(self) -> str:
        """The line above the snapshots."""
        return f"  {'SNAPSHOT':<{self.name}}  {'AGE':>{_AGE}}  CHANGED FROM THE ONE ABOVE"


def _codes(delta: StreamFigures, all_edges: Int64Column, columns: int) -> Levels:
    """The codes of a bar; cells that the stream has not described are hatched, as on the map."""
    step = BAR_CELLS // columns
    edges, covered = all_edges[::step], delta.covered.reshape(columns, step).sum(axis=1)
    codes = LOG.levels(covered, np.diff(edges), grid.HEAT_LEVELS)
    if not delta.is_complete:
        codes[(codes == grid.NOTHING) & (edges[1:] > delta.known_end)] = grid.UNKNOWN
    return codes
