"""A list of any length: only the visible lines are ever made."""

from __future__ import annotations

from textual import events
from textual.widget import Widget

_WHEEL_LINES = 3


class LineList(Widget, can_focus=True):
    """Lines by their number, one of them the current one.

    A subclass sets ``line_count`` with what it shows, and draws a line in ``render_line``.

    Attributes:
        line_count: number of lines.
        current: number of the marked line; -1 without any.
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # textual's name for it
        super().__init__(id=id)
        self.line_count = 0
        self.current = -1
        self._top = 0

    @property
    def page_lines(self) -> int:
        """The number of lines that are visible at once."""
        return max(self.content_size.height, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll up without moving the current line."""
        self._scroll_by(-_WHEEL_LINES, event)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll down without moving the current line."""
        self._scroll_by(_WHEEL_LINES, event)

    def _scroll_by(self, lines: int, event: events.MouseEvent) -> None:
        event.stop()
        self._set_top(self._top + lines)
        self.refresh()

    def _scroll_to_current(self) -> None:
        """Scroll the current line to a third of the height, unless it is visible already."""
        if not self._top <= self.current < self._top + self.page_lines:
            self._set_top(self.current - self.page_lines // 3)
        else:
            self._set_top(self._top)

    def _set_top(self, top: int) -> None:
        self._top = max(min(top, self.line_count - self.page_lines), 0)

    def on_resize(self, event: events.Resize) -> None:
        """Keep the current line on the screen. Textual may have drawn the lines before this."""
        self._scroll_to_current()
        self.refresh()

    def _scroll_glyph(self, y: int) -> str:
        """A line of the scroll bar."""
        count, height = self.line_count, self.page_lines
        if count <= height:
            return " "
        thumb = self._top * (height - 1) // max(count - height, 1)
        return "█" if y == thumb else "│"
