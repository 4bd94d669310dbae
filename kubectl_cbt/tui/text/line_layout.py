"""Lines of text that fit a given width in terminal cells, and the styles they are drawn in."""

from __future__ import annotations

from collections.abc import Sequence

from kubectl_cbt.tui.plain_text import Content, line, plain

MUTED, WARNING, ERROR, GOOD = "$quiet", "bold $text-warning", "bold $text-error", "$text-success"
SEPARATOR = " · "


def shorten(text: str, room: int) -> str:
    """A text cut to ``room`` characters, with an ellipsis if anything is cut off."""
    return text if len(text) <= room else text[: max(room - 1, 0)] + "…"


def fit_parts(width: int, parts: Sequence[tuple[str, str]], key: str = "") -> Content:
    """Parts side by side as long as they fit; the first is always there, cut at a word if it must be.

    Args:
        key: what a key does about the first part, which leaves room for it.
    """
    if key:
        room = width - len(SEPARATOR) - len(key) - 1
        return line(fit_parts(room, parts), (SEPARATOR, MUTED), (key, MUTED)) if room > 0 else fit_parts(width, parts)
    shown = line(" ", (_shorten_at_word(parts[0][0], width - 2), parts[0][1]))
    for text, style in parts[1:]:
        if shown.cell_length + len(SEPARATOR) + len(text) < width:
            shown = line(shown, (SEPARATOR, MUTED), (text, style))
    return shown


def _shorten_at_word(text: str, width: int) -> str:
    """At a word, unless that would leave next to nothing: a long path is cut where it must be."""
    if len(text) <= width:
        return text
    room = text[: max(width - 1, 0)]
    words = room.rsplit(" ", 1)[0]
    return (words if 2 * len(words) > len(room) else room) + "…"


def labelled(label: str, text: str) -> Content:
    """A line of a panel: a muted label, then its text."""
    return line((f" {label:<10}", MUTED), text)


def key_line(pairs: Sequence[tuple[str, str]]) -> Content:
    """The last line: keys and what they do."""
    shown = plain(" ")
    for key, word in pairs:
        shown = line(shown, (key, "bold $text-accent"), " ", (word, MUTED), "  ")
    return shown
