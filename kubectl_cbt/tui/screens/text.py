"""Text to read over a screen: the keys, or what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from kubectl_cbt.tui.keys import KeyGroup
from kubectl_cbt.tui.wording import MUTED, joined

_CLOSE = "escape,q,enter,question_mark,v"


class TextScreen(ModalScreen[None]):
    """A frame of text; the arrows scroll it."""

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
            frame.border_title = self._title
            frame.border_subtitle = "Esc closes"
            yield Static(joined(iter(self._lines)))

    def action_scroll(self, lines: int) -> None:
        """Scroll."""
        self.query_one("#text").scroll_relative(y=lines, animate=False)


def key_lines(groups: Sequence[KeyGroup]) -> list[Content]:
    """Every key, under its group."""
    lines: list[Content] = []
    for group in groups:
        lines += [Content(""), Content.styled(group.title, "bold")] if lines else [Content.styled(group.title, "bold")]
        lines += [Content.assemble((f"  {key.shown:<10}", "bold $text-accent"), (key.help, "")) for key in group.keys]
    lines += [Content(""), Content.styled("The mouse: a click moves the cursor, the wheel zooms.", MUTED)]
    return lines
