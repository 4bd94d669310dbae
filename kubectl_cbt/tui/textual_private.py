"""Every private name of Textual that the package uses. No other module may use one.

``pyproject.toml`` accepts only the minor release of Textual that is tested, and ``tests/tui/test_textual_private.py``
checks that each name still exists.
"""

from __future__ import annotations

from functools import lru_cache
from queue import Queue
from typing import TYPE_CHECKING, Any, cast

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App, ReturnType
from textual.cache import LRUCache
from textual.css.stylesheet import Stylesheet

from kubectl_cbt.tui.shown_cells import Piece, ShownCells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType
    from textual.css.model import RuleSet
    from textual.driver import Driver
    from textual.drivers._writer_thread import WriterThread
    from textual.drivers.linux_driver import LinuxDriver
    from textual.screen import Screen
    from textual.strip import Strip


class ParsedOnce(Stylesheet):
    """A style sheet that parses each source once for the variables of a theme.

    Textual's own parses all sources again for every new screen and theme, which is a fifth of the time that an app
    needs to start.
    """

    def __init__(self, *, variables: dict[str, str]) -> None:
        super().__init__(variables=variables)
        self._parse_cache = _rules_parsed_with(frozenset(variables.items()))

    def set_variables(self, variables: dict[str, str]) -> None:
        if variables == self._variables:
            return
        # Textual clears the cache that it finds.
        self._parse_cache = LRUCache(1)
        super().set_variables(variables)
        self._parse_cache = _rules_parsed_with(frozenset(variables.items()))

    def reparse(self) -> None:
        self.parse()


@lru_cache(maxsize=4)
def _rules_parsed_with(variables: frozenset[tuple[str, str]]) -> LRUCache[tuple[Any, ...], list[RuleSet]]:
    """The rules that were parsed with these variables."""
    return LRUCache(128)


class QuietApp(App[ReturnType]):
    """An app that prints no traceback, least of all one with the values of variables, and sends only what changes."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.stylesheet = ParsedOnce(variables=self.get_css_variables())
        self._cells_shown = ShownCells()

    def forget_screen(self) -> None:
        """Assume that the terminal shows something else, as after a suspension: the next update is sent whole."""
        self._cells_shown.forget()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if isinstance(renderable, LayoutUpdate):
            # Textual's repair of everything.
            self._cells_shown.forget()
        if isinstance(renderable, LayoutUpdate | ChopsUpdate):
            changes = _Changes(renderable, self._cells_shown, (self.size.width, self.size.height))
            super()._display(screen, cast("RenderableType", changes))
        else:
            super()._display(screen, renderable)

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    @property
    def bug(self) -> Exception | None:
        """The exception that ended the app, if one did."""
        return self._exception

    @property
    def driver(self) -> Driver | None:
        """The terminal's driver; None before the app runs."""
        return self._driver


def screen_strips(screen: Screen[Any]) -> list[Strip]:
    """Return the lines of a screen as it is drawn now. Textual's own screenshot takes them from here."""
    return screen._compositor.render_strips()


def app_of(driver: Driver) -> App[Any]:
    """Return the app that a driver belongs to."""
    return driver._app


def writer_of(driver: LinuxDriver) -> WriterThread | None:
    """Return the thread that writes to the terminal; None while the driver is not started."""
    return driver._writer_thread


def pending_output(writer: WriterThread) -> Queue[str | None]:
    """Return the queue of what a thread has still to write; None in it ends the thread."""
    return writer._queue


_COLOR_SYSTEMS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
    "windows": ColorSystem.WINDOWS,
}


class _Changes(CompositorUpdate):
    """An update without the cells that are shown already."""

    def __init__(self, update: LayoutUpdate | ChopsUpdate, shown: ShownCells, size: tuple[int, int]) -> None:
        self._update, self._shown, self._size = update, shown, size

    def render_segments(self, console: Console) -> str:
        return self._shown.changes(
            _pieces(self._update), self._size, _COLOR_SYSTEMS[console.color_system or "truecolor"]
        )


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[Piece]:
    """Return what an update draws."""
    if isinstance(update, LayoutUpdate):
        for line, strips in enumerate(update.strips, update.region.y):
            column = update.region.x
            for strip in strips:
                yield line, column, strip
                column += strip.cell_length
        return
    for line, start, stop in update.spans:
        for end, (column, chop) in zip(update.chop_ends[line], update.chops[line].items(), strict=False):
            if chop is None or column > stop or end <= start:
                continue
            is_inside = start <= column < stop and end <= stop
            yield line, column, chop if is_inside else chop.crop(0, min(end, stop) - column)
