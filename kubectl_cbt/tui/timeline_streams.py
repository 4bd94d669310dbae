"""The streams of a timeline: each measured once for the whole volume, and again for a range that needs finer cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from kubectl_cbt.analysis.cells import cell_edges
from kubectl_cbt.analysis.history import next_older_base, pairs_of
from kubectl_cbt.analysis.volume_columns import (
    KeptCells,
    UnionBounds,
    VolumeColumns,
    columns_of,
    least_union,
    union_bounds,
)
from kubectl_cbt.measuring.stream_meter import Limits, MeterSettings, StreamMeter
from kubectl_cbt.model.backend import Backend
from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.stream_figures import MeteredQuery, StreamFigures
from kubectl_cbt.model.volume_history import HistoryPair, HistoryRow, VolumeHistory
from kubectl_cbt.tui.visible_range import SMALLEST_COLUMN_BYTES
from kubectl_cbt.units import human_bytes, human_count

KEPT_CELLS = 960
"""Of the whole volume, for each stream: 16 KB. Divisible by many numbers of columns."""
DETAIL_CELLS = 3840
"""Of a range that was streamed again."""
_CELLS_A_COLUMN = 4
"""In a range that was streamed again, at least: the next zooms need no stream."""
BUDGET_EXTENTS = 20_000_000
"""Of all streams together, up to which a zoom streams them again."""


class _KeptCells:
    """The cells of several streams, added up once for each state of a stream; equal edges are one object."""

    def __init__(self) -> None:
        self._figures: list[StreamFigures] = []
        self.cells: list[KeptCells | None] = []

    def update(self, figures: Sequence[StreamFigures]) -> None:
        """Use the newest figures of each stream."""
        known = {id(old): cells for old, cells in zip(self._figures, self.cells, strict=True)}
        edges = next((cells.edges for cells in self.cells if cells is not None), None)
        found: list[KeptCells | None] = []
        for one in figures:
            cells = known.get(id(one)) or KeptCells.of(one)
            if cells is not None and edges is not None and cells.edges is not edges:
                is_equal = np.array_equal(cells.edges, edges)
                cells = KeptCells(edges, cells.covered, cells.known_end) if is_equal else cells
            edges = edges if edges is not None or cells is None else cells.edges
            found.append(cells)
        self._figures, self.cells = list(figures), found


class _Detail:
    """A range that was streamed again.

    Attributes:
        edges: of its cells, if the volume is as large as ``capacity_bytes``.
        cells: of each stream that has passed the range; None for another.
    """

    def __init__(
        self,
        backend: Backend,
        limits: Limits,
        part: tuple[int, int],
        capacity_bytes: int,
        changed: Callable[[MeteredQuery], None],
    ) -> None:
        self.part = part
        self.edges = np.minimum(cell_edges(*part, DETAIL_CELLS), capacity_bytes)
        self.end = int(self.edges[-1])
        self.meter = StreamMeter(backend, limits, MeterSettings(DETAIL_CELLS, (), part=part), changed)
        self.cells: list[KeptCells | None] = []
        self._kept = _KeptCells()

    def is_enough(self, start: int, end: int, columns: int) -> bool:
        """Whether it has all of a range, with cells that are fine enough."""
        if not (self.part[0] <= start and end <= self.end):
            return False
        cell_bytes = (self.part[1] - self.part[0]) // DETAIL_CELLS
        return cell_bytes <= max((end - start) // columns, SMALLEST_COLUMN_BYTES)

    def update(self, queries: Sequence[MeteredQuery]) -> None:
        """Use the newest figures."""
        self._kept.update([self.meter.result(query) or StreamFigures() for query in queries])
        self.cells = [cells if cells and cells.known_end >= self.end else None for cells in self._kept.cells]


class TimelineStreams:
    """Measures the pairs of a history, and what is allocated in its newest snapshot.

    Args:
        history: its rows are not used.
        changed: called, in any thread, when there are newer figures; :meth:`update` uses them.

    Attributes:
        history: as measured so far; another object after each change.
        edges: of the kept cells of the largest volume among the snapshots; None before any is known.
        union: what changed in any pair; None before any is known.
        note: why the cells are coarser than the columns, or what is streamed to change that; empty otherwise.
    """

    def __init__(
        self, backend: Backend, limits: Limits, history: VolumeHistory, changed: Callable[[MeteredQuery], None]
    ) -> None:
        self._backend = backend
        self._limits = limits
        self._changed = changed
        self._pairs = pairs_of(history.snapshots, history.pairing)
        self._queries = [pair.query for pair in self._pairs]
        if (newest := history.newest) is not None:
            self._queries.append(MeteredQuery(SnapshotNames(newest.ref), newest.driver, (newest.content,)))
        self._older: list[HistoryPair] = []
        self._is_stopped = False
        settings = MeterSettings(KEPT_CELLS, (history.chunk_bytes,))
        self._meter = StreamMeter(backend, limits, settings, self._measured)
        self._kept = _KeptCells()
        self._detail: _Detail | None = None
        self._columns: VolumeColumns | None = None
        self._is_stale = True
        self.history = history
        self.edges: Int64Column | None = None
        self.union: UnionBounds | None = None
        self.note = ""

    def _measured(self, query: MeteredQuery) -> None:
        self._is_stale = True
        self._changed(query)

    def start(self) -> None:
        """Measure what is not complete."""
        self._older, self._is_stopped = [], False
        self._meter.submit(self._queries)
        self._is_stale = True

    def stop(self) -> None:
        """End all streams, and keep what was received."""
        self._is_stopped = True
        self._meter.cancel()
        if self._detail is not None:
            self._detail.meter.cancel()
        self._is_stale = True

    @property
    def is_running(self) -> bool:
        """Whether a stream runs or waits."""
        return self._meter.is_running or (self._detail is not None and self._detail.meter.is_running)

    def update(self) -> None:
        """Use the newest figures."""
        if not self._is_stale:
            return
        # First: what changes meanwhile is used the next time.
        self._is_stale = False
        figures = [self._figures_of(query) for query in self._queries]
        rows = self._rows(self._pairs)
        allocated = figures[-1] if figures else None
        self.history = replace(self.history, rows=rows, allocated=allocated, older_bases=self._rows(self._older))
        self._query_older_base()
        self._kept.update(figures)
        found = [cells.edges for cells in self._kept.cells if cells is not None]
        self.edges = max(found, key=lambda edges: int(edges[-1]), default=None)
        self.union = union_bounds([row.figures for row in rows], self._kept.cells[: len(rows)])
        if self._detail is not None:
            self._detail.update(self._queries)

    def _figures_of(self, query: MeteredQuery) -> StreamFigures:
        return self._meter.result(query) or StreamFigures()

    def _rows(self, pairs: Sequence[HistoryPair]) -> tuple[HistoryRow, ...]:
        return tuple(HistoryRow(pair, self._figures_of(pair.query), self.history.chunk_bytes) for pair in pairs)

    def _query_older_base(self) -> None:
        """Once all streams have ended, find the newest base that works for the newest snapshot."""
        if self._is_stopped or self._meter.is_running or (pair := next_older_base(self.history)) is None:
            return
        self._older.append(pair)
        self._meter.submit([pair.query])
        self.history = replace(self.history, older_bases=self._rows(self._older))

    def columns(self, start: int, end: int, count: int) -> VolumeColumns | None:
        """The columns of a range, of the finest cells there are; streams it again where these are too coarse.

        They are the same object as before unless they differ.
        """
        self.note = ""
        found = self._columns_of(self.edges, start, end, count) if self.edges is not None else None
        if found is None or self._columns is None or not found.equals(self._columns):
            self._columns = found
        return self._columns

    def _columns_of(self, edges: Int64Column, start: int, end: int, count: int) -> VolumeColumns:
        kept = columns_of(edges, start, end, count)
        if not kept.are_repeated:
            return kept
        if self._detail is None or not self._detail.is_enough(start, end, count):
            self.note = self._obstacle(int(edges[-1]))
            if self.note:
                return kept
            self._detail = self._stream_again(start, end, count, int(edges[-1]))
        if self._detail.meter.is_running:
            self.note = f"streaming {human_bytes(end - start)} of the volume again, for finer columns"
        return columns_of(self._detail.edges, start, end, count)

    @property
    def _figures(self) -> list[StreamFigures]:
        allocated = self.history.allocated
        return [*(row.figures for row in self.history.rows), *([allocated] if allocated is not None else [])]

    def _obstacle(self, capacity_bytes: int) -> str:
        """Why a range is not streamed again; empty if it is."""
        finest = f"kept cells end at {human_bytes(capacity_bytes // KEPT_CELLS)}"
        if self._meter.is_running:
            return f"{finest}: finer ones are streamed once all pairs are received"
        extents = sum(found.outcome.extents for found in self._figures if found.outcome is not None)
        if extents <= BUDGET_EXTENTS:
            return ""
        return f"{finest}, and {human_count(extents)} extents are too many to stream again; Enter opens a pair's map"

    def _stream_again(self, start: int, end: int, count: int, capacity_bytes: int) -> _Detail:
        if self._detail is not None:
            self._detail.meter.cancel()
        finest = max((end - start) // (count * _CELLS_A_COLUMN), SMALLEST_COLUMN_BYTES)
        cell_bytes = 1 << finest.bit_length() - 1
        while (DETAIL_CELLS - 2) * cell_bytes < end - start:
            cell_bytes *= 2
        size = DETAIL_CELLS * cell_bytes
        first = max(min((start + end - size) // 2, capacity_bytes - size), 0) // cell_bytes * cell_bytes
        detail = _Detail(self._backend, self._limits, (first, first + size), capacity_bytes, self._measured)
        # By the newest figures: those of the history may be older than the end of the last stream.
        detail.meter.submit([query for query in self._queries if self._figures_of(query).is_complete])
        detail.update(self._queries)
        return detail

    def cells(self, columns: VolumeColumns | None) -> list[KeptCells | None]:
        """The cells of each pair, then of the allocated blocks: finer ones where a range was streamed again."""
        kept, detail = self._kept.cells, self._detail_of(columns)
        return kept if detail is None else [finer or old for finer, old in zip(detail.cells, kept, strict=True)]

    def union_cells(self, columns: VolumeColumns | None) -> KeptCells | None:
        """The lower bounds of :attr:`union`; of finer cells once all pairs have them."""
        detail = self._detail_of(columns)
        finer = least_union(detail.cells[: len(self._pairs)]) if detail is not None else None
        return finer or (self.union.least if self.union is not None else None)

    def _detail_of(self, columns: VolumeColumns | None) -> _Detail | None:
        """The range that was streamed again, if the columns are of its cells."""
        is_of_detail = self._detail is not None and columns is not None and columns.edges is self._detail.edges
        return self._detail if is_of_detail else None
