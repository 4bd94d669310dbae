"""The export of a map: the documents that ``-o`` prints, and a picture of the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.model.extents import Run
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.tui import export_content
from kubectl_cbt.tui.export_source import Form, Range, safe_stem
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.units import human_bytes, human_offset, human_offsets

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
        run: the run at the cursor, if any.
        picture: the SVG of the screen.
        selection: the selected range, if any; it is chosen at first.
    """

    def __init__(
        self, loader: Loader, viewport: Viewport, run: Run | None, picture: str, selection: Range | None = None
    ) -> None:
        self._resolved, self._operation = loader.opened.resolved, loader.opened.operation
        self._frame = loader.frame
        self._picture = picture
        self._ranges = list(_ranges(viewport, run, selection))

    @property
    def forms(self) -> Mapping[Form, str]:
        """All; a JSON document records its operation, which upstream's documents do not have."""
        return _ABOUT if self._operation else {form: _ABOUT[form] for form in (Form.CSV, Form.SVG)}

    @property
    def ranges(self) -> Sequence[tuple[str, Range | None]]:
        """The selected range, everything, the run at the cursor, the visible range."""
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


def _ranges(viewport: Viewport, run: Run | None, selection: Range | None) -> list[tuple[str, Range | None]]:
    ranges: list[tuple[str, Range | None]] = [("everything", None)]
    if selection is not None:
        ranges.insert(0, (f"the selected range: {' – '.join(human_offsets(selection))}", selection))
    if run is not None:
        ranges.append((f"the run at the cursor: {human_bytes(run.size_bytes)} at {human_offset(run.start)}", run))
    if not viewport.is_whole:
        visible = (viewport.start, viewport.end)
        ranges.append((f"the visible range: {' – '.join(human_offsets(visible))}", visible))
    return ranges
