"""A scrollable text over a screen: the keys, or the problems of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from kubectl_cbt.tui.keys import KeyGroup
from kubectl_cbt.tui.plain_text import Content, PlainText, joined, line, plain, set_subtitle, set_title
from kubectl_cbt.tui.text.line_layout import MUTED

_CLOSE = "escape,q,enter,question_mark,v"


class TextScreen(ModalScreen[None]):
    """A frame of text; the arrow keys scroll it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(_CLOSE, "dismiss", "close", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("ctrl+c", "app.quit", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Content]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="text") as frame:
            set_title(frame, self._title)
            set_subtitle(frame, "Esc closes")
            yield PlainText(joined(self._lines))

    def action_scroll(self, lines: int) -> None:
        """Scroll."""
        self.query_one("#text").scroll_relative(y=lines, animate=False)


def key_lines(groups: Sequence[KeyGroup], mouse: str) -> list[Content]:
    """All keys by group, and the use of the mouse."""
    lines: list[Content] = []
    for group in groups:
        lines += [plain(""), plain(group.title, "bold")] if lines else [plain(group.title, "bold")]
        lines += [line((f"  {key.shown:<10}", "bold $text-accent"), (key.help, "")) for key in group.keys]
    lines += [plain(""), plain(mouse, MUTED)]
    return lines
