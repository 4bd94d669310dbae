"""The export of a timeline: a picture of the screen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kubectl_cbt.model.volume_history import VolumeHistory
from kubectl_cbt.tui import export_content
from kubectl_cbt.tui.export_source import Form, Range, RangeChoices, safe_stem

_ABOUT = {Form.SVG: "SVG     picture of the screen"}


class TimelineExport:
    """An :class:`~kubectl_cbt.tui.export_source.ExportSource`.

    Args:
        picture: the SVG of the screen.
    """

    def __init__(self, history: VolumeHistory, picture: str) -> None:
        self._history = history
        self._picture = picture

    @property
    def forms(self) -> Mapping[Form, str]:
        """The picture."""
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
        """Write the picture."""
        export_content.write_text(self._picture, path, overwrite=overwrite)
