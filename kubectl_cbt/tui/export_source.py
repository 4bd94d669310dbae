"""What the export dialog offers and writes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.model.extents import Run
from kubectl_cbt.units import REPLACEMENT, human_bytes, human_offset, human_offsets, printable

Range = tuple[int, int]
"""Bytes of the volume, half-open."""
RangeChoices = Sequence[tuple[str, Range | None]]
"""Ranges with a description of each; None is everything."""


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
    def ranges(self) -> RangeChoices:
        """The ranges of the volume; the first is chosen at first. A picture is of no range."""
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


def ranges_of_map(viewport: Viewport, run: Run | None, selection: Range | None) -> RangeChoices:
    """The ranges that a map offers: the selected range, everything, the run at the cursor, the visible range."""
    ranges: list[tuple[str, Range | None]] = [("everything", None)]
    if selection is not None:
        ranges.insert(0, (f"the selected range: {' – '.join(human_offsets(selection))}", selection))
    if run is not None:
        ranges.append((f"the run at the cursor: {human_bytes(run.size_bytes)} at {human_offset(run.start)}", run))
    if not viewport.is_whole:
        visible = (viewport.start, viewport.end)
        ranges.append((f"the visible range: {' – '.join(human_offsets(visible))}", visible))
    return ranges


def safe_stem(name: str) -> str:
    """A name (untrusted) that cannot point to another directory, a home directory or a hidden file."""
    return re.sub(f"[/{REPLACEMENT}]|^[.~-]+", "_", printable(name))
