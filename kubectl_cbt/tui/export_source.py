"""What the export dialog offers and writes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from kubectl_cbt.units import REPLACEMENT, printable

Range = tuple[int, int]
"""Bytes of the volume, half-open."""


class Form(StrEnum):
    """Formats of an exported file."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    SVG = "svg"


class ExportSource(Protocol):
    """Something that can be exported, as it was when the dialog was opened."""

    @property
    def forms(self) -> Mapping[Form, str]:
        """The formats, with a description of each; the first is chosen at first."""
        ...

    @property
    def ranges(self) -> Sequence[tuple[str, Range | None]]:
        """The ranges of the volume, with a description of each; None is everything. A picture is of no range."""
        ...

    @property
    def stem(self) -> str:
        """Proposed name of the file, without suffix."""
        ...

    def write(self, form: Form, part: Range | None, path: Path, *, overwrite: bool) -> None:
        """Write the file. Called in another thread than the screen's.

        Raises:
            OutputError: the file exists and ``overwrite`` is False, or it cannot be written. No partial file is left.
        """
        ...


def safe_stem(name: str) -> str:
    """A name (untrusted) that cannot point to another directory, a home directory or a hidden file."""
    return re.sub(f"[/{REPLACEMENT}]|^[.~-]+", "_", printable(name))
