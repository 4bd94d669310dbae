"""The layers of a comparison: its classes, the left side alone, the right side alone."""

from __future__ import annotations

from collections.abc import Callable

from kubectl_cbt.analysis.grid import LayerCells, codes_of_cells, comparison_codes
from kubectl_cbt.analysis.heat_scale import HeatScale, Levels
from kubectl_cbt.analysis.viewport import Viewport
from kubectl_cbt.output.vocabulary import Vocabulary
from kubectl_cbt.tui.comparison_export import ComparisonExport
from kubectl_cbt.tui.comparison_loader import ComparisonLoader, covered_by_class
from kubectl_cbt.tui.export_source import ExportSource, RangeChoices
from kubectl_cbt.tui.layers import Layers
from kubectl_cbt.tui.loader import Loader

COMPARED, LEFT, RIGHT = "compared", "left", "right"
_ORDER = (COMPARED, LEFT, RIGHT)
_WORDS = Vocabulary("differences", "different", "equal", "Reading the differences")


class ComparedLayers(Layers):
    """The extents are always the differences, which list and figures show; only the cells are those of a side.

    Attributes:
        side: what the cells show.
    """

    def __init__(self, main: ComparisonLoader, on_frame: Callable[[Loader], None]) -> None:
        super().__init__(main, on_frame)
        self.side = COMPARED
        self._loader = main
        self._compared = main.stream.compared

    @property
    def words(self) -> Vocabulary:
        return _WORDS

    @property
    def title(self) -> str:
        if self.side == COMPARED:
            return "left and right"
        name = (self._compared.left if self.side == LEFT else self._compared.right).name
        return f"{self.side} alone: {name}"

    def codes(self, viewport: Viewport, scale: HeatScale) -> Levels:
        frame = self._loader.frame
        only_left, both, only_right = covered_by_class(frame, viewport.edges())
        if self.side == COMPARED:
            return comparison_codes(viewport, only_left, both, only_right, frame.known)
        covered = both + (only_left if self.side == LEFT else only_right)
        return codes_of_cells(viewport, LayerCells(covered, frame.known), scale=scale)

    def export(self, ranges: RangeChoices, picture: str) -> ExportSource:
        return ComparisonExport(self._loader, ranges, picture)

    def wipe(self) -> str | None:
        self.side = _ORDER[(_ORDER.index(self.side) + 1) % len(_ORDER)]
        return None
