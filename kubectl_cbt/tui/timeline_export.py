"""The export of a timeline: the documents that ``history -o`` prints, and a picture of the screen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from kubectl_cbt.model.volume_history import VolumeHistory
from kubectl_cbt.output.history.history_formats import HistoryFormat
from kubectl_cbt.output.writer import OutputTarget
from kubectl_cbt.tui import export_content
from kubectl_cbt.tui.export_source import Form, Range, RangeChoices, safe_stem

_ABOUT = {
    Form.JSON: "JSON    same as history -o json",
    Form.CSV: "CSV     one row per pair",
    Form.SVG: "SVG     picture of the screen",
}


class TimelineExport:
    """An :class:`~kubectl_cbt.tui.export_source.ExportSource`.

    Args:
        history: as measured so far; a row that is incomplete is marked as in the output of ``history``.
        picture: the SVG of the screen.
    """

    def __init__(self, history: VolumeHistory, picture: str) -> None:
        self._history = history
        self._picture = picture

    @property
    def forms(self) -> Mapping[Form, str]:
        """The figures of all pairs, and the picture."""
        return _ABOUT

    @property
    def ranges(self) -> RangeChoices:
        """The whole volume only."""
        return (("everything", None),)

    @property
    def stem(self) -> str:
        """The name of the claim."""
        volume = self._history.volume
        return safe_stem(f"{volume.claim or volume.volume_handle or volume.snapshots[0].ref.name}-history")

    def write(self, form: Form, part: Range | None, path: Path, *, overwrite: bool) -> None:
        """Write a document or the picture."""
        if form is Form.SVG:
            export_content.write_text(self._picture, path, overwrite=overwrite)
        else:
            export_content.write_file(path, lambda file: self._write(form, file), overwrite=overwrite)

    def _write(self, form: Form, file: TextIO) -> None:
        def write(data: bytes) -> None:
            file.buffer.write(data)

        HistoryFormat(form).writer(write, self._history, OutputTarget()).end(self._history)
