"""The export of a map: the documents that ``-o`` prints, and a picture of the screen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.tui import export_content
from kubectl_cbt.tui.export_source import Form, Range, RangeChoices, safe_stem
from kubectl_cbt.tui.loader import Loader

_ABOUT = {
    Form.JSON: "JSON    same as -o json",
    Form.NDJSON: "NDJSON  one line per extent",
    Form.CSV: "CSV     offset and size columns",
    Form.SVG: "SVG     picture of the screen",
}


class MapExport:
    """An :class:`~kubectl_cbt.tui.export_source.ExportSource`.

    Args:
        loader: of the layer on the screen.
        ranges: those that are offered.
        picture: the SVG of the screen.
    """

    def __init__(self, loader: Loader, ranges: RangeChoices, picture: str) -> None:
        self._resolved, self._operation = loader.opened.resolved, loader.opened.operation
        self._frame = loader.frame
        self._picture = picture
        self._ranges = ranges

    @property
    def forms(self) -> Mapping[Form, str]:
        """All; a JSON document records its operation, which upstream's documents do not have."""
        return _ABOUT if self._operation else {form: _ABOUT[form] for form in (Form.CSV, Form.SVG)}

    @property
    def ranges(self) -> RangeChoices:
        """As given."""
        return self._ranges

    @property
    def stem(self) -> str:
        """The names of the snapshots."""
        resolved = self._resolved
        name = Path(resolved.target.ref.name).stem
        if resolved.query.base is not None:
            name = f"{resolved.base.ref.name if resolved.base else 'base'}..{name}"
        return safe_stem(name)

    def write(self, form: Form, part: Range | None, path: Path, *, overwrite: bool) -> None:
        """Write a document or the picture."""
        if form is Form.SVG:
            export_content.write_text(self._picture, path, overwrite=overwrite)
            return
        if part is None:
            content = export_content.whole(self._resolved, self._frame)
        else:
            content = export_content.excerpt(self._resolved, self._frame, *part)
        export_content.write_document(content, StreamFormat(form), path, overwrite=overwrite)
