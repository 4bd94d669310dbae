"""What differs between two reports of the same volumes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kubectl_cbt.analysis.report_figures import RowFigures, report_figures
from kubectl_cbt.model.volume_report import VolumeReport

GROWTH = 1.1
"""From this factor on a volume has grown by its allocated bytes: most grow a little all the time."""


@dataclass(frozen=True, slots=True)
class VolumeChange:
    """A volume before and now."""

    before: RowFigures
    now: RowFigures


@dataclass(frozen=True, slots=True)
class ReportDiff:
    """The differences.

    Attributes:
        since: when the earlier report was made.
        new: volumes that the earlier report does not have.
        removed: volumes that only the earlier report has, as they were.
        grown: volumes with a larger capacity, or of which a tenth more is allocated; not by incomplete streams.
        lost_cbt: volumes for which CBT worked and no longer does.
    """

    since: datetime
    new: tuple[RowFigures, ...]
    removed: tuple[RowFigures, ...]
    grown: tuple[VolumeChange, ...]
    lost_cbt: tuple[VolumeChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.new or self.removed or self.grown or self.lost_cbt)


def report_diff(before: VolumeReport, now: VolumeReport) -> ReportDiff:
    """Compare two reports, volume by volume."""
    old = {one.row.key: one for one in report_figures(before)}
    new = {one.row.key: one for one in report_figures(now)}
    both = [VolumeChange(old[key], one) for key, one in new.items() if key in old]
    return ReportDiff(
        before.generated,
        tuple(one for key, one in new.items() if key not in old),
        tuple(one for key, one in old.items() if key not in new),
        tuple(change for change in both if _has_grown(change)),
        tuple(change for change in both if change.before.has_cbt and not change.now.has_cbt),
    )


def _has_grown(change: VolumeChange) -> bool:
    before, now = change.before, change.now
    sizes = before.row.size_bytes, now.row.size_bytes
    if sizes[0] is not None and sizes[1] is not None and sizes[1] > sizes[0]:
        return True
    allocated = before.allocated, now.allocated
    if any(figure.value is None or figure.is_lower_bound for figure in allocated):
        return False
    return (now.allocated.value or 0) > (before.allocated.value or 0) * GROWTH
