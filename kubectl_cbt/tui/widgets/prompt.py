"""A line to type into, as vi has it: shown when asked for, gone when answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from kubectl_cbt.tui.plain_text import PlainInput, PlainLabel


class Prompt(Horizontal):
    """One question at a time; the answer goes to who asked, who raises ValueError with what is wrong with it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "close", show=False)]

    def __init__(self) -> None:
        super().__init__()
        self.display = False
        self._answer: Callable[[str], None] = lambda text: None
        self._changed: Callable[[str], None] | None = None
        self._before: Widget | None = None

    def compose(self) -> ComposeResult:
        yield PlainLabel(id="prompt-label")
        yield PlainInput(compact=True, id="prompt-input")
        yield PlainLabel(id="prompt-problem")

    def ask(
        self,
        label: str,
        answer: Callable[[str], None],
        *,
        text: str = "",
        example: str = "",
        changed: Callable[[str], None] | None = None,
    ) -> None:
        """Ask; the keyboard is the line's until it is answered or given up.

        Args:
            changed: called with every change of the text, for what can be shown while typing.
        """
        self._answer, self._changed = answer, None
        self.query_one("#prompt-label", PlainLabel).update(label)
        line = self.query_one(PlainInput)
        line.placeholder = example
        line.value = text
        line.cursor_position = len(text)
        self._changed = changed
        self._problem("")
        self._before = self.screen.focused
        self.display = True
        # At once: what is typed ahead is for this line. Widget.focus() would wait for its turn.
        self.screen.set_focus(line)

    def on_input_changed(self, event: PlainInput.Changed) -> None:
        """Show at once what can be shown."""
        event.stop()
        self._problem("")
        if self._changed is not None:
            self._changed(event.value)

    def on_input_submitted(self, event: PlainInput.Submitted) -> None:
        """Hand the answer over; a wrong one stays, to be corrected."""
        event.stop()
        try:
            self._answer(event.value)
        except ValueError as error:
            self._problem(str(error))
        else:
            self.action_cancel()

    def return_focus_to(self, widget: Widget) -> None:
        """Where the keyboard goes: at once, or once the prompt is closed."""
        self._before = widget
        if not self.display:
            self.screen.set_focus(widget)

    def action_cancel(self) -> None:
        """Close without an answer; the keyboard goes back to who had it."""
        self.display = False
        self.screen.set_focus(self._before)

    def _problem(self, text: str) -> None:
        self.query_one("#prompt-problem", PlainLabel).update(text)
