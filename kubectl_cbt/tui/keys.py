"""All keys. Bindings, footer, help, command palette and the tables in the documentation are generated from these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.binding import BindingType


@dataclass(frozen=True, slots=True)
class Key:
    """One action and its keys.

    Attributes:
        keys: in Textual's notation, separated by commas.
        shown: as displayed.
        action: of the screen.
        help: for help, documentation and command palette.
        footer: a word for the footer; empty for none.
        name: of an action with arguments, for the settings.
    """

    keys: str
    shown: str
    action: str
    help: str
    footer: str = ""
    name: str = ""

    @property
    def id(self) -> str:
        """The action's name in the settings. An action that several screens have has the same keys on all."""
        return self.name or self.action.removeprefix("app.")

    @property
    def short(self) -> str:
        """The key as the footer shows it: the first one, unless all are short."""
        return self.shown if len(self.shown) < 6 and " " not in self.shown else self.shown.split()[0]


@dataclass(frozen=True, slots=True)
class KeyGroup:
    """Keys of one subject."""

    title: str
    keys: tuple[Key, ...]


_EVERYWHERE = KeyGroup(
    "Global",
    (
        Key("T", "T", "app.toggle_theme", "Switch between light and dark theme"),
        Key("ctrl+p", "Ctrl-P", "app.command_palette", "Open the command palette"),
        Key("question_mark", "?", "app.keys", "Help: what the screen shows, and all keys", "help"),
        Key("ctrl+z", "Ctrl-Z", "app.suspend_process", "Suspend; fg in the shell continues"),
        Key("q,ctrl+c", "q Ctrl-C", "app.quit", "Quit", "quit"),
    ),
)

MAP_KEYS = (
    KeyGroup(
        "Move",
        (
            Key("left,h", "← h", "go_cells(-1)", "One cell back", name="left"),
            Key("down,j", "↓ j", "go_rows(1)", "One row down", name="down"),
            Key("up,k", "↑ k", "go_rows(-1)", "One row up", name="up"),
            Key("right,l", "→ l", "go_cells(1)", "One cell forward", name="right"),
            Key("pageup", "PgUp", "go_pages(-1)", "One screen up", name="page_up"),
            Key("pagedown", "PgDn", "go_pages(1)", "One screen down", name="page_down"),
            Key("home", "Home", "go_in_row(0)", "Start of the row", name="row_start"),
            Key("end", "End", "go_in_row(-1)", "End of the row", name="row_end"),
            Key("g", "g", "go_to_start", "Start of the volume"),
            Key("G", "G", "go_to_end", "End of the volume"),
            Key("n", "n", "next_run", "Next changed run; in a comparison the next difference", "next"),
            Key("N", "N", "previous_run", "Previous changed run, or difference"),
            Key("colon", ":", "go_to_offset", "Go to an offset: 12Gi, 0x3f000, 45%, lba 2048, +1Gi", "go to"),
        ),
    ),
    KeyGroup(
        "Zoom",
        (
            Key("plus,equals_sign", "+", "zoom_in", "Zoom in", "zoom"),
            Key("minus", "-", "zoom_out", "Zoom out"),
            Key("z", "z", "zoom_to_cell", "Zoom to the cell under the cursor", "zoom to cell"),
            Key("0", "0", "zoom_whole", "Zoom out to the whole volume"),
            Key("backspace", "Bksp", "back", "Back to the place and zoom before the last jump or zoom"),
        ),
    ),
    KeyGroup(
        "View",
        (
            Key("a", "a", "next_layer", "Next layer: delta, allocated, both", "layer"),
            Key("w", "w", "wipe", "Wipe: delta or allocated; left, right or both of a comparison"),
            Key(
                "s",
                "s",
                "statistics",
                "Statistics and cost by chunk size; digits go to the listed places",
                "statistics",
            ),
            Key("d", "d", "details", "Show or hide cell details and extent list", "details"),
            Key("slash", "/", "filter", "Filter the extent list: >1Mi, <=64Ki, 10Gi..20Gi", "filter"),
            Key("o", "o", "sort", "Sort the extent list by size or offset; Enter zooms to one"),
            Key("tab", "Tab", "switch_panel", "Switch between map and extent list"),
            Key("v", "v", "problems", "Show figures of the selected range, and all problems of the stream"),
            Key("p", "p", "next_palette", "Next palette"),
            Key("H", "H", "next_scale", "Next heat scale: log, linear, relative to the hottest cell"),
        ),
    ),
    KeyGroup(
        "Actions",
        (
            Key("space", "Space", "select", "Start or end the selection of a range, which the cursor extends"),
            Key("e", "e", "export", "Export as JSON, NDJSON, CSV or SVG", "export"),
            Key("c,y", "c y", "copy", "Copy the extent at the cursor"),
            Key("left_square_bracket", "[", "step(-1)", "Step to the older snapshots", "older", name="older"),
            Key("right_square_bracket", "]", "step(1)", "Step to the newer snapshots", "newer", name="newer"),
            Key("t", "t", "timeline", "Timeline of the volume: what changed from snapshot to snapshot"),
            Key("x", "x", "stop", "Stop the stream and keep what was received"),
            Key("r", "r", "resume", "Resume a stream that was stopped or broke"),
            Key("escape", "Esc", "close", "Close the panel, clear selection or filter, zoom out; then go back"),
        ),
    ),
    _EVERYWHERE,
)
_OF_STREAMS = ("next_layer", "step(-1)", "step(1)", "resume")
"""Actions on streams of a cluster."""


def _of_comparison(key: Key) -> Key:
    return replace(key, footer="wipe") if key.action == "wipe" else key


COMPARISON_KEYS = tuple(
    KeyGroup(group.title, tuple(_of_comparison(key) for key in group.keys if key.action not in _OF_STREAMS))
    for group in MAP_KEYS
)
"""The keys of the map of a comparison, in help and footer."""

MAP_MOUSE = "Mouse: click moves, drag selects a range, wheel zooms."

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
            Key("D", "D", "open_delta", "Open the delta from the previous snapshot of the volume", "delta"),
            Key("t", "t", "timeline", "Timeline of the volume: what changed from snapshot to snapshot", "timeline"),
            Key("slash", "/", "filter", "Filter by namespace, volume, snapshot or driver", "filter"),
            Key("o", "o", "sort", "Sort by the next column: volume, name, time, size, CBT", "sort"),
            Key("O", "O", "turn_sorting", "Sort in the other direction"),
            Key("N", "N", "switch_namespace", "Switch to another namespace, or to all", "namespace"),
            Key("C", "C", "switch_context", "Switch to another context of the kubeconfig", "context"),
            Key("b", "b", "measure", "Measure the deltas of the volume: one stream for each, two at a time", "bars"),
            Key("r", "r", "refresh", "Reload the snapshots", "refresh"),
            Key("escape", "Esc", "clear", "Stop measuring; clear the filter, then the marks"),
            Key("down,j", "↓ j", "move(1)", "Next snapshot", name="down"),
            Key("up,k", "↑ k", "move(-1)", "Previous snapshot", name="up"),
            Key("pagedown", "PgDn", "page(1)", "One screen down", name="page_down"),
            Key("pageup", "PgUp", "page(-1)", "One screen up", name="page_up"),
            Key("home,g", "Home g", "first", "First snapshot"),
            Key("end,G", "End G", "last", "Last snapshot"),
        ),
    ),
    _EVERYWHERE,
)
BROWSE_MOUSE = "Mouse: click to select, double-click to open, wheel to scroll; a title sorts."

TIMELINE_KEYS = (
    KeyGroup(
        "Move",
        (
            Key("up,k", "↑ k", "move(-1)", "The pair before", name="up"),
            Key("down,j", "↓ j", "move(1)", "The next pair", name="down"),
            Key("left,h", "← h", "go_columns(-1)", "One column back", name="left"),
            Key("right,l", "→ l", "go_columns(1)", "One column forward", name="right"),
            Key("pageup", "PgUp", "page(-1)", "One screen up", name="page_up"),
            Key("pagedown", "PgDn", "page(1)", "One screen down", name="page_down"),
            Key("home", "Home", "go_in_row(0)", "First visible column", name="row_start"),
            Key("end", "End", "go_in_row(-1)", "Last visible column", name="row_end"),
            Key("g", "g", "oldest", "The oldest pair"),
            Key("G", "G", "newest", "The newest pair"),
        ),
    ),
    KeyGroup(
        "Open",
        (
            Key("enter", "Enter", "open", "Open the map of the pair, at the column under the cursor", "map"),
            Key("space", "Space", "mark", "Mark or unmark a pair, at most two", "mark"),
            Key(
                "m",
                "m",
                "open_marked",
                "Open the delta from the base of the older marked pair to the target of the newer one",
                "delta of marks",
            ),
        ),
    ),
    KeyGroup(
        "View",
        (
            Key("u", "u", "union", "Show or hide what changed in any pair", "all pairs"),
            Key("plus,equals_sign", "+", "zoom_in", "Zoom in", "zoom"),
            Key("minus", "-", "zoom_out", "Zoom out"),
            Key("z", "z", "zoom_to_cell", "Zoom to the column under the cursor"),
            Key("0", "0", "zoom_whole", "Zoom out to the whole volume"),
            Key("H", "H", "next_scale", "Next heat scale: log, linear, relative to the hottest column"),
            Key("p", "p", "next_palette", "Next palette"),
        ),
    ),
    KeyGroup(
        "Streams",
        (
            Key("e", "e", "export", "Export as JSON, CSV or SVG", "export"),
            Key("x", "x", "stop", "Stop the streams and keep what was received"),
            Key("r", "r", "resume", "Query again what was stopped or failed"),
            Key("escape", "Esc", "close", "Clear the marks, zoom out; then go back"),
        ),
    ),
    _EVERYWHERE,
)
TIMELINE_MOUSE = "Mouse: click moves, double-click opens the map, wheel scrolls."


def bindings(groups: Sequence[KeyGroup]) -> list[BindingType]:
    """Textual's bindings of the keys; its keymap replaces the keys of a binding by its id."""
    from textual.binding import Binding

    return [Binding(key.keys, key.action, key.help, show=False, id=key.id) for group in groups for key in group.keys]


def footer(groups: Sequence[KeyGroup], width: int) -> list[Key]:
    """The keys that fit in a line, in the order of the groups; help and quit are always included."""
    found = [key for group in groups for key in group.keys if key.footer]
    last = found[-2:]
    shown: list[Key] = []
    for key in found[:-2]:
        if _length([*shown, key, *last]) <= width:
            shown.append(key)
    return [*shown, *last]


def _length(keys: Sequence[Key]) -> int:
    return sum(len(key.short) + len(key.footer) + 3 for key in keys)
