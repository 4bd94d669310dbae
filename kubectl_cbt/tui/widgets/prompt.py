"""An input line at the bottom, as in vi: opened by an action, closed by Enter or Esc."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from kubectl_cbt.tui.plain_text import PlainInput, PlainLabel


class Prompt(Horizontal):
    """One prompt at a time. ``submit`` gets the text, and raises ValueError for an invalid one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "close", show=False)]

    def __init__(self) -> None:
        super().__init__()
        self.display = False
        self._submit: Callable[[str], None] = lambda text: None
        self._changed: Callable[[str], None] | None = None
        self._before: Widget | None = None

    def compose(self) -> ComposeResult:
        yield PlainLabel(id="prompt-label")
        yield PlainInput(compact=True, id="prompt-input")
        yield PlainLabel(id="prompt-problem")

    def open(
        self,
        label: str,
        submit: Callable[[str], None],
        *,
        text: str = "",
        example: str = "",
        changed: Callable[[str], None] | None = None,
    ) -> None:
        """Open the prompt, which takes the keyboard until it is submitted or canceled.

        Args:
            submit: called with the text; a ValueError is shown and keeps the prompt open.
            text: to begin with.
            example: shown while the line is empty.
            changed: called with every change of the text.
        """
        self._submit, self._changed = submit, None
        self.query_one("#prompt-label", PlainLabel).update(label)
        line = self.query_one(PlainInput)
        line.placeholder = example
        line.value = text
        line.cursor_position = len(text)
        self._changed = changed
        self._problem("")
        self._before = self.screen.focused
        self.display = True
        # At once: keys that are typed ahead belong to this line. Widget.focus() runs later.
        self.screen.set_focus(line)

    def on_input_changed(self, event: PlainInput.Changed) -> None:
        """Pass a change on."""
        event.stop()
        self._problem("")
        if self._changed is not None:
            self._changed(event.value)

    def on_input_submitted(self, event: PlainInput.Submitted) -> None:
        """Submit the text; an invalid one stays, to be corrected."""
        event.stop()
        try:
            self._submit(event.value)
        except ValueError as error:
            self._problem(str(error))
        else:
            self.action_cancel()

    def return_focus_to(self, widget: Widget) -> None:
        """Give the keyboard to a widget: now, or when the prompt is closed."""
        self._before = widget
        if not self.display:
            self.screen.set_focus(widget)

    def action_cancel(self) -> None:
        """Close without submitting; the keyboard returns to the previous widget."""
        self.display = False
        self.screen.set_focus(self._before)

    def _problem(self, text: str) -> None:
        self.query_one("#prompt-problem", PlainLabel).update(text)
