"""The export dialog: format, range and file name. The file is written in the background."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import RadioSet

from kubectl_cbt.errors import CbtError
from kubectl_cbt.system.paths import file_to_write
from kubectl_cbt.tui.export_source import ExportSource, Form, Range
from kubectl_cbt.tui.plain_text import PlainInput, PlainLabel, PlainRadio, PlainText, set_subtitle, set_title
from kubectl_cbt.tui.screens.base_screen import CbtScreen
from kubectl_cbt.units import REPLACEMENT, human_bytes


class ExportScreen(CbtScreen[str | None], ModalScreen[str | None]):
    """The result is a message, or None when nothing was written.

    Args:
        source: what to export.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "close", show=False),
        # Also in a list of choices, where Enter would only choose.
        Binding("enter", "write(False)", "write", show=False, priority=True),
        Binding("ctrl+o", "write(True)", "overwrite", show=False, priority=True),
        Binding("ctrl+c", "app.quit", show=False),
    ]

    def __init__(self, source: ExportSource) -> None:
        super().__init__()
        self._source = source
        self._suggested = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="export") as frame:
            set_title(frame, "export")
            set_subtitle(frame, "Tab next · Space choose · Enter write · Esc close")
            yield PlainInput(id="path", compact=True)
            yield PlainLabel(id="problem")
            with RadioSet(id="form", compact=True):
                for number, (form, about) in enumerate(self._source.forms.items()):
                    yield PlainRadio(about, value=number == 0, name=form)
            yield PlainText("of", classes="between")
            with RadioSet(id="range", compact=True):
                for number, (text, _) in enumerate(self._source.ranges):
                    yield PlainRadio(text, value=number == 0)

    def on_mount(self) -> None:
        """Suggest a file name."""
        self._suggest()
        self.query_one(PlainInput).focus()

    @property
    def _form(self) -> Form:
        return tuple(self._source.forms)[max(self.query_one("#form", RadioSet).pressed_index, 0)]

    @property
    def _range(self) -> Range | None:
        return self._source.ranges[max(self.query_one("#range", RadioSet).pressed_index, 0)][1]

    @on(RadioSet.Changed)
    def _suggest(self, event: RadioSet.Changed | None = None) -> None:
        """Suggest a file name, unless the user has typed one."""
        line = self.query_one(PlainInput)
        has_choice = self._form is not Form.SVG and len(self._source.ranges) > 1
        self.query_one("#range").display = self.query_one(".between").display = has_choice
        if line.value in ("", self._suggested):
            self._suggested = line.value = f"{self._stem()}.{self._form}"
        elif (
            event is not None
            and event.radio_set.id == "form"
            and Path(line.value).name
            and not line.value.endswith("/")
        ):
            # The suffix follows the format anyway.
            line.value = str(Path(line.value).with_suffix(f".{self._form}"))
        self.notice("")

    def _stem(self) -> str:
        name = self._source.stem
        if self._range is not None and self._form is not Form.SVG:
            start, end = self._range
            name += f"-{start}-{end}"
        return name

    def action_write(self, overwrite: bool) -> None:  # Textual passes the argument in the binding
        """Write the file."""
        text = self.query_one(PlainInput).value.strip()
        if not text:
            self.notice("enter a file name")
            return
        if REPLACEMENT in text:
            # The typed name may be valid, but differs from what the line shows.
            self.notice("the file name contains a character that cannot be displayed")
            return
        try:
            path = file_to_write(text)
        except ValueError as error:
            self.notice(str(error))
            return
        source, form, part = self._source, self._form, self._range

        def work() -> str:
            source.write(form, part, path, overwrite=overwrite)
            return f"wrote {path}, {human_bytes(path.stat().st_size)}"

        self.do("writing …", work, self._written)

    def _written(self, message: str) -> None:
        self.dismiss(message)

    def failed(self, error: CbtError) -> None:
        super().failed(error)
        self.notice(error.message + (f": {error.hint}" if error.hint else ""))

    def notice(self, text: str) -> None:
        self.query_one("#problem", PlainLabel).update(text)

    def action_cancel(self) -> None:
        """Close without writing."""
        self.dismiss(None)
