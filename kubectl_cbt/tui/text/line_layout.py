"""Lines of text that fit a width in terminal cells, and the styles they are drawn in."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from kubectl_cbt.output.drawing.text_width import SEPARATOR
from kubectl_cbt.tui.plain_text import Content, line
from kubectl_cbt.units import printable

MUTED, WARNING, ERROR, GOOD = "$quiet", "bold $text-warning", "bold $text-error", "$text-success"


def fit_parts(width: int, parts: Sequence[tuple[str, str]], key: str = "") -> Content:
    """Parts side by side as far as they fit in ``width`` cells. The first is always present, shortened if necessary.

    Args:
        parts: texts and styles.
        key: a key and its action, which always stand after the first part if there is room for both.
    """
    if key:
        room = width - len(SEPARATOR) - len(key) - 1
        return line(fit_parts(room, parts), (SEPARATOR, MUTED), (key, MUTED)) if room > 0 else fit_parts(width, parts)
    shown = line(" ", (_shorten_at_word(parts[0][0], width - 2), parts[0][1]))
    for text, style in parts[1:]:
        if shown.cell_length + len(SEPARATOR) + cell_len(printable(text)) < width:
            shown = line(shown, (SEPARATOR, MUTED), (text, style))
    return shown


def _shorten_at_word(text: str, cells: int) -> str:
    """Cut between words, unless more than half of the text would be lost, as with a long path."""
    text = printable(text)
    if cell_len(text) <= cells:
        return text
    cut = set_cell_size(text, max(cells - 1, 0))
    words = cut.rsplit(" ", 1)[0]
    return (words if 2 * cell_len(words) > cell_len(cut) else cut) + "…"


def labelled(label: str, text: str) -> Content:
    """A line of a panel: a muted label, then its text."""
    return line((f" {label:<10}", MUTED), text)
