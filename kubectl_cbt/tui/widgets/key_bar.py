"""The last line: keys and what they do. A click does what the key does."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from kubectl_cbt.tui.keys import Key, KeyGroup, footer
from kubectl_cbt.tui.plain_text import Content, PlainText, line, plain
from kubectl_cbt.tui.text.line_layout import MUTED

_GAP = 2


class KeyBar(PlainText):
    """Shows the keys that fit."""

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._keys: list[Key] = []

    def show(self, groups: Sequence[KeyGroup], width: int) -> None:
        """Show the keys of these groups that fit in ``width`` cells."""
        found = footer(groups, width)
        if found != self._keys:
            self._keys = found
            self.update(key_line(found))

    async def on_click(self, event: events.Click) -> None:
        """Do what the key under the pointer does."""
        column = 1
        for key in self._keys:
            columns = len(key.short) + 1 + len(key.footer)
            if column <= event.x < column + columns:
                await self.run_action(key.action if "." in key.action else f"screen.{key.action}")
                return
            column += columns + _GAP


def key_line(keys: Sequence[Key]) -> Content:
    """Keys and their words side by side."""
    shown = plain(" ")
    for key in keys:
        shown = line(shown, (key.short, "bold $text-accent"), " ", (key.footer, MUTED), " " * _GAP)
    return shown
