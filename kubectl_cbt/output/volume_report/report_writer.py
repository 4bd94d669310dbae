"""The interface of the formats of ``report``: a report begins, its volumes are measured, and it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kubectl_cbt.analysis.report_diff import ReportDiff
from kubectl_cbt.analysis.report_figures import RowFigures, report_figures
from kubectl_cbt.model.volume_report import VolumeReport
from kubectl_cbt.output.writer import Write


@dataclass(frozen=True, slots=True)
class PrintedReport:
    """What a writer prints.

    Attributes:
        rows: the figures of all volumes, in the report's order.
        diff: to an earlier report; None without one.
    """

    report: VolumeReport
    rows: tuple[RowFigures, ...]
    diff: ReportDiff | None = None

    @classmethod
    def of(cls, report: VolumeReport, diff: ReportDiff | None = None) -> PrintedReport:
        """The report with its figures."""
        return cls(report, tuple(report_figures(report)), diff)


class ReportWriter(Protocol):
    """Prints one report; :meth:`end` is called exactly once, also after a failure."""

    def __init__(self, write: Write) -> None: ...

    def begin(self, report: VolumeReport) -> None:
        """Print what is known before the first volume; ``report`` has no rows yet."""

    def volume(self, figures: RowFigures) -> None:
        """A volume was measured; in the order in which they are."""

    def end(self, printed: PrintedReport) -> None:
        """Print the whole report, or what is left of it."""
        ...
