"""The map of a comparison: three classes, the list of differences, and the two sides alone."""

from __future__ import annotations

from typing import cast

import numpy as np

from kubectl_cbt.model.comparison_outcome import ComparisonOutcome
from kubectl_cbt.tui import keys
from kubectl_cbt.tui.compared_layers import COMPARED, ComparedLayers
from kubectl_cbt.tui.comparison_loader import ComparisonLoader, covered_by_class
from kubectl_cbt.tui.layers import Layers
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.plain_text import Content, plain
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.text.comparison_text import (
    class_figures,
    class_lines,
    comparison_header,
    comparison_help,
    comparison_status,
)
from kubectl_cbt.tui.widgets.minimap import Minimap


class ComparisonScreen(MapScreen):
    """The map and its panels, of the differences of two lists.

    Args:
        loader: of the comparison; already started.
    """

    KEYS = keys.COMPARISON_KEYS
    LISTED = "differences"

    def __init__(self, loader: ComparisonLoader) -> None:
        self._loader = loader
        self._compared = loader.stream.compared
        super().__init__(loader, None)

    def _layers_of(self, loader: Loader) -> Layers:
        return ComparedLayers(cast("ComparisonLoader", loader), self._post_frame)

    @property
    def _outcome(self) -> ComparisonOutcome:
        return self._loader.frame.classes.outcome

    @property
    def _shows_classes(self) -> bool:
        return isinstance(self.streams, ComparedLayers) and self.streams.side == COMPARED

    def _use_colors(self) -> None:
        super()._use_colors()
        colors = self.cbt.color_scheme(both_layers=False)
        self.query_one(Minimap).use_colors(colors, shows_classes=self._shows_classes)

    def header(self) -> Content:
        return comparison_header(self._compared.left, self._compared.right, self._outcome, self.size.width)

    def status(self, loader: Loader) -> Content:
        if self._notice or loader.frame.is_running or not loader.frame.outcome.complete:
            return super().status(loader)
        return comparison_status(self._outcome, loader.frame.outcome.seconds, self.size.width)

    def first_statistics(self) -> list[Content]:
        return list(class_figures(self._outcome))

    def cell_lines(self, cell: tuple[int, int]) -> list[Content]:
        columns = covered_by_class(self._loader.frame, np.array(cell, dtype=np.int64))
        return list(class_lines([int(column[0]) for column in columns], cell[1] - cell[0]))

    def help_lines(self) -> list[Content]:
        return [*comparison_help(self.cbt.color_scheme(both_layers=False)), plain("")]

    def action_next_layer(self) -> None:
        """There is one comparison; ``w`` shows its sides."""
        self.notice("w shows the left side alone, the right side alone, and both")
