"""The streams of a timeline: each measured once for the whole volume, and again for a range that needs finer cells."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from kubectl_cbt.analysis.cells import cell_edges
from kubectl_cbt.analysis.history import pairs_of
from kubectl_cbt.analysis.volume_columns import Columns, KeptCells, UnionBounds, columns_of, least_union, union_bounds
from kubectl_cbt.measuring.stream_meter import Limits, MeterSettings, StreamMeter
from kubectl_cbt.model.backend import Backend
from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.stream_figures import MeteredQuery, StreamFigures
from kubectl_cbt.model.volume_history import HistoryRow, VolumeHistory
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
    """The cells of streams, added up once for each state of a stream."""

    def __init__(self) -> None:
        self._found: dict[MeteredQuery, tuple[StreamFigures | None, KeptCells | None]] = {}

    def of(self, query: MeteredQuery, figures: StreamFigures | None) -> KeptCells | None:
        """The cells of a stream."""
        known, cells = self._found.get(query, (None, None))
        if figures is not known:
            cells = KeptCells.of(figures)
            self._found[query] = figures, cells
        return cells


class _Detail:
    """A range that was streamed again.

    Attributes:
        edges: of its cells, if the volume is as large as ``capacity_bytes``.
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
        self._kept = _KeptCells()
        self.edges = np.minimum(cell_edges(*part, DETAIL_CELLS), capacity_bytes)
        self.end = int(self.edges[-1])
        self.meter = StreamMeter(backend, limits, MeterSettings(DETAIL_CELLS, (), part=part), changed)

    def is_enough(self, start: int, end: int, columns: int) -> bool:
        """Whether it has all of a range, with cells that are fine enough."""
        if not (self.part[0] <= start and end <= self.end):
            return False
        cell_bytes = (self.part[1] - self.part[0]) // DETAIL_CELLS
        return cell_bytes <= max((end - start) // columns, SMALLEST_COLUMN_BYTES)

    def cells(self, query: MeteredQuery) -> KeptCells | None:
        """The cells of a stream that has passed the range; None for another."""
        cells = self._kept.of(query, self.meter.result(query))
        return cells if cells is not None and cells.known_end >= self.end else None


class TimelineStreams:
    """Measures the pairs of a history, and what is allocated in its newest snapshot.

    Args:
        history: its rows are not used.
        changed: called, in any thread, when there are newer figures.

    Attributes:
        note: why the cells are coarser than the columns, or what is streamed to change that; empty otherwise.
    """

    def __init__(
        self, backend: Backend, limits: Limits, history: VolumeHistory, changed: Callable[[MeteredQuery], None]
    ) -> None:
        self._backend = backend
        self._limits = limits
        self._history = history
        self._changed = changed
        self._pairs = pairs_of(history.snapshots, history.pairing)
        newest = history.newest
        self.queries = [pair.query for pair in self._pairs]
        if newest is not None:
            self.queries.append(MeteredQuery(SnapshotNames(newest.ref), newest.driver, (newest.content,)))
        self._meter = StreamMeter(backend, limits, MeterSettings(KEPT_CELLS, (history.chunk_bytes,)), changed)
        self._kept = _KeptCells()
        self._detail: _Detail | None = None
        self._union: UnionBounds | None = None
        self._of_union: list[StreamFigures] = []
        self.note = ""

    def start(self) -> None:
        """Measure what is not complete."""
        self._meter.submit(self.queries)

    def stop(self) -> None:
        """End all streams, and keep what was received."""
        self._meter.cancel()
        if self._detail is not None:
            self._detail.meter.cancel()

    @property
    def is_running(self) -> bool:
        """Whether a stream runs or waits."""
        return self._meter.is_running or (self._detail is not None and self._detail.meter.is_running)

    @property
    def is_complete(self) -> bool:
        """Whether all streams are."""
        return all(self.figures(query).is_complete for query in self.queries)

    def figures(self, query: MeteredQuery) -> StreamFigures:
        """The newest figures of the whole volume."""
        return self._meter.result(query) or StreamFigures()

    @property
    def history(self) -> VolumeHistory:
        """The history as measured so far."""
        chunk = self._history.chunk_bytes
        rows = tuple(HistoryRow(pair, self.figures(pair.query), chunk) for pair in self._pairs)
        return replace(self._history, rows=rows, allocated=self.figures(self.queries[-1]) if self.queries else None)

    @property
    def edges(self) -> Int64Column | None:
        """The edges of the kept cells of the largest volume among the snapshots; None before any is known."""
        found = [figures.edges for figures in map(self.figures, self.queries) if figures.edges is not None]
        return max(found, key=lambda edges: int(edges[-1]), default=None)

    def columns(self, start: int, end: int, count: int) -> Columns | None:
        """The columns of a range, of the finest cells there are; streams it again where these are too coarse."""
        self.note = ""
        edges = self.edges
        if edges is None:
            return None
        kept = columns_of(edges, start, end, count)
        if not kept.are_repeated:
            return kept
        if self._detail is None or not self._detail.is_enough(start, end, count):
            self.note = self._obstacle(int(edges[-1]))
            if self.note:
                return kept
            self._stream_again(start, end, count, int(edges[-1]))
        assert self._detail is not None  # noqa: S101  # made above
        if self._detail.meter.is_running:
            self.note = f"streaming {human_bytes(end - start)} of the volume again, for finer columns"
        return columns_of(self._detail.edges, start, end, count)

    def _obstacle(self, capacity_bytes: int) -> str:
        """Why a range is not streamed again; empty if it is."""
        finest = f"kept cells end at {human_bytes(capacity_bytes // KEPT_CELLS)}"
        if self._meter.is_running:
            return f"{finest}: finer ones are streamed once all pairs are received"
        outcomes = [self.figures(query).outcome for query in self.queries]
        extents = sum(outcome.extents for outcome in outcomes if outcome is not None)
        if extents <= BUDGET_EXTENTS:
            return ""
        return f"{finest}, and {human_count(extents)} extents are too many to stream again; Enter opens a pair's map"

    def _stream_again(self, start: int, end: int, count: int, capacity_bytes: int) -> None:
        if self._detail is not None:
            self._detail.meter.cancel()
        finest = max((end - start) // (count * _CELLS_A_COLUMN), SMALLEST_COLUMN_BYTES)
        cell_bytes = 1 << finest.bit_length() - 1
        while (DETAIL_CELLS - 2) * cell_bytes < end - start:
            cell_bytes *= 2
        size = DETAIL_CELLS * cell_bytes
        first = max(min((start + end - size) // 2, capacity_bytes - size), 0) // cell_bytes * cell_bytes
        self._detail = _Detail(self._backend, self._limits, (first, first + size), capacity_bytes, self._changed)
        self._detail.meter.submit([query for query in self.queries if self.figures(query).is_complete])

    def cells(self, query: MeteredQuery, columns: Columns | None) -> KeptCells | None:
        """The cells of a stream for these columns: finer ones if it was streamed again and they are received."""
        found = None
        if self._detail is not None and columns is not None and columns.edges is self._detail.edges:
            found = self._detail.cells(query)
        return found or self._kept.of(query, self.figures(query))

    def union(self, columns: Columns | None) -> tuple[UnionBounds | None, KeptCells | None]:
        """What changed in any pair: of the whole volume, and its cells for these columns."""
        pairs = [pair.query for pair in self._pairs]
        figures = list(map(self.figures, pairs))
        # The figures are replaced when they change.
        if len(figures) != len(self._of_union) or any(map(operator.is_not, figures, self._of_union)):
            self._union, self._of_union = union_bounds(figures), figures
        whole = self._union.least if self._union is not None else None
        if self._detail is None or columns is None or columns.edges is not self._detail.edges:
            return self._union, whole
        # Of finer cells, once all pairs have them.
        return self._union, least_union([self.cells(query, columns) for query in pairs]) or whole
