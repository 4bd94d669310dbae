"""A scrollable text over a screen: the help, or the problems of a stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen

from kubectl_cbt.tui.plain_text import Content, PlainInput, PlainText, joined, plain, set_subtitle, set_title
from kubectl_cbt.tui.text.line_layout import MUTED

_CLOSE = "q,enter,question_mark,v"


class _Scrolled(VerticalScroll):
    """Reports that it was scrolled."""

    def __init__(self, scrolled: Callable[[], None]) -> None:
        super().__init__(id="text-lines")
        self._scrolled = scrolled

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._scrolled()


class TextScreen(ModalScreen[None]):
    """A frame of text: the arrow keys scroll it, a search shows the matching lines alone.

    Args:
        lines: an empty line separates paragraphs.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(_CLOSE, "dismiss", "close", show=False),
        Binding("escape", "leave", "close", show=False),
        Binding("slash", "search", "search", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("pageup,b", "page(-1)", show=False),
        Binding("home,g", "edge(False)", show=False),
        Binding("end,G", "edge(True)", show=False),
        Binding("ctrl+c", "app.quit", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Content]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        with Vertical(id="text") as frame:
            set_title(frame, self._title)
            with _Scrolled(self._draw_position):
                yield PlainText(joined(self._lines))
            search = PlainInput(compact=True, id="text-search", placeholder="search: lines with all of these words")
            search.display = False
            yield search

    def on_mount(self) -> None:
        """Give the keyboard to the text."""
        self._text.focus()
        self.call_after_refresh(self._draw_position)

    def on_resize(self) -> None:
        """Show how much of the text is visible."""
        self.call_after_refresh(self._draw_position)

    @property
    def _text(self) -> VerticalScroll:
        return self.query_one("#text-lines", VerticalScroll)

    @property
    def _search(self) -> PlainInput:
        return self.query_one("#text-search", PlainInput)

    def _draw_position(self) -> None:
        text = self._text
        total, shown = text.virtual_size.height, text.scrollable_content_region.height
        first = round(text.scroll_y)
        place = (
            f"{first + 1}–{min(first + shown, total)} of {total} lines · ↑↓ PgUp PgDn scroll · "
            if total > shown
            else ""
        )
        set_subtitle(self.query_one("#text"), f"{place}/ search · Esc close")

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self._text.scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by screens."""
        self._text.scroll_relative(y=pages * max(self._text.scrollable_content_region.height - 1, 1), animate=False)

    def action_edge(self, at_end: bool) -> None:  # Textual passes the argument in the binding
        """Scroll to the first or the last line."""
        (self._text.scroll_end if at_end else self._text.scroll_home)(animate=False)

    def action_search(self) -> None:
        """Open the search."""
        self._search.display = True
        self.set_focus(self._search)

    def action_leave(self) -> None:
        """End the search; without one, close."""
        if self._search.display:
            self._search.value = ""
            self._search.display = False
            self.set_focus(self._text)
        else:
            self.dismiss(None)

    def on_input_changed(self, event: PlainInput.Changed) -> None:
        """Show the matching lines."""
        event.stop()
        words = event.value.lower().split()
        found = [line for line in self._lines if all(word in line.plain.lower() for word in words)]
        if words:
            found = [line for line in found if line.plain.strip()] or [plain("no line has all of these words", MUTED)]
        self.query_one(PlainText).update(joined(found))
        self.call_after_refresh(self._draw_position)

    def on_input_submitted(self, event: PlainInput.Submitted) -> None:
        """Give the keyboard back to the text, which stays reduced to the matching lines."""
        event.stop()
        self.set_focus(self._text)
