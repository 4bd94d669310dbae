"""``report -o ndjson``: a line for the head, one for each volume when it was measured, and one for the end."""

from __future__ import annotations

from kubectl_cbt.analysis.report_figures import RowFigures
from kubectl_cbt.model.volume_report import VolumeReport
from kubectl_cbt.output.encoding import as_json
from kubectl_cbt.output.volume_report.parts import Part, end_part, head_part, volume_part
from kubectl_cbt.output.volume_report.report_writer import PrintedReport, ReportWriter
from kubectl_cbt.output.writer import Write


class NdjsonReport(ReportWriter):
    """Volumes are in the order in which their streams end."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._written: set[str] = set()

    def begin(self, report: VolumeReport) -> None:
        self._line(head_part(report))

    def volume(self, figures: RowFigures) -> None:
        self._written.add(figures.row.key)
        self._line(volume_part(figures))

    def end(self, printed: PrintedReport) -> None:
        for one in printed.rows:
            if one.row.key not in self._written:
                self.volume(one)
        self._line(end_part(printed))

    def _line(self, part: Part) -> None:
        self._write(as_json(part, indented=False) + b"\n")
