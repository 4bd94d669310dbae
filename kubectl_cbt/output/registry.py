"""The formats of ``-o`` where extents are printed. To add one, add its file and a line here."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    # Writers load numpy, which --help does not need to list the formats.
    from kubectl_cbt.output.writer import Writer


class StreamFormat(StrEnum):
    """The name of a format, and the module and class of its writer, which are imported on use."""

    _writer: str

    # The default is for type checkers only: StreamFormat("json") looks up a member.
    def __new__(cls, name: str, writer: str = "") -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member._writer = writer
        return member

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

    @property
    def writer(self) -> type[Writer]:
        """The class that prints the format."""
        module, _, name = self._writer.partition(".")
        writer: type[Writer] = getattr(import_module(f"kubectl_cbt.output.{module}"), name)
        return writer
