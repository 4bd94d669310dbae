"""What a timeline shows of each pair, of all pairs together, and of the newest snapshot: texts and cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from kubectl_cbt.analysis.volume_columns import KeptCells, UnionBounds
from kubectl_cbt.errors import Interrupted
from kubectl_cbt.model.stream_figures import StreamFigures
from kubectl_cbt.model.volume_history import HistoryPair, HistoryRow
from kubectl_cbt.output.snapshot_cells import name_of
from kubectl_cbt.units import age, human_bytes, percent, utc_minute


class BandKind(Enum):
    """What the cells of a band are."""

    DELTA = "delta"
    UNION = "union"
    ALLOCATED = "allocated"


UNION_NAME, ALLOCATED_NAME = "all pairs", "allocated"
OTHER_NAMES = (UNION_NAME, ALLOCATED_NAME)
"""The names of the bands that are not of one pair."""


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """One band of a timeline.

    Attributes:
        name: on its first line (untrusted).
        interval: the time since the base; empty without one.
        when: on its second line.
        figure: changed bytes, on its first line.
        share: of the volume, on its second line.
        bar: the length of the bar beside it, 0.0 to 1.0.
        rate: on the second line, below the bar.
        has_problem: whether the figure says that there are no figures.
        cells: None if nothing is known.
    """

    kind: BandKind
    name: str
    cells: KeptCells | None
    figure: str
    interval: str = ""
    when: str = ""
    share: str = ""
    bar: float = 0.0
    rate: str = ""
    has_problem: bool = False


def fastest_change(rows: Sequence[HistoryRow]) -> int:
    """The most bytes a day of all pairs."""
    return max((row.churn_per_day_bytes or 0 for row in rows), default=0)


def delta_band(row: HistoryRow, cells: KeptCells | None, fastest: int) -> Band:
    """The band of a pair.

    Args:
        fastest: the most bytes a day of all pairs; the bar is relative to it.
    """
    pair, churn = row.pair, row.churn_per_day_bytes
    figure, has_problem = figure_of(row.figures)
    return Band(
        BandKind.DELTA,
        name_of(pair.target),
        cells,
        figure,
        interval=interval_of(pair),
        when=utc_minute(pair.target.created) if pair.target.created else "",
        share=_share_of(row.figures),
        bar=churn / fastest if churn and fastest else 0.0,
        rate=f"{human_bytes(churn)}/d" if churn is not None else "",
        has_problem=has_problem,
    )


def allocated_band(figures: StreamFigures, cells: KeptCells | None) -> Band:
    """The allocated blocks of the newest snapshot."""
    figure, has_problem = figure_of(figures)
    share = _share_of(figures)
    return Band(BandKind.ALLOCATED, ALLOCATED_NAME, cells, figure, share=share, has_problem=has_problem)


def union_band(bounds: UnionBounds | None, cells: KeptCells | None) -> Band:
    """What changed at all."""
    if bounds is None:
        return Band(BandKind.UNION, UNION_NAME, cells, "unknown")
    most = f"≤ {human_bytes(bounds.most_bytes)}" if bounds.most_bytes is not None else ""
    return Band(BandKind.UNION, UNION_NAME, cells, f"≥ {human_bytes(bounds.least_bytes)}", share=most)


def interval_of(pair: HistoryPair) -> str:
    """The time from base to target: ``24h``, ``6d``; empty when unknown."""
    return age(pair.base.created, pair.target.created) if pair.base.created and pair.target.created else ""


def figure_of(figures: StreamFigures) -> tuple[str, bool]:
    """Covered bytes, or why there are none; and whether that is a problem."""
    outcome = figures.outcome
    if outcome is not None and (outcome.messages or figures.is_complete):
        size = human_bytes(figures.covered_bytes)
        return (size, False) if figures.is_complete else (f"≥ {size}", False)
    if figures.failure is None:
        return ("waiting" if figures.is_running else ""), False
    return ("stopped", False) if figures.failure.type == Interrupted.kind else ("failed", True)


def _share_of(figures: StreamFigures) -> str:
    if not figures.is_complete or not figures.capacity_bytes:
        return ""
    return percent(figures.covered_bytes, figures.capacity_bytes)
