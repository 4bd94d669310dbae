"""No strip is stale: the screen is always what a full repaint with empty caches draws.

There are two caches. Textual keeps a strip for each line of a widget until the widget is refreshed. The map keeps
strips by everything that a row is drawn from.
"""

import threading
from collections.abc import Awaitable, Callable

import pytest
from directing import (
    ScriptedBackend,
    ScriptedStream,
    drive,
    entry,
    press,
    resize,
    the_map,
    type_text,
    until,
)

from kubectl_cbt.output.palettes import PALETTES
from kubectl_cbt.tui.app import LIGHT, PLAIN
from kubectl_cbt.tui.screens.browse_screen import BrowseScreen
from kubectl_cbt.tui.textual_private import screen_strips
from kubectl_cbt.tui.widgets.map_view import MapView

Drawn = list[list[tuple[str, object]]]
Change = Callable[..., Awaitable[None]]


def drawn(screen) -> Drawn:
    """Every character with its style, however they are split into segments."""
    return [
        [(character, segment.style) for segment in strip for character in segment.text]
        for strip in screen_strips(screen)
    ]


async def repainted(pilot, screen) -> Drawn:
    """The same screen with empty caches."""
    for view in screen.query(MapView):
        view._strips.clear()
    for widget in screen.query("*"):
        widget.refresh()
    await pilot.pause()
    return drawn(screen)


def keys(*names: str) -> Change:
    return lambda pilot, screen: press(pilot, *names)


def theme(name: str) -> Change:
    async def change(pilot, screen):
        pilot.app.theme = name
        await pilot.pause()

    return change


def style(**styles: object) -> Change:
    """Change styles of the map itself, as a style sheet can: the screen is not notified."""

    async def change(pilot, screen):
        view = screen.query_one(MapView)
        for name, value in styles.items():
            setattr(view.styles, name, value)
        await pilot.pause()

    return change


def size(width: int, height: int) -> Change:
    return lambda pilot, screen: resize(pilot, width, height)


async def palette(pilot, screen):
    pilot.app.use_palette(PALETTES[2])
    await pilot.pause()


async def filtered(pilot, screen):
    await press(pilot, "slash")
    await type_text(pilot, ">1Mi")
    await press(pilot, "enter")


ON_THE_MAP = {
    "the theme": theme(LIGHT.name),
    "no colours": theme(PLAIN.name),
    "the palette": palette,
    "the style of the map": style(color="red", background="blue"),
    "the width": size(90, 30),
    "the height": size(110, 22),
    "the width of the map alone": style(width=14),
    "the border": style(border=("heavy", "red")),
    "zoom": keys("plus", "plus"),
    "scrolled by rows": keys("plus", "plus", "plus", "pagedown", "pagedown", "down"),
    "the cursor": keys("right", "down", "down"),
    "the cursor, and back to its row": keys("down", "up", "right"),
    "a filter": filtered,
    "the other layer": keys("a"),
    "both layers": keys("a", "a"),
    "the snapshots": keys("right_square_bracket"),
    "the focus": keys("tab"),
    "the extent that is current": keys("tab", "down", "down"),
    "the panels": keys("d"),
    "the statistics": keys("s"),
}


@pytest.mark.parametrize("change", ON_THE_MAP.values(), ids=ON_THE_MAP)
def test_nothing_on_the_map_is_stale_after_a_change_of(change):
    async def steps(pilot, screen):
        before = drawn(screen)
        assert before == await repainted(pilot, screen)
        await change(pilot, screen)
        await until(pilot, lambda: not screen.is_updating)
        after = drawn(screen)
        assert after != before
        assert after == await repainted(pilot, screen)

    drive(the_map(backend=ScriptedBackend()), steps)


@pytest.mark.parametrize(("width", "other"), [(16, 14), (14, 16)])
def test_nothing_on_the_map_is_stale_where_the_widget_alone_has_another_width(width, other):
    """There is always a column of cells, so that the viewport stays the same."""

    async def steps(pilot, screen):
        viewport = screen.cursor.viewport
        assert viewport.columns == 1
        await resize(pilot, other, 24)
        assert screen.cursor.viewport is viewport
        assert drawn(screen) == await repainted(pilot, screen)

    drive(the_map(), steps, size=(width, 24))


def test_nothing_on_the_map_is_stale_while_a_stream_runs():
    gate = threading.Event()

    async def steps(pilot, screen):
        shots = []
        for _ in range(2):
            shots.append(drawn(screen))
            assert shots[-1] == await repainted(pilot, screen)
            gate.set()
            await until(pilot, lambda: not screen.is_updating)
        assert shots[0] != shots[1]

    screen = the_map(ScriptedStream(gate=gate))
    screen.runs_on = True
    drive(screen, steps)


async def refreshed(pilot, screen):
    screen.view.listed = [*screen.view.listed, entry("five", 5)]
    await press(pilot, "r")


async def searched(pilot, screen):
    await press(pilot, "slash")
    await type_text(pilot, "other")
    await press(pilot, "enter")


IN_THE_LIST = {
    "the theme": theme(LIGHT.name),
    "no colours": theme(PLAIN.name),
    "the width": size(84, 30),
    "the height": size(110, 9),
    "the cursor": keys("down", "down"),
    "the place on the list": keys("G"),
    "the marks": keys("space", "down", "space"),
    "a filter": searched,
    "the snapshots": refreshed,
}


@pytest.mark.parametrize("change", IN_THE_LIST.values(), ids=IN_THE_LIST)
def test_nothing_in_the_list_of_snapshots_is_stale_after_a_change_of(change):
    async def steps(pilot, screen):
        before = drawn(screen)
        assert before == await repainted(pilot, screen)
        await change(pilot, screen)
        after = drawn(screen)
        assert after != before
        assert after == await repainted(pilot, screen)

    backend = ScriptedBackend()
    drive(BrowseScreen(backend, backend.entries()), steps)
