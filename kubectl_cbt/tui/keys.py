"""All keys. Bindings, footer, help, command palette and the tables in the documentation are generated from these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Key:
    """One action and its keys.

    Attributes:
        keys: in Textual's notation, separated by commas.
        shown: as displayed.
        action: of the screen.
        help: for help, documentation and command palette.
        footer: a word for the footer; empty for none.
    """

    keys: str
    shown: str
    action: str
    help: str
    footer: str = ""


@dataclass(frozen=True, slots=True)
class KeyGroup:
    """Keys of one subject."""

    title: str
    keys: tuple[Key, ...]


_EVERYWHERE = KeyGroup(
    "Global",
    (
        Key("t", "t", "app.toggle_theme", "Switch between light and dark theme"),
        Key("ctrl+p", "Ctrl-P", "app.command_palette", "Open the command palette"),
        Key("question_mark", "?", "app.keys", "Show all keys", "help"),
        Key("q,ctrl+c", "q Ctrl-C", "app.quit", "Quit", "quit"),
    ),
)

MAP_KEYS = (
    KeyGroup(
        "Move",
        (
            Key("left,h", "← h", "go_cells(-1)", "One cell back"),
            Key("down,j", "↓ j", "go_rows(1)", "One row down"),
            Key("up,k", "↑ k", "go_rows(-1)", "One row up"),
            Key("right,L", "→ L", "go_cells(1)", "One cell forward"),
            Key("pageup", "PgUp", "go_pages(-1)", "One screen up"),
            Key("pagedown", "PgDn", "go_pages(1)", "One screen down"),
            Key("home", "Home", "go_in_row(0)", "Start of the row"),
            Key("end", "End", "go_in_row(-1)", "End of the row"),
            Key("g", "g", "go_to_start", "Start of the volume"),
            Key("G", "G", "go_to_end", "End of the volume"),
            Key("n", "n", "next_run", "Next changed run", "next"),
            Key("N", "N", "previous_run", "Previous changed run"),
            Key("colon", ":", "go_to_offset", "Go to an offset: 12Gi, 0x3f000, 45%, lba 2048, +1Gi", "go to"),
        ),
    ),
    KeyGroup(
        "Zoom",
        (
            Key("plus,equals_sign", "+", "zoom_in", "Zoom in", "zoom"),
            Key("minus", "-", "zoom_out", "Zoom out"),
            Key("z", "z", "zoom_to_cell", "Zoom to the cell under the cursor"),
            Key("0", "0", "zoom_whole", "Zoom out to the whole volume"),
        ),
    ),
    KeyGroup(
        "View",
        (
            Key("l", "l", "next_layer", "Next layer: delta, allocated, both", "layer"),
            Key(
                "s",
                "s",
                "statistics",
                "Statistics and cost by chunk size; digits go to the listed places",
                "statistics",
            ),
            Key("d", "d", "details", "Show or hide cell details and extent list", "details"),
            Key("slash", "/", "filter", "Filter the extent list: >1Mi, <=64Ki, 10Gi..20Gi", "filter"),
            Key("tab", "Tab", "switch_panel", "Switch between map and extent list"),
            Key("v", "v", "problems", "Show all problems of the stream"),
            Key("p", "p", "next_palette", "Next palette"),
        ),
    ),
    KeyGroup(
        "Actions",
        (
            Key("e", "e", "export", "Export as JSON, NDJSON, CSV or SVG", "export"),
            Key("c,y", "c y", "copy", "Copy the extent at the cursor"),
            Key("left_square_bracket", "[", "step(-1)", "Step to the older snapshots", "older"),
            Key("right_square_bracket", "]", "step(1)", "Step to the newer snapshots", "newer"),
            Key("x", "x", "stop", "Stop the stream and keep what was received"),
            Key("r", "r", "resume", "Resume a stream that was stopped or broke"),
            Key("escape", "Esc", "close", "Close the panel, clear the filter or zoom out; otherwise go back"),
        ),
    ),
    _EVERYWHERE,
)
MAP_MOUSE = "Mouse: click to move the cursor, wheel to zoom."

BROWSE_KEYS = (
    KeyGroup(
        "Snapshots",
        (
            Key("space", "Space", "mark", "Mark or unmark a snapshot to compare, at most two", "mark"),
            Key(
                "enter",
                "Enter",
                "open",
                "Open the delta of the marked snapshots, or the snapshot under the cursor",
                "open",
            ),
            Key("slash", "/", "filter", "Filter by namespace, volume, snapshot or driver", "filter"),
            Key("r", "r", "refresh", "Reload the snapshots", "refresh"),
            Key("escape", "Esc", "clear", "Clear the filter, then the marks"),
            Key("down,j", "↓ j", "move(1)", "Next snapshot"),
            Key("up,k", "↑ k", "move(-1)", "Previous snapshot"),
            Key("pagedown", "PgDn", "page(1)", "One screen down"),
            Key("pageup", "PgUp", "page(-1)", "One screen up"),
            Key("home,g", "Home g", "first", "First snapshot"),
            Key("end,G", "End G", "last", "Last snapshot"),
        ),
    ),
    _EVERYWHERE,
)
BROWSE_MOUSE = "Mouse: click to select, click again to open, wheel to scroll."


def bindings(groups: Sequence[KeyGroup]) -> list[BindingType]:
    """Textual's bindings of the keys."""
    return [Binding(key.keys, key.action, key.help, show=False) for group in groups for key in group.keys]


def footer(groups: Sequence[KeyGroup], width: int) -> list[tuple[str, str]]:
    """Keys and words that fit in a line, in the order of the groups; help and quit are always included."""
    found = [(_shortest(key), key.footer) for group in groups for key in group.keys if key.footer]
    last = found[-2:]
    shown: list[tuple[str, str]] = []
    for pair in found[:-2]:
        if _length([*shown, pair, *last]) <= width:
            shown.append(pair)
    return [*shown, *last]


def _shortest(key: Key) -> str:
    return key.shown if len(key.shown) < 6 and " " not in key.shown else key.shown.split()[0]


def _length(pairs: Sequence[tuple[str, str]]) -> int:
    return sum(len(key) + len(word) + 3 for key, word in pairs)
