"""VolumeColumns of a screen made of the cells that were kept of a stream: exact sums, without its extents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from kubectl_cbt.analysis.cells import cell_edges
from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.model.stream_figures import StreamFigures

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class KeptCells:
    """The cells of one stream.

    Attributes:
        edges: int64[cells + 1], bytes, ascending.
        covered: int64[cells], covered bytes of each.
        known_end: bytes of the volume that the stream has described; a cell beyond is a lower bound.
        totals: int64[cells + 1], covered bytes of all cells before each edge.
    """

    edges: Int64Column
    covered: Int64Column
    known_end: int
    totals: Int64Column = field(init=False)

    def __post_init__(self) -> None:
        """Add up once, for sums of any cells."""
        object.__setattr__(self, "totals", np.concatenate(([0], np.cumsum(self.covered))))

    @classmethod
    def of(cls, figures: StreamFigures | None) -> KeptCells | None:
        """The cells of a measured stream; None before its capacity is known."""
        if figures is None or figures.edges is None:
            return None
        return cls(figures.edges, figures.covered, figures.known_end)


@dataclass(frozen=True, slots=True, eq=False)
class VolumeColumns:
    """Equal parts of a range of the volume, each of whole cells.

    Attributes:
        edges: of the cells, int64[cells + 1], bytes.
        first: int64[columns], the first cell of each column.
        last: int64[columns], the cell after its last one.
    """

    edges: Int64Column
    first: Int64Column
    last: Int64Column

    def __len__(self) -> int:
        """The number of columns."""
        return len(self.first)

    @property
    def starts(self) -> Int64Column:
        """The first byte of each column."""
        return self.edges[self.first]

    @property
    def ends(self) -> Int64Column:
        """The byte after the last one of each column."""
        return self.edges[self.last]

    @property
    def start(self) -> int:
        """The first byte of all."""
        return int(self.edges[self.first[0]])

    @property
    def end(self) -> int:
        """The byte after the last one of all."""
        return int(self.edges[self.last[-1]])

    @property
    def cells(self) -> int:
        """The number of cells in all columns."""
        return int(self.last[-1] - self.first[0])

    @property
    def are_repeated(self) -> bool:
        """Whether there are fewer cells than columns, so that several columns show the same cell."""
        return self.cells < len(self)

    def equals(self, other: VolumeColumns) -> bool:
        """Whether these are the same columns of the same cells."""
        return (
            self.edges is other.edges
            and np.array_equal(self.first, other.first)
            and np.array_equal(self.last, other.last)
        )

    def at(self, position: int) -> int:
        """The column of a byte; the nearest one for a byte outside."""
        return int(np.clip(np.searchsorted(self.starts, position, side="right") - 1, 0, len(self) - 1))


def _are_equal(one: Int64Column, other: Int64Column) -> bool:
    return one is other or np.array_equal(one, other)


def columns_of(edges: Int64Column, start: int, end: int, count: int) -> VolumeColumns:
    """``count`` columns over ``[start, end)``, widened to whole cells.

    Args:
        edges: of the cells, int64[cells + 1], bytes; at least one cell.
        count: at least 1.
    """
    cells = len(edges) - 1
    low = min(max(int(np.searchsorted(edges, start, side="right")) - 1, 0), cells - 1)
    high = min(max(int(np.searchsorted(edges, end, side="left")), low + 1), cells)
    bounds = low + cell_edges(0, high - low, count)
    first = np.minimum(bounds[:-1], high - 1)
    return VolumeColumns(edges, first, np.maximum(bounds[1:], first + 1))


@dataclass(frozen=True, slots=True, eq=False)
class ColumnSums:
    """The columns of one stream.

    Attributes:
        covered: int64[columns], covered bytes of each.
        widths: int64[columns], bytes of the volume in each.
        are_known: bool[columns], whether the stream has described all of it; otherwise ``covered`` is a lower bound.
        are_beyond: bool[columns], whether it begins beyond the end of the volume.
    """

    covered: Int64Column
    widths: Int64Column
    are_known: Flags
    are_beyond: Flags


def sums_in_columns(cells: KeptCells | None, columns: VolumeColumns) -> ColumnSums:
    """The sums of a stream; nothing is known of one without cells.

    Exact for cells with the edges of the columns. Others are of a volume of another size: their columns are widened to
    whole cells.
    """
    count = len(columns)
    if cells is None:
        nothing = np.zeros(count, dtype=np.int64)
        return ColumnSums(nothing, columns.ends - columns.starts, np.zeros(count, bool), np.zeros(count, bool))
    first, last = columns.first, columns.last
    totals = cells.totals
    if not _are_equal(cells.edges, columns.edges):
        most = len(cells.edges) - 1
        first = np.clip(np.searchsorted(cells.edges, columns.starts, side="right") - 1, 0, most - 1)
        last = np.clip(np.searchsorted(cells.edges, columns.ends, side="left"), first + 1, most)
    beyond = columns.starts >= cells.edges[-1]
    covered = np.where(beyond, 0, totals[last] - totals[first])
    return ColumnSums(covered, cells.edges[last] - cells.edges[first], cells.edges[last] <= cells.known_end, beyond)


def sums_of_streams(streams: Sequence[KeptCells | None], columns: VolumeColumns) -> ColumnSums:
    """As :func:`sums_in_columns`, for several streams, at least one: arrays of ``[streams, columns]``."""
    kept = [cells for cells in streams if cells is not None and cells.edges is columns.edges]
    if len(kept) < len(streams):
        sums = [sums_in_columns(cells, columns) for cells in streams]
        return ColumnSums(
            np.stack([one.covered for one in sums]),
            np.stack([one.widths for one in sums]),
            np.stack([one.are_known for one in sums]),
            np.stack([one.are_beyond for one in sums]),
        )
    totals = np.stack([cells.totals for cells in kept])
    covered = totals[:, columns.last] - totals[:, columns.first]
    widths = np.broadcast_to(columns.ends - columns.starts, covered.shape)
    are_known = columns.ends <= np.array([[cells.known_end] for cells in kept])
    return ColumnSums(covered, widths, are_known, np.zeros(covered.shape, dtype=bool))


@dataclass(frozen=True, slots=True)
class ColumnFigures:
    """One column of one stream: as in :class:`ColumnSums`."""

    covered_bytes: int
    width_bytes: int
    is_known: bool


def column_figures(streams: Sequence[KeptCells | None], columns: VolumeColumns, column: int) -> list[ColumnFigures]:
    """One column of each stream, as :func:`sums_in_columns` counts it."""
    first, last = int(columns.first[column]), int(columns.last[column])
    start, end = int(columns.edges[first]), int(columns.edges[last])
    found = []
    for cells in streams:
        if cells is not None and cells.edges is columns.edges:
            covered = int(cells.totals[last] - cells.totals[first])
            found.append(ColumnFigures(covered, end - start, end <= cells.known_end))
        else:
            sums = sums_in_columns(cells, columns)
            covered, width = int(sums.covered[column]), int(sums.widths[column])
            found.append(ColumnFigures(covered, width, bool(sums.are_known[column])))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class UnionBounds:
    """What changed at all in several deltas. Cells do not record which of their bytes changed: there are bounds.

    Attributes:
        least: the largest change of each cell. Its ``known_end`` is where the first of the streams ends.
        most_bytes: the sum of the changes, at most the cell, of all cells; None if a stream is incomplete.
    """

    least: KeptCells
    most_bytes: int | None

    @property
    def least_bytes(self) -> int:
        """The lower bound of the changed bytes."""
        return int(self.least.covered.sum())


def least_union(streams: Sequence[KeptCells | None]) -> KeptCells | None:
    """The largest change of each cell, known where all streams are; None without cells, and if their edges differ."""
    kept = [cells for cells in streams if cells is not None]
    if not kept or any(not _are_equal(cells.edges, kept[0].edges) for cells in kept[1:]):
        return None
    known_end = min(cells.known_end for cells in kept) if len(kept) == len(streams) else 0
    least = np.asarray(np.max([cells.covered for cells in kept], axis=0), dtype=np.int64)
    return KeptCells(kept[0].edges, least, known_end)


def union_bounds(rows: Sequence[StreamFigures], kept: Sequence[KeptCells | None]) -> UnionBounds | None:
    """The bounds of the union; None before any stream has cells, and if the volume's size changed.

    Args:
        kept: the cells of each.
    """
    least = least_union(kept)
    if least is None:
        return None
    most = sum(cells.covered for cells in kept if cells is not None)
    is_complete = all(figures.is_complete for figures in rows)
    return UnionBounds(least, int(np.minimum(most, np.diff(least.edges)).sum()) if is_complete else None)
