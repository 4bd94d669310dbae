"""The formats of ``report -o``. To add one, add its file and a line here."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubectl_cbt.output.volume_report.report_writer import ReportWriter


class VolumeReportFormat(StrEnum):
    """The formats of ``-o``."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    HTML = "html"
    PROMETHEUS = "prometheus"

    @property
    def is_text(self) -> bool:
        """Whether it is for a person's terminal, in the character set of its locale."""
        return self in (VolumeReportFormat.TABLE, VolumeReportFormat.WIDE)

    @property
    def writer(self) -> type[ReportWriter]:
        """The class that prints the format."""
        module, name = _WRITERS[self]
        writer: type[ReportWriter] = getattr(import_module(f"{__package__}.{module}"), name)
        return writer


_WRITERS = {
    VolumeReportFormat.TABLE: ("report_table", "TableReport"),
    VolumeReportFormat.WIDE: ("report_table", "WideReport"),
    VolumeReportFormat.JSON: ("report_json", "JsonReport"),
    VolumeReportFormat.NDJSON: ("report_ndjson", "NdjsonReport"),
    VolumeReportFormat.CSV: ("report_csv", "CsvReport"),
    VolumeReportFormat.HTML: ("html", "HtmlReport"),
    VolumeReportFormat.PROMETHEUS: ("prometheus", "PrometheusReport"),
}
