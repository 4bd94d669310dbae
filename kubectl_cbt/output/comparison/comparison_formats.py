"""The formats of ``compare -o``. To add one, add its file and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_cbt.output.format_enum import OutputFormat

if TYPE_CHECKING:
    # Writers load numpy, which --help does not need to list the formats.
    from kubectl_cbt.output.comparison.comparison_writer import ComparisonWriter


class ComparisonFormat(OutputFormat):
    """The formats of a comparison."""

    writer: type[ComparisonWriter]

    SUMMARY = "summary", "comparison_summary.SummaryComparison"
    TABLE = "table", "comparison_table.TableComparison"
    JSON = "json", "comparison_json.JsonComparison"
    CSV = "csv", "comparison_csv.CsvComparison"
    SVG = "svg", "comparison_svg.SvgComparison"
