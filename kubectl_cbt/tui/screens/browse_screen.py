"""The snapshots of a cluster, by volume: mark one or two and open their map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from kubectl_cbt.model.backend import Backend, OpenStream
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.model.resolved_query import CHANGE_ID_ANNOTATION, same_volume
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.output.snapshot_cells import name_of
from kubectl_cbt.tui import keys
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.plain_text import Content, PlainText, joined, line, plain, set_subtitle, set_title
from kubectl_cbt.tui.screens.base_screen import CbtScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.snapshot_rows import SnapshotRows
from kubectl_cbt.tui.text.line_layout import ERROR, GOOD, MUTED, WARNING, fit_parts, key_line
from kubectl_cbt.tui.widgets.prompt import Prompt
from kubectl_cbt.tui.widgets.snapshot_list import SnapshotList
from kubectl_cbt.units import counted, human_count, utc_words


@dataclass(frozen=True, slots=True)
class Marks:
    """The marked snapshots, at most two, in the order of marking."""

    entries: tuple[SnapshotEntry, ...] = ()

    @property
    def refs(self) -> tuple[SnapshotRef, ...]:
        """Their names."""
        return tuple(entry.ref for entry in self.entries)

    def toggled(self, entry: SnapshotEntry) -> Marks:
        """With ``entry`` added or removed; a third mark replaces the oldest."""
        if entry.ref in self.refs:
            return Marks(tuple(other for other in self.entries if other.ref != entry.ref))
        return Marks((*self.entries[-1:], entry))

    def reloaded(self, listing: SnapshotRows) -> Marks:
        """The same snapshots of another listing, without those it does not contain."""
        numbers = (listing.number_of(entry) for entry in self.entries)
        return Marks(tuple(listing.entries[number] for number in numbers if number >= 0))


class BrowseScreen(CbtScreen[None]):
    """A list under a heading for each volume.

    Args:
        entries: the snapshots; read before the screen opens, so that a login can still prompt.
        namespace: shown namespace, empty for all.
    """

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keys.BROWSE_KEYS)
    KEYS = keys.BROWSE_KEYS
    MOUSE = keys.BROWSE_MOUSE

    def __init__(self, backend: Backend, entries: list[SnapshotEntry], namespace: str) -> None:
        super().__init__()
        self._backend = backend
        self._listing = SnapshotRows(entries)
        self._namespace = namespace
        self._filter = ""
        self._marks = Marks()
        self._notice = ""

    @property
    def marks(self) -> Marks:
        """The marked snapshots."""
        return self._marks

    def compose(self) -> ComposeResult:
        yield PlainText(id="header")
        yield PlainText(id="status")
        yield SnapshotList()
        yield PlainText(id="about")
        yield Prompt()
        yield PlainText(id="keys")

    def on_mount(self) -> None:
        """Draw for the first time."""
        set_title(self.query_one("#about"), "snapshot")
        self._list.focus()
        self._show()

    def on_resize(self) -> None:
        """Fit the texts to the width."""
        self._draw_texts()

    # Drawing

    @property
    def _list(self) -> SnapshotList:
        return self.query_one(SnapshotList)

    @property
    def current(self) -> SnapshotEntry | None:
        """The snapshot under the cursor."""
        return self._list.entry

    def _show(self) -> None:
        """List the snapshots that match the filter."""
        self._list.show(self._listing, self._listing.lines(self._filter))
        self.query_one("#about").set_class(self._listing.has_change_ids, "-with-change-ids")
        self._draw_texts()

    def _draw_texts(self) -> None:
        where = f"namespace {self._namespace}" if self._namespace else "all namespaces"
        counts = f"{counted(len(self._listing.entries), 'snapshot')}, CBT works for {human_count(self._listing.usable)}"
        left = line((" Snapshots", "bold"), (f"   {where}", MUTED))
        gap = " " * max(self.size.width - left.cell_length - len(counts) - 1, 2)
        self.query_one("#header", PlainText).update(line(left, gap, (counts, "bold")))
        self.query_one("#status", PlainText).update(self._status())
        self.query_one("#about", PlainText).update(self._about())
        self.query_one("#keys", PlainText).update(key_line(keys.footer(self.KEYS, self.size.width)))
        set_title(self._list, self._title())
        set_subtitle(self._list, f"{human_count(self._list.number + 1)} of {human_count(self._list.shown)}")

    def _title(self) -> str:
        """The title of the list; always includes a filter that is set."""
        if not self._filter:
            return "snapshots by volume"
        shown, all_there_are = human_count(self._list.shown), human_count(len(self._listing.entries))
        return f"filter: {self._filter} · {shown} of {all_there_are} · Esc shows all"

    def _status(self) -> Content:
        if self._notice:
            return fit_parts(self.size.width, [(self._notice, WARNING)])
        names = [name_of(entry) for entry in self._marks.entries]
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
            return plain(" no snapshot matches the filter" if self._listing.entries else " there are no snapshots")
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
        self._list.move(by)
        self.notice("")

    def action_page(self, by: int) -> None:
        """Move the cursor by screens."""
        self.action_move(by * max(self._list.page_lines - 1, 1))

    def action_first(self) -> None:
        """Move to the first snapshot."""
        self.action_move(-self._list.shown)

    def action_last(self) -> None:
        """Move to the last snapshot."""
        self.action_move(self._list.shown)

    def action_mark(self) -> None:
        """Mark or unmark the snapshot under the cursor."""
        entry = self.current
        if entry is None:
            return
        if not entry.usable:
            self.notice(_unusable(entry))
            return
        self._mark(self._marks.toggled(entry))

    def _mark(self, marks: Marks) -> None:
        self._marks = marks
        self._list.mark(frozenset(marks.refs))
        self.notice("")

    def action_clear(self) -> None:
        """Clear the filter; without a filter, the marks."""
        if self._filter:
            self._filter_by("")
        else:
            self._mark(Marks())

    def action_filter(self) -> None:
        """Prompt for a filter, which applies while it is typed."""
        self.query_one(Prompt).open(
            "filter", self._filter_by, text=self._filter, example="words of namespace, volume, snapshot or driver",
            changed=self._filter_by,
        )  # fmt: skip

    def _filter_by(self, text: str) -> None:
        self._filter, self._notice = text.strip(), ""
        self._show()

    def action_refresh(self) -> None:
        """Reload the snapshots."""
        self.do("reading the snapshots …", lambda: SnapshotRows(self._backend.entries()), self._refreshed)

    def _refreshed(self, listing: SnapshotRows) -> None:
        self._listing = listing
        self._mark(self._marks.reloaded(listing))
        self._show()

    @on(SnapshotList.Activated)
    def _activated(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Open the map of the marked snapshots, or of the snapshot under the cursor."""
        names = self._choice()
        if isinstance(names, str):
            self.notice(names)
        else:
            self.do(f"opening {names} …", lambda: self._backend.open(names), self._opened, lambda made: made.close())

    def _choice(self) -> SnapshotNames | str:
        """The snapshots that Enter opens, or why it cannot."""
        found, entry = self._marks.entries, self.current
        if len(found) < 2 and entry is not None and entry.ref not in self._marks.refs:
            found = (*found, entry)
        for one in found:
            if not one.usable:
                return _unusable(one)
        if not found:
            return "there is no snapshot under the cursor"
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
        self.app.push_screen(MapScreen(loader, self._backend))

    def notice(self, text: str) -> None:
        self._notice = text
        self._draw_texts()


def _unusable(entry: SnapshotEntry) -> str:
    return f"{name_of(entry)} cannot be queried: {entry.obstacle}"
