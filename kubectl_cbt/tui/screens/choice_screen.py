"""A list to choose one name from: typing filters it, Enter chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip

from kubectl_cbt.tui.plain_text import PlainInput, set_subtitle, set_title
from kubectl_cbt.tui.snapshot_columns import fitted
from kubectl_cbt.tui.widgets.line_list import LineList


class ChoiceList(LineList, can_focus=False):
    """The names that match, one of them the current one. The input line keeps the keyboard."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"choices--current", "choices--scroll"}

    @dataclass
    class Activated(Message):
        """The current name was double-clicked."""

    def __init__(self) -> None:
        super().__init__(id="choices")
        self._names: Sequence[str] = ()
        self.empty_text = ""

    def show(self, names: Sequence[str], current: int) -> None:
        """Show these names."""
        self._names, self.line_count, self.current = names, len(names), current if names else -1
        self._scroll_to_current()
        self.refresh()

    def move(self, by: int) -> None:
        """Move to another name, within the list."""
        if self.current >= 0:
            self.current = max(min(self.current + by, self.line_count - 1), 0)
            self._scroll_to_current()
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Move to the name under the pointer, and activate it on the second click of a double click."""
        line = self._top + event.y
        if line < self.line_count:
            is_second = event.chain == 2 and line == self.current
            self.current = line
            self.refresh()
            if is_second:
                self.post_message(self.Activated())

    def render_line(self, y: int) -> Strip:
        width, base, line = self.content_size.width, self.rich_style, self._top + y
        if not self._names and y == 0:
            return Strip([Segment(fitted(self.empty_text, width), base)])
        if line >= self.line_count:
            return Strip.blank(width, base)
        is_current = line == self.current
        style = base + self.get_component_rich_style("choices--current", partial=True) if is_current else base
        text = fitted(f"{'▸' if is_current else ' '} {self._names[line]}", max(width - 2, 0))
        scroll = base + self.get_component_rich_style("choices--scroll", partial=True)
        bar = Segment(f" {self._scroll_glyph(y)}", scroll)
        return Strip([Segment(text, style), bar]).adjust_cell_length(width, base)


class ChoiceScreen(ModalScreen[str | None]):
    """The result is the chosen name, or None when the list was closed.

    Args:
        title: of the frame.
        names: to choose from.
        current: the name to begin at, if it is among them.
        accepts_other: whether Enter also takes a typed text that matches no name.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "close", show=False),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
        Binding("ctrl+c", "app.quit", show=False),
    ]

    def __init__(self, title: str, names: Sequence[str], current: str = "", *, accepts_other: bool = False) -> None:
        super().__init__()
        self._title, self._names, self._current, self._accepts_other = title, names, current, accepts_other
        self._found: Sequence[str] = names

    def compose(self) -> ComposeResult:
        with Vertical(id="choice") as frame:
            set_title(frame, self._title)
            set_subtitle(frame, "type to filter · Enter choose · Esc close")
            yield PlainInput(compact=True, id="choice-filter", placeholder="filter")
            yield ChoiceList()

    def on_mount(self) -> None:
        """Show all names."""
        self._list.styles.height = min(max(len(self._names), 1), 20)
        self._list.show(self._names, self._names.index(self._current) if self._current in self._names else 0)
        self.set_focus(self.query_one(PlainInput))

    @property
    def _list(self) -> ChoiceList:
        return self.query_one(ChoiceList)

    def on_input_changed(self, event: PlainInput.Changed) -> None:
        """Show the matching names."""
        event.stop()
        typed = event.value.strip()
        words = typed.lower().split()
        self._found = [name for name in self._names if all(word in name.lower() for word in words)]
        self._list.empty_text = f"Enter chooses {typed}" if self._accepts_other else "no name matches"
        self._list.show(self._found, 0)

    def on_input_submitted(self, event: PlainInput.Submitted) -> None:
        """Choose the current name."""
        event.stop()
        typed = event.value.strip()
        if self._found:
            self._choose()
        elif self._accepts_other and typed:
            self.dismiss(typed)

    @on(ChoiceList.Activated)
    def _choose(self) -> None:
        self.dismiss(self._found[self._list.current])

    def action_move(self, by: int) -> None:
        """Move by names."""
        self._list.move(by)

    def action_page(self, by: int) -> None:
        """Move by screens."""
        self._list.move(by * self._list.page_lines)

    def action_cancel(self) -> None:
        """Close without a choice."""
        self.dismiss(None)
