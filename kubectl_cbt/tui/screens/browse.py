"""The snapshots of a cluster, by volume: mark one or two, and see the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from kubectl_cbt.model.entry import SnapshotEntry, by_volume_and_age
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.target import same_volume
from kubectl_cbt.tui import keys, wording
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.plain import Choices, Content, Entry, Text, joined, line, plain, set_title
from kubectl_cbt.tui.ports import Backend, Choice, Opened
from kubectl_cbt.tui.screens.base import CbtScreen
from kubectl_cbt.tui.screens.map import MapScreen
from kubectl_cbt.tui.widgets.prompt import Prompt
from kubectl_cbt.units import age, human_bytes, utc_words

_NAMELESS = "(no claim)"


@dataclass(frozen=True, slots=True)
class Marks:
    """The snapshots that are marked, at most two, in the order of marking."""

    refs: tuple[SnapshotRef, ...] = ()

    def toggled(self, ref: SnapshotRef) -> Marks:
        """With or without ``ref``; a third one takes the place of the older mark."""
        if ref in self.refs:
            return Marks(tuple(other for other in self.refs if other != ref))
        return Marks((*self.refs[-1:], ref))


class BrowseScreen(CbtScreen[None]):
    """A list under a heading for each volume.

    Args:
        entries: what there is; read before the screen opens, so that a login may still ask for something.
        namespace: the one that is shown, empty for all.
    """

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keys.BROWSE_KEYS)
    KEYS = keys.BROWSE_KEYS

    def __init__(self, backend: Backend, entries: list[SnapshotEntry], namespace: str) -> None:
        super().__init__()
        self._backend = backend
        self._entries = _distinct(entries)
        self._namespace = namespace
        self._filter = ""
        self._marks = Marks()
        self._notice = ""
        self._layout = _Layout.of(self._entries, 80)
        self._shown: list[SnapshotEntry] = []
        self._pointed: int | None = None

    @property
    def marks(self) -> Marks:
        """What is marked."""
        return self._marks

    def compose(self) -> ComposeResult:
        yield Text(id="header")
        yield Text(id="status")
        yield Text(id="columns")
        yield Choices(id="snapshots")
        yield Text(id="about")
        yield Prompt()
        yield Text(id="keys")

    def on_mount(self) -> None:
        """Show what is there."""
        set_title(self.query_one("#about"), "snapshot")
        self.query_one(Choices).focus()
        self._fill()

    def on_resize(self) -> None:
        """Columns are as wide as there is room."""
        self._fill()

    # What there is to see

    @property
    def matching(self) -> list[SnapshotEntry]:
        """The snapshots that pass the filter."""
        words = self._filter.lower().split()
        return [entry for entry in self._entries if all(word in _searched(entry) for word in words)]

    @property
    def current(self) -> SnapshotEntry | None:
        """The one under the cursor."""
        number = self._current_number
        return None if number is None else self._shown[number]

    @property
    def _current_number(self) -> int | None:
        """Its place in ``_shown``, which is the id of its option: unlike names, numbers are always fit for one."""
        listing = self.query_one(Choices)
        option = None if listing.highlighted is None else listing.get_option_at_index(listing.highlighted).id
        return None if option is None else int(option)

    def _fill(self) -> None:
        """Draw everything anew; the cursor stays on its snapshot."""
        listing, before = self.query_one(Choices), self.current
        layout = self._layout = _Layout.of(self._entries, max(self.size.width - 4, 20))
        entries: list[Entry] = []
        volume = None
        self._shown, self._pointed = self.matching, None
        for number, entry in enumerate(self._shown):
            if _volume(entry) != volume:
                volume = _volume(entry)
                entries.append(Entry(layout.heading(entry), disabled=True))
            entries.append(Entry(layout.line(entry, self._marks.refs, is_current=False), str(number)))
        listing.show(entries)
        self._restore(before)
        self._point()
        self.query_one("#columns", Text).update(layout.titles())
        self._draw_texts()

    def _restore(self, before: SnapshotEntry | None) -> None:
        if self._shown:
            same = (number for number, entry in enumerate(self._shown) if before and entry.ref == before.ref)
            self._move_to(next(same, 0))

    def _move_to(self, number: int) -> None:
        listing = self.query_one(Choices)
        listing.highlighted = listing.get_option_index(str(number))

    def _draw_texts(self) -> None:
        where = f"namespace {self._namespace}" if self._namespace else "all namespaces"
        usable = sum(entry.usable for entry in self._entries)
        counts = f"{len(self._entries)} snapshots, CBT works for {usable}"
        gap = " " * max(self.size.width - len(where) - len(counts) - 15, 2)
        title = line((" Snapshots", "bold"), (f"   {where}", wording.MUTED), gap, (counts, "bold"))
        self.query_one("#header", Text).update(title)
        self.query_one("#status", Text).update(self._status())
        self.query_one("#about", Text).update(self._about())
        self.query_one("#keys", Text).update(wording.footer(keys.footer(self.KEYS, self.size.width)))

    def _status(self) -> Content:
        if self._notice:
            return wording.fitting(self.size.width, [(self._notice, wording.WARNING)])
        names = [ref.name for ref in self._marks.refs]
        if len(names) == 2:
            text = f" marked: {names[0]} and {names[1]}; Enter shows what changed between them"
        elif names:
            text = f" marked: {names[0]}; mark another of its volume with Space, or Enter on one"
        elif self._filter:
            text = f" filter: {self._filter}   ({len(self.matching)} of {len(self._entries)}; Esc shows all)"
        else:
            text = " Space marks a snapshot, Enter opens the map"
        return plain(text, wording.MUTED)

    def _about(self) -> Content:
        """All that is known of the snapshot under the cursor; first of all why it cannot be asked about."""
        entry = self.current
        if entry is None:
            return plain("no snapshot here" if self._entries else "there are no snapshots")
        works = ("CBT works", wording.GOOD) if entry.usable else (f"cannot be asked: {entry.obstacle}", wording.ERROR)
        first = line((str(entry.ref), "bold"), "   ", works)
        taken = f"taken {utc_words(entry.created)}" if entry.created else "not taken yet"
        details = [taken, entry.driver and f"driver {entry.driver}", entry.handle and f"handle {entry.handle}"]
        parts = [(detail, wording.MUTED) for detail in details if detail]
        return joined([first, wording.fitting(self.size.width - 2, parts)])

    @on(Choices.OptionHighlighted)
    def _highlighted(self) -> None:
        self._notice = ""
        self._point()
        self._draw_texts()

    def _point(self) -> None:
        """Draw the cursor as a character too: a bar alone is nothing where there are no colours."""
        current = self._current_number
        for number in {self._pointed, current}:
            if number is not None:
                drawn = self._layout.line(self._shown[number], self._marks.refs, is_current=number == current)
                self.query_one(Choices).redraw(str(number), drawn)
        self._pointed = current

    # Doing

    def action_move(self, by: int) -> None:
        """Move the cursor by snapshots; headings are passed over."""
        current = self._current_number
        if current is not None:
            self._move_to(max(min(current + by, len(self._shown) - 1), 0))

    def action_first(self) -> None:
        """To the first snapshot."""
        self.action_move(-len(self._entries))

    def action_last(self) -> None:
        """To the last snapshot."""
        self.action_move(len(self._entries))

    def action_mark(self) -> None:
        """Mark or unmark the snapshot under the cursor."""
        entry = self.current
        if entry is None:
            return
        if not entry.usable:
            self.notice(f"{entry.ref.name} cannot be asked about: {entry.obstacle}")
            return
        self._notice = ""
        self._marks = self._marks.toggled(entry.ref)
        self._fill()

    def action_clear(self) -> None:
        """Forget filter and marks."""
        self._filter, self._marks, self._notice = "", Marks(), ""
        self._fill()

    def action_ask_filter(self) -> None:
        """Filter while one types."""
        self.query_one(Prompt).ask(
            "filter", self._filter_by, text=self._filter, example="words of namespace, volume, snapshot or driver",
            changed=self._filter_by,
        )  # fmt: skip

    def _filter_by(self, text: str) -> None:
        self._filter = text.strip()
        self._fill()

    def action_refresh(self) -> None:
        """Read the snapshots again."""
        self.do("reading the snapshots …", self._backend.entries, self._refreshed)

    def _refreshed(self, entries: list[SnapshotEntry]) -> None:
        self._entries = _distinct(entries)
        there = {entry.ref for entry in entries}
        self._marks = Marks(tuple(ref for ref in self._marks.refs if ref in there))
        self._fill()

    @on(Choices.OptionSelected)
    def _selected(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Open the map of what is marked, or of the snapshot under the cursor."""
        choice = self._choice()
        if isinstance(choice, str):
            self.notice(choice)
        else:
            self.do(f"opening {choice} …", lambda: self._backend.open(choice), self._opened, lambda made: made.close())

    def _choice(self) -> Choice | str:
        """What Enter means now, or why it means nothing."""
        entry = self.current
        refs = self._marks.refs
        if len(refs) < 2 and entry is not None and entry.ref not in refs:
            refs = (*refs, entry.ref)
        found = [entry for entry in self._entries if entry.ref in refs]
        for one in found:
            if not one.usable:
                return f"{one.ref.name} cannot be asked about: {one.obstacle}"
        if not found:
            return "there is no snapshot here"
        if len(found) == 1:
            return Choice(found[0].ref)
        base, target = sorted(found, key=lambda one: (one.created is None, one.created or 0))
        if same_volume(base, target) is False:
            return f"{base.ref.name} and {target.ref.name} are of two volumes: a delta needs two of one"
        return Choice(target.ref, base.ref)

    def _opened(self, opened: Opened) -> None:
        loader = Loader(opened)
        loader.start()
        self.app.push_screen(MapScreen(loader, self._backend))

    def notice(self, text: str) -> None:
        self._notice = text
        self._draw_texts()


def _distinct(entries: list[SnapshotEntry]) -> list[SnapshotEntry]:
    """By volume and age; of several objects of one name, which only a broken API server lists, the last."""
    return sorted({entry.ref: entry for entry in entries}.values(), key=by_volume_and_age)


def _volume(entry: SnapshotEntry) -> tuple[str, str]:
    return entry.ref.namespace, entry.claim or _NAMELESS


def _searched(entry: SnapshotEntry) -> str:
    return " ".join([str(entry.ref), entry.claim or "", entry.driver, entry.obstacle or "yes"]).lower()


@dataclass(frozen=True, slots=True)
class _Layout:
    """Widths of the columns, so that every line of the list has them."""

    name: int
    size: int
    age: int

    @classmethod
    def of(cls, entries: list[SnapshotEntry], width: int) -> _Layout:
        """What the longest texts need; names give way where there is little room."""
        size = max([len(_size(entry)) for entry in entries] + [len("SIZE")])
        passed = max([len(_age(entry)) for entry in entries] + [len("AGE")])
        name = max([len(entry.ref.name) for entry in entries] + [len("SNAPSHOT")])
        others = len(cls(0, size, passed)._columns("  ", "", "", "", "", "no: driver has no service"))
        return cls(min(name, max(width - others, 12)), size, passed)

    def titles(self) -> Content:
        """The line above the list."""
        return plain("  " + self._columns("  ", "SNAPSHOT", "AGE", "SIZE", "READY", "CBT"), wording.MUTED)

    def heading(self, entry: SnapshotEntry) -> Content:
        """The line above the snapshots of a volume."""
        namespace, claim = _volume(entry)
        return line((f"{namespace}/{claim}", "bold"), (f"   {entry.driver}", wording.MUTED))

    def line(self, entry: SnapshotEntry, marked: tuple[SnapshotRef, ...], *, is_current: bool) -> Content:
        """One snapshot."""
        is_marked = entry.ref in marked
        mark = ("▸" if is_current else " ") + ("●" if is_marked else " ")
        works = "yes" if entry.usable else f"no: {entry.obstacle}"
        text = self._columns(mark, entry.ref.name, _age(entry), _size(entry), str(entry.ready).lower(), works)
        return plain(text, "bold" if is_marked else "" if entry.usable else wording.MUTED)

    def _columns(self, mark: str, name: str, passed: str, size: str, ready: str, works: str) -> str:
        shown = name if len(name) <= self.name else name[: max(self.name - 1, 0)] + "…"
        return f"{mark} {shown:<{self.name}}   {passed:>{self.age}}   {size:>{self.size}}   {ready:<5}   {works}"


def _size(entry: SnapshotEntry) -> str:
    return human_bytes(entry.restore_size_bytes) if entry.restore_size_bytes else ""


def _age(entry: SnapshotEntry) -> str:
    return age(entry.created or entry.object_created)
