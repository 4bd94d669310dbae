"""The formats of ``history -o``. To add one, add its file and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_cbt.output.format_enum import OutputFormat

if TYPE_CHECKING:
    # Writers load numpy, which --help does not need to list the formats.
    from kubectl_cbt.output.history.history_writer import HistoryWriter


class HistoryFormat(OutputFormat):
    """The formats of a history."""

    writer: type[HistoryWriter]

    TABLE = "table", "history_table.TableHistory"
    WIDE = "wide", "history_wide.WideHistory"
    JSON = "json", "history_json.JsonHistory"
    NDJSON = "ndjson", "history_ndjson.NdjsonHistory"
    CSV = "csv", "history_csv.CsvHistory"
    SVG = "svg", "history_svg.SvgHistory"
