"""The only module that turns strings into drawable content.

Names, handles and messages come from servers, drivers and files, and lines are typed by users. Textual parses strings
as markup nearly everywhere: ``[/x]`` ends the app, and ``[@click=…]`` runs an action. Here a string becomes content
literally, printable and on one line. No other module makes content, or a widget that shows strings;
``tests/tui/test_plain_text.py`` checks that.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.visual import VisualType
from textual.widget import Widget
from textual.widgets import Input, Label, RadioButton, Static

from kubectl_cbt.units import printable

__all__ = [
    "Content",
    "PlainInput",
    "PlainLabel",
    "PlainRadio",
    "PlainText",
    "joined",
    "line",
    "plain",
    "set_subtitle",
    "set_title",
]


def plain(text: str, style: str = "") -> Content:
    """One line of text in a style."""
    return Content.styled(printable(text), style)


def line(*parts: str | tuple[str, str] | Content) -> Content:
    """Parts side by side: text, text with a style, or content made here."""
    return Content.assemble(*(_made(part) for part in parts))


def joined(lines: Iterable[Content]) -> Content:
    """Lines below each other."""
    return Content("\n").join(list(lines))


def set_title(widget: Widget, title: str) -> None:
    """Show a title in the upper border of a widget."""
    text = plain(title)
    # An assignment repaints the whole widget. Textual returns the title as markup.
    if widget.border_title != text.markup:
        widget.border_title = text


def set_subtitle(widget: Widget, subtitle: str) -> None:
    """Show a subtitle in the lower border of a widget."""
    text = plain(subtitle)
    if widget.border_subtitle != text.markup:
        widget.border_subtitle = text


class PlainText(Static):
    """Lines of text."""

    def __init__(self, text: str | Content = "", *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002  # Textual's name for it
        super().__init__(_drawn(text), markup=False, id=id, classes=classes)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Replace the text."""
        super().update(_drawn(content), layout=layout)


class PlainLabel(Label):
    """One line, as wide as its text."""

    def __init__(self, text: str | Content = "", *, id: str | None = None) -> None:  # noqa: A002  # textual's name for it
        super().__init__(_drawn(text), markup=False, id=id)

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Replace the text."""
        super().update(_drawn(content), layout=layout)


class PlainRadio(RadioButton):
    """One of several choices. Textual's own shows the chosen one by color alone."""

    BUTTON_LEFT, BUTTON_RIGHT = "(", ")"

    def __init__(self, text: str, *, value: bool, name: str | None = None) -> None:
        super().__init__(plain(text), value=value, name=name)

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]  # noqa: N802  # a constant there
        return "●" if self.value else " "


class PlainInput(Input):
    """An input line; characters that are not printable are replaced when typed or pasted."""

    def validate_value(self, value: str) -> str:
        """Called by Textual with each new value."""
        return printable(value)


def _drawn(content: VisualType) -> VisualType:
    return plain(content) if isinstance(content, str) else content


def _made(part: str | tuple[str, str] | Content) -> str | tuple[str, str] | Content:
    if isinstance(part, str):
        return printable(part)
    return (printable(part[0]), part[1]) if isinstance(part, tuple) else part
