"""Output formats by their ``-o`` name. A new format is one file and two lines here."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The writers import numpy, which --help does not need.
    from kubectl_cbt.output.writer import MakeWriter


class StreamFormat(StrEnum):
    """Values of ``-o`` for commands that print extents."""

    SUMMARY = "summary"
    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NDJSON = "ndjson"
    CSV = "csv"
    NAME = "name"
    LISTER_JSON = "lister-json"


# Module and class: a format is imported only when it is used.
_WRITERS = {
    StreamFormat.SUMMARY: ("summary_writer", "SummaryWriter"),
    StreamFormat.TABLE: ("table", "TableWriter"),
    StreamFormat.WIDE: ("table", "WideWriter"),
    StreamFormat.JSON: ("json", "JsonWriter"),
    StreamFormat.YAML: ("yaml", "YamlWriter"),
    StreamFormat.NDJSON: ("ndjson", "NdjsonWriter"),
    StreamFormat.CSV: ("csv", "CsvWriter"),
    StreamFormat.NAME: ("name", "NameWriter"),
    StreamFormat.LISTER_JSON: ("lister_json", "ListerJsonWriter"),
}


def make_writer(form: StreamFormat) -> MakeWriter:
    """Return the writer class of a format."""
    module, writer = _WRITERS[form]
    found: MakeWriter = getattr(import_module(f"kubectl_cbt.output.{module}"), writer)
    return found
