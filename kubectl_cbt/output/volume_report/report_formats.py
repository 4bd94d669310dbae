"""The formats of ``report -o``. To add one, add its file and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_cbt.output.format_enum import OutputFormat

if TYPE_CHECKING:
    from kubectl_cbt.output.volume_report.report_writer import ReportWriter


class VolumeReportFormat(OutputFormat):
    """The formats of a report."""

    writer: type[ReportWriter]

    TABLE = "table", "report_table.TableReport"
    WIDE = "wide", "report_table.WideReport"
    JSON = "json", "report_json.JsonReport"
    NDJSON = "ndjson", "report_ndjson.NdjsonReport"
    CSV = "csv", "report_csv.CsvReport"
    HTML = "html", "html.HtmlReport"
    PROMETHEUS = "prometheus", "prometheus.PrometheusReport"

    @property
    def is_text(self) -> bool:
        """Whether it is for a person's terminal, in the character set of its locale."""
        return self in (VolumeReportFormat.TABLE, VolumeReportFormat.WIDE)
