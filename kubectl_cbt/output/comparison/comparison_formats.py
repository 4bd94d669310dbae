"""The formats of ``compare -o``. To add one, add its file and a line here."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Writers load numpy, which --help does not need to list the formats.
    from kubectl_cbt.output.comparison.comparison_writer import ComparisonWriter


class ComparisonFormat(StrEnum):
    """The name of a format, which its module and its class have too."""

    SUMMARY = "summary"
    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    SVG = "svg"

    @property
    def writer(self) -> type[ComparisonWriter]:
        """The class that prints the format."""
        module = import_module(f"kubectl_cbt.output.comparison.comparison_{self}")
        writer: type[ComparisonWriter] = getattr(module, f"{self.capitalize()}Comparison")
        return writer
