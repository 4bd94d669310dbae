"""The key tables: complete, without conflicts, and tested."""

from itertools import chain
from pathlib import Path

import pytest

from kubectl_cbt.tui.keys import BROWSE_KEYS, MAP_KEYS, TIMELINE_KEYS, footer
from kubectl_cbt.tui.screens.browse_screen import BrowseScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.screens.timeline_screen import TimelineScreen


def test_no_key_is_bound_twice_and_every_action_exists():
    for groups, screen in ((MAP_KEYS, MapScreen), (BROWSE_KEYS, BrowseScreen), (TIMELINE_KEYS, TimelineScreen)):
        keys = [name for group in groups for key in group.keys for name in key.keys.split(",")]
        assert len(keys) == len(set(keys))
        for key in chain.from_iterable(group.keys for group in groups):
            name = key.action.removeprefix("app.").split("(")[0]
            assert hasattr(screen, f"action_{name}") or key.action.startswith("app."), key


@pytest.mark.parametrize("width", [40, 80, 110, 160, 200])
def test_the_footer_fits_and_always_ends_with_help_and_quit(width):
    for groups in (MAP_KEYS, BROWSE_KEYS, TIMELINE_KEYS):
        found = footer(groups, width)
        assert [key.footer for key in found[-2:]] == ["help", "quit"]
        assert sum(len(key.short) + len(key.footer) + 3 for key in found) <= max(width, 40)


def test_every_key_of_the_map_has_a_test():
    tested = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    for name in (name for group in MAP_KEYS for key in group.keys for name in key.keys.split(",")):
        assert f'"{name}"' in tested, name
