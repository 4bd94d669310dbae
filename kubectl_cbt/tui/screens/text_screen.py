"""A scrollable text over a screen: the help, or the problems of a stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.geometry import Region
from textual.screen import ModalScreen

from kubectl_cbt.tui.plain_text import Content, PlainInput, PlainText, joined, plain, set_subtitle, set_title
from kubectl_cbt.tui.text.line_layout import MUTED

_CLOSE = "q,question_mark,v"


class _Scrolled(VerticalScroll):
    """Reports that it was scrolled."""

    def __init__(self, scrolled: Callable[[], None]) -> None:
        super().__init__(id="text-lines")
        self._scrolled = scrolled

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._scrolled()


class TextScreen(ModalScreen[int | None]):
    """A frame of text: the arrow keys scroll it, a search shows the matching lines alone.

    With places the arrow keys select a line that has one, and Enter closes the screen with it.

    Args:
        lines: an empty line separates paragraphs.
        places: by the number of a line, the byte offset that it is about.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(_CLOSE, "dismiss", "close", show=False),
        Binding("enter", "choose", "go to the place", show=False),
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

    def __init__(self, title: str, lines: Sequence[Content], places: Mapping[int, int] | None = None) -> None:
        super().__init__()
        self._title, self._lines, self._places = title, lines, dict(places or {})
        self._current = min(self._places, default=None)

    def compose(self) -> ComposeResult:
        with Vertical(id="text") as frame:
            set_title(frame, self._title)
            with _Scrolled(self._draw_position):
                yield PlainText(joined(self._marked()))
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
        keys = "/ search · Esc close"
        if self._places:
            keys = f"↑↓ select · Enter go there · {keys}"
        if total > shown:
            arrows = "" if self._places else "↑↓ "
            keys = f"{first + 1}–{min(first + shown, total)} of {total} lines · {arrows}PgUp PgDn scroll · {keys}"
        set_subtitle(self.query_one("#text"), keys)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines; with places, select the next or the previous one."""
        if self._current is None:
            self._text.scroll_relative(y=lines, animate=False)
            return
        numbers = sorted(self._places)
        index = numbers.index(self._current) + lines
        self._current = numbers[max(min(index, len(numbers) - 1), 0)]
        self.query_one(PlainText).update(joined(self._marked()))
        self._text.scroll_to_region(Region(0, self._current, 1, 1), animate=False)

    def _marked(self) -> list[Content]:
        """The lines, with the selected one highlighted."""
        return [text.stylize("reverse") if number == self._current else text for number, text in enumerate(self._lines)]

    def action_choose(self) -> None:
        """Close with the selected place."""
        self.dismiss(None if self._current is None else self._places[self._current])

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
        self._current = min(self._places, default=None) if not words else None
        found = [line for line in self._marked() if all(word in line.plain.lower() for word in words)]
        if words:
            found = [line for line in found if line.plain.strip()] or [plain("no line has all of these words", MUTED)]
        self.query_one(PlainText).update(joined(found))
        self.call_after_refresh(self._draw_position)

    def on_input_submitted(self, event: PlainInput.Submitted) -> None:
        """Give the keyboard back to the text, which stays reduced to the matching lines."""
        event.stop()
        self.set_focus(self._text)
