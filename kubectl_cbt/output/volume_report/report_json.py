"""``report -o json``: one document, with one line per volume."""

from __future__ import annotations

from kubectl_cbt.output.encoding import as_json, json_members
from kubectl_cbt.output.volume_report.parts import head_part, tail_part, volume_part
from kubectl_cbt.output.volume_report.report_writer import PrintedReport, ReportWriter
from kubectl_cbt.output.writer import Write


class JsonReport(ReportWriter):
    """Written at the end, because volumes are sorted."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def end(self, printed: PrintedReport) -> None:
        self._write(b"{\n" + json_members(head_part(printed.report)) + b',\n  "volumes": [')
        between = b"\n"
        for one in printed.rows:
            self._write(between + b"    " + as_json(volume_part(one), indented=False))
            between = b",\n"
        closing = b"\n  ],\n" if printed.rows else b"],\n"
        self._write(closing + json_members(tail_part(printed)) + b"\n}\n")
