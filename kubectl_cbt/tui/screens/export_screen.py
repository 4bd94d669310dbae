"""The export dialog: format, range and file name. The file is written in the background."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, TextIO

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import RadioSet

from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.extents import Run
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.system.paths import file_to_write
from kubectl_cbt.tui import export_content
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.plain_text import PlainInput, PlainLabel, PlainRadio, PlainText, set_subtitle, set_title
from kubectl_cbt.tui.screens.base_screen import CbtScreen
from kubectl_cbt.units import REPLACEMENT, human_bytes, human_offset, human_offsets, printable


class Form(StrEnum):
    """Formats of an exported file."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    SVG = "svg"


_ABOUT = {
    Form.JSON: "JSON    same as -o json",
    Form.NDJSON: "NDJSON  one line per extent",
    Form.CSV: "CSV     offset and size columns",
    Form.SVG: "SVG     picture of the screen",
}


class ExportScreen(CbtScreen[str | None], ModalScreen[str | None]):
    """The result is a message, or None when nothing was written.

    Args:
        loader: of the layer on the screen.
        run: the run at the cursor, if any.
        picture: returns the SVG of the screen below.
        selection: the selected range, if any; it is chosen at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "close", show=False),
        # Also in a list of choices, where Enter would only choose.
        Binding("enter", "write(False)", "write", show=False, priority=True),
        Binding("ctrl+o", "write(True)", "overwrite", show=False, priority=True),
        Binding("ctrl+c", "app.quit", show=False),
    ]

    def __init__(
        self,
        loader: Loader,
        viewport: Viewport,
        run: Run | None,
        picture: Callable[[], str],
        selection: tuple[int, int] | None = None,
    ) -> None:
        super().__init__()
        self._resolved, self._operation = loader.opened.resolved, loader.opened.operation
        self._frame = loader.frame
        self._picture = picture()
        self._ranges: list[tuple[str, tuple[int, int] | None]] = [("everything", None)]
        if selection is not None:
            shown = " – ".join(human_offsets(selection))
            self._ranges.insert(0, (f"the selected range: {shown}", selection))
        if run is not None:
            text = f"the run at the cursor: {human_bytes(run.size_bytes)} at {human_offset(run.start)}"
            self._ranges.append((text, run))
        if not viewport.is_whole:
            shown = " – ".join(human_offsets([viewport.start, viewport.end]))
            self._ranges.append((f"the visible range: {shown}", (viewport.start, viewport.end)))
        self._suggested = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="export") as frame:
            set_title(frame, "export")
            set_subtitle(frame, "Tab next · Space choose · Enter write · Esc close")
            yield PlainInput(id="path", compact=True)
            yield PlainLabel(id="problem")
            with RadioSet(id="form", compact=True):
                for form in self._forms():
                    yield PlainRadio(_ABOUT[form], value=form is self._forms()[0], name=form)
            yield PlainText("of", classes="between")
            with RadioSet(id="range", compact=True):
                for number, (text, _) in enumerate(self._ranges):
                    yield PlainRadio(text, value=number == 0)

    def on_mount(self) -> None:
        """Suggest a file name."""
        self._suggest()
        self.query_one(PlainInput).focus()

    def _forms(self) -> tuple[Form, ...]:
        # A JSON document records its operation, which upstream's documents do not have.
        return tuple(Form) if self._operation else (Form.CSV, Form.SVG)

    @property
    def _form(self) -> Form:
        return self._forms()[max(self.query_one("#form", RadioSet).pressed_index, 0)]

    @property
    def _range(self) -> tuple[int, int] | None:
        return self._ranges[max(self.query_one("#range", RadioSet).pressed_index, 0)][1]

    @on(RadioSet.Changed)
    def _suggest(self, event: RadioSet.Changed | None = None) -> None:
        """Suggest a file name, unless the user has typed one."""
        line = self.query_one(PlainInput)
        self.query_one("#range").display = self._form is not Form.SVG
        self.query_one(".between").display = self._form is not Form.SVG
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
        resolved = self._resolved
        name = Path(resolved.target.ref.name).stem
        if resolved.query.base is not None:
            name = f"{resolved.base.ref.name if resolved.base else 'base'}..{name}"
        # The name must not point to another directory, a home directory or a hidden file.
        name = re.sub(f"[/{REPLACEMENT}]|^[.~-]+", "_", printable(name))
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
        form, part = self._form, self._range

        def work() -> str:
            if form is Form.SVG:
                export_content.write_file(path, self._write_picture, overwrite=overwrite)
            else:
                export_content.write_document(self._content(part), StreamFormat(form), path, overwrite=overwrite)
            return f"wrote {path}, {human_bytes(path.stat().st_size)}"

        self.do("writing …", work, self._written)

    def _written(self, message: str) -> None:
        self.dismiss(message)

    def _content(self, part: tuple[int, int] | None) -> export_content.Content:
        if part is None:
            return export_content.whole(self._resolved, self._frame)
        return export_content.excerpt(self._resolved, self._frame, *part)

    def _write_picture(self, file: TextIO) -> None:
        file.write(self._picture)

    def failed(self, error: CbtError) -> None:
        super().failed(error)
        self.notice(error.message + (f": {error.hint}" if error.hint else ""))

    def notice(self, text: str) -> None:
        self.query_one("#problem", PlainLabel).update(text)

    def action_cancel(self) -> None:
        """Close without writing."""
        self.dismiss(None)
