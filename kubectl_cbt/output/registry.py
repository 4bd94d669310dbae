"""The formats of ``-o`` where extents are printed. To add one, add its file and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_cbt.output.format_enum import OutputFormat

if TYPE_CHECKING:
    # Writers load numpy, which --help does not need to list the formats.
    from kubectl_cbt.output.writer import Writer


class StreamFormat(OutputFormat):
    """The formats of a stream."""

    writer: type[Writer]

    SUMMARY = "summary", "summary_writer.SummaryWriter"
    TABLE = "table", "table.TableWriter"
    WIDE = "wide", "wide.WideWriter"
    JSON = "json", "json.JsonWriter"
    YAML = "yaml", "yaml.YamlWriter"
    NDJSON = "ndjson", "ndjson.NdjsonWriter"
    CSV = "csv", "csv.CsvWriter"
    RANGES = "ranges", "range_lines.RangesWriter"
    NAME = "name", "name.NameWriter"
    SVG = "svg", "svg.SvgWriter"
    DDRESCUE = "ddrescue", "ddrescue.DdrescueWriter"
    QEMU_MAP = "qemu-map", "qemu_json.QemuMapWriter"
    LISTER_JSON = "lister-json", "lister_json.ListerJsonWriter"
