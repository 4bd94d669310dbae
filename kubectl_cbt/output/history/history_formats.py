"""The formats of ``history -o``. To add one, add its file and a line here."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Writers load numpy, which --help does not need to list the formats.
    from kubectl_cbt.output.history.history_writer import HistoryWriter


class HistoryFormat(StrEnum):
    """The formats of ``-o``; the module of ``x`` is ``history_x``."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    SVG = "svg"

    @property
    def writer(self) -> type[HistoryWriter]:
        """The class that prints the format."""
        module = import_module(f"{__package__}.history_{self}")
        writer: type[HistoryWriter] = getattr(module, f"{self.capitalize()}History")
        return writer
