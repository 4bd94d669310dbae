"""The snapshots of a cluster, by volume: mark one or two and open their map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message

from kubectl_cbt.errors import Interrupted
from kubectl_cbt.measuring.stream_meter import MeterSettings, StreamMeter
from kubectl_cbt.model.backend import ClusterView, OpenStream
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.resolved_query import CHANGE_ID_ANNOTATION, same_volume
from kubectl_cbt.model.snapshot_entry import SnapshotEntry, siblings
from kubectl_cbt.model.stream_figures import MeteredQuery, StreamFigures
from kubectl_cbt.model.volume_history import HistoryPair
from kubectl_cbt.output.drawing.text_width import shorten
from kubectl_cbt.output.snapshot_cells import name_of
from kubectl_cbt.tui import keys
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.plain_text import Content, PlainText, joined, line, plain, set_subtitle, set_title
from kubectl_cbt.tui.screens.listing_screen import ListingScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.screens.timeline_screen import TimelineScreen
from kubectl_cbt.tui.snapshot_marks import Marks
from kubectl_cbt.tui.text.line_layout import ERROR, GOOD, MUTED, WARNING, fit_parts
from kubectl_cbt.tui.volume_of_snapshot import history_of
from kubectl_cbt.tui.widgets.key_bar import KeyBar
from kubectl_cbt.tui.widgets.prompt import Prompt
from kubectl_cbt.tui.widgets.snapshot_list import SnapshotList
from kubectl_cbt.tui.widgets.volume_panel import BAR_CELLS, VolumePanel, VolumeView
from kubectl_cbt.units import counted, human_count, printable, utc_words

PANEL_COLUMNS = 140
"""Width of the screen from which the volume is shown beside the list."""


class DeltaMeasured(Message):
    """The meter has a newer result; of several that are queued only the last is handled."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, DeltaMeasured)


class BrowseScreen(ListingScreen):
    """A list under a heading for each volume, and beside it, where there is room, the volume under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keys.BROWSE_KEYS)
    KEYS = keys.BROWSE_KEYS
    MOUSE = keys.BROWSE_MOUSE

    def __init__(
        self,
        view: ClusterView,
        entries: list[SnapshotEntry],
        refresh_seconds: float = 0.0,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__(view, entries, refresh_seconds, *(() if now is None else (now,)))
        self._meter: StreamMeter | None = None
        self._volume_of: SnapshotEntry | None = None
        self._volume: Sequence[SnapshotEntry] = ()

    def compose(self) -> ComposeResult:
        yield PlainText(id="header")
        yield PlainText(id="status")
        with Horizontal(id="body"):
            yield SnapshotList()
            yield VolumePanel()
        yield PlainText(id="about")
        yield Prompt()
        yield KeyBar()

    def on_mount(self) -> None:
        """Draw for the first time."""
        super().on_mount()
        set_title(self.query_one("#about"), "snapshot")
        self.snapshot_list.focus()
        self.colors_changed()
        self.show_listing()

    def on_unmount(self) -> None:
        """End the streams with the screen."""
        self._stop_measuring()
        super().on_unmount()

    def on_resize(self) -> None:
        """Fit the texts to the width."""
        self.draw_texts()

    @property
    def is_updating(self) -> bool:
        return super().is_updating or self._is_measuring

    # Drawing

    def colors_changed(self) -> None:
        self._panel.use_colors(self.cbt.color_scheme(both_layers=False))

    @property
    def _panel(self) -> VolumePanel:
        return self.query_one(VolumePanel)

    @property
    def current(self) -> SnapshotEntry | None:
        """The snapshot under the cursor."""
        return self.snapshot_list.entry

    def listing_changed(self) -> None:
        self._volume_of, self._volume = None, ()
        self.query_one("#about").set_class(self.listing.has_change_ids, "-with-change-ids")

    def view_changed(self) -> None:
        self._stop_measuring()
        self._meter = None

    def draw_texts(self) -> None:
        found = self.listing
        counts = f"{counted(len(found.entries), 'snapshot')}, CBT works for {human_count(found.usable)}"
        room = self.size.width - len(" Snapshots   ") - len(counts) - 3
        left = line((" Snapshots", "bold"), ("   " + self._place(room), MUTED))
        gap = " " * max(self.size.width - left.cell_length - len(counts) - 1, 2)
        self.query_one("#header", PlainText).update(line(left, gap, (counts, "bold")))
        self.query_one("#status", PlainText).update(self._status())
        self.query_one("#about", PlainText).update(self._about())
        self.query_one(KeyBar).show(self.key_groups, self.size.width)
        shown = self.snapshot_list
        set_title(shown, self._title())
        set_subtitle(shown, f"{human_count(shown.number + 1)} of {human_count(shown.shown)}")
        self._draw_volume()

    def _place(self, room: int) -> str:
        """Context and namespace: labelled, without labels, or the namespace alone, as fits in ``room`` cells."""
        context, namespace = self.view.context, self.view.namespace
        short = namespace or "all namespaces"
        texts = [f"namespace {namespace}" if namespace else short, short]
        if context:
            texts = [f"context {context} · {texts[0]}", f"{context} · {short}", *texts]
        return next((text for text in texts if cell_len(printable(text)) <= room), shorten(short, room))

    def _draw_volume(self) -> None:
        """Draw the panel, and end the streams of a volume that the cursor has left."""
        entry = self.current
        if entry is not self._volume_of and entry not in self._volume:
            alike = siblings(self.listing.entries, entry.ref) if entry else []
            self._volume_of, self._volume = entry, [one for one in alike if one.usable]
            figures = map(self._figures, self._queries())
            if not any(found is not None and found.is_running for found in figures):
                self._stop_measuring()
        self._panel.display = self.size.width >= PANEL_COLUMNS
        if self._panel.display:
            deltas = list(map(self._figures, self._queries()))
            self._panel.show(VolumeView(entry, self._volume, deltas) if entry else None)

    def _queries(self) -> list[MeteredQuery]:
        return [HistoryPair(base, target).query for base, target in pairwise(self._volume)]

    def _figures(self, query: MeteredQuery) -> StreamFigures | None:
        """What was measured; None if the measurement was stopped before its stream began."""
        found = self._meter.result(query) if self._meter is not None else None
        if found is None or found.outcome is not None or found.failure is None:
            return found
        return None if found.failure.type == Interrupted.kind else found

    def _post_measured(self, query: MeteredQuery) -> None:
        self.post_message(DeltaMeasured())

    @property
    def _is_measuring(self) -> bool:
        return self._meter is not None and self._meter.is_running

    def _stop_measuring(self) -> None:
        if self._meter is not None:
            self._meter.cancel()

    @on(DeltaMeasured)
    def _delta_measured(self) -> None:
        self._draw_volume()

    def _title(self) -> str:
        """The title of the list; always includes a filter that is set."""
        if not self.filter_text:
            return self.sorting_text
        shown, all_there_are = human_count(self.snapshot_list.shown), human_count(len(self.listing.entries))
        return f"filter: {self.filter_text} · {shown} of {all_there_are} · Esc shows all"

    def _status(self) -> Content:
        problem = self.notice_text or self.refresh_problem
        if problem:
            return fit_parts(self.size.width, [(problem, WARNING if self.notice_text else MUTED)])
        names = [name_of(entry) for entry in self.marks.entries]
        if len(names) == 2:
            parts = [f"marked: {names[0]} and {names[1]}", "Enter shows what changed between them"]
        elif names:
            parts = [
                f"marked: {names[0]}",
                "Space marks another one of its volume, Enter compares with the one under the cursor",
            ]
        else:
            parts = ["Space marks a snapshot, Enter opens the map"]
        return fit_parts(self.size.width, [(part, MUTED) for part in parts])

    def _about(self) -> Content:
        """Details of the snapshot under the cursor, and why it cannot be queried."""
        width, entry = self.size.width - 2, self.current
        if entry is None:
            return plain(" no snapshot matches the filter" if self.listing.entries else " there are no snapshots")
        taken = f"taken {utc_words(entry.created)}" if entry.created else "not taken yet"
        details = [taken, entry.driver and f"driver {entry.driver}", entry.handle and f"handle {entry.handle}"]
        parts = [(detail, MUTED) for detail in details if detail]
        name = (f"{entry.ref.namespace}/{name_of(entry)}", "bold")
        if entry.usable:
            lines = [
                fit_parts(width, [name, ("CBT works", GOOD)]),
                fit_parts(width, parts),
            ]
        else:
            obstacle = (f"cannot be queried: {entry.obstacle}", ERROR)
            lines = [fit_parts(width, [name, *parts]), fit_parts(width, [obstacle])]
        if entry.change_id:
            base = [
                (f"as a base: change id {entry.change_id}", ""),
                (f"annotation {CHANGE_ID_ANNOTATION}", MUTED),
            ]
            lines.append(fit_parts(width, base))
        return joined(lines)

    # Actions

    @on(SnapshotList.CursorMoved)
    def _cursor_moved(self) -> None:
        self.notice("")

    def action_move(self, by: int) -> None:
        """Move the cursor by snapshots; headings are skipped."""
        self.snapshot_list.move(by)
        self.notice("")

    def action_page(self, by: int) -> None:
        """Move the cursor by screens."""
        self.action_move(by * max(self.snapshot_list.page_lines - 1, 1))

    def action_first(self) -> None:
        """Move to the first snapshot."""
        self.action_move(-self.snapshot_list.shown)

    def action_last(self) -> None:
        """Move to the last snapshot."""
        self.action_move(self.snapshot_list.shown)

    def action_mark(self) -> None:
        """Mark or unmark the snapshot under the cursor."""
        entry = self.current
        if entry is None:
            return
        if not entry.usable:
            self.notice(_unusable(entry))
            return
        self.mark(self.marks.toggled(entry))
        self.notice("")

    def action_clear(self) -> None:
        """Stop measuring; otherwise clear the filter; without a filter, the marks."""
        if self._is_measuring:
            self._stop_measuring()
        elif self.filter_text:
            self.filter_by("")
        else:
            self.mark(Marks())
            self.notice("")

    @on(SnapshotList.Activated)
    def _activated(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Open the map of the marked snapshots, or of the snapshot under the cursor."""
        self._open(self._choice())

    def action_open_delta(self) -> None:
        """Open the delta from the previous snapshot of the volume to the snapshot under the cursor."""
        self._open(self._previous_delta())

    def _open(self, names: SnapshotNames | str) -> None:
        if isinstance(names, str):
            self.notice(names)
            return
        view = self.view
        self.do(f"opening {names} …", lambda: view.open(names), self._opened, lambda made: made.close())

    def _previous_delta(self) -> SnapshotNames | str:
        """The snapshots that D opens, or why it cannot."""
        entry = self.current
        if entry is None:
            return _NO_SNAPSHOT
        if not entry.usable:
            return _unusable(entry)
        if entry not in self._volume:
            return f"the other snapshots of the volume of {name_of(entry)} are unknown"
        at = self._volume.index(entry)
        if not at:
            return f"{name_of(entry)} is the oldest snapshot of its volume: there is no previous one"
        return SnapshotNames(entry.ref, self._volume[at - 1].ref)

    def action_timeline(self) -> None:
        """Open the timeline of the volume under the cursor."""
        entry = self.current
        found = history_of(self.listing.entries, entry.ref) if entry is not None else _NO_SNAPSHOT
        if isinstance(found, str):
            self.notice(found)
        else:
            self.app.push_screen(TimelineScreen(found, self.view))

    def action_measure(self) -> None:
        """Measure what changed between neighboring snapshots of the volume under the cursor."""
        if not self._panel.display:
            self.notice(f"the changes are shown beside the list: make the terminal {PANEL_COLUMNS} columns wide")
            return
        queries = self._queries()
        figures = list(map(self._figures, queries))
        if not queries:
            self.notice("there are no two snapshots of this volume that can be compared")
        elif all(found is not None and found.is_complete for found in figures):
            self.notice("all changes of this volume are measured")
        else:
            self._measure(queries)

    def _measure(self, queries: list[MeteredQuery]) -> None:
        if self._meter is None:
            # The cost by chunk size takes time to compute, and is not shown.
            settings = MeterSettings(cells=BAR_CELLS, chunk_sizes=())
            self._meter = StreamMeter(self.view, self.cbt.limits, settings, self._post_measured)
        self._meter.submit(queries)
        self._draw_volume()

    def _choice(self) -> SnapshotNames | str:
        """The snapshots that Enter opens, or why it cannot."""
        found, entry = self.marks.entries, self.current
        if len(found) < 2 and entry is not None and entry.ref not in self.marks.refs:
            found = (*found, entry)
        for one in found:
            if not one.usable:
                return _unusable(one)
        if not found:
            return _NO_SNAPSHOT
        if len(found) == 1:
            return SnapshotNames(found[0].ref)
        base, target = sorted(found, key=lambda one: (one.created is None, one.created or 0))
        if same_volume(base, target) is False:
            names = f"{base.ref.name} and {target.ref.name}"
            return f"{names} belong to different volumes: a delta needs two snapshots of one volume"
        return SnapshotNames(target.ref, base.ref)

    def _opened(self, opened: OpenStream) -> None:
        loader = Loader(opened)
        loader.start()
        self.app.push_screen(MapScreen(loader, self.view))


_NO_SNAPSHOT = "there is no snapshot under the cursor"


def _unusable(entry: SnapshotEntry) -> str:
    return f"{name_of(entry)} cannot be queried: {entry.obstacle}"
