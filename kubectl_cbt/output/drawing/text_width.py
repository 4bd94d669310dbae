"""Text that fits a number of columns."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from kubectl_cbt.units import printable

SEPARATOR = " · "
"""Between parts of a line."""


def shorten(text: str, cells: int) -> str:
    """The printable text, cut to ``cells`` with an ellipsis if it is wider. Wide characters take two cells."""
    text = printable(text)
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, max(cells - 1, 0)).rstrip(" ") + "…"
