"""A screen with the snapshots of a cluster: reading them, their order and filter, the context and the namespace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from textual import on

from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.backend import ClusterView
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.tui.messages import in_background
from kubectl_cbt.tui.screens.base_screen import CbtScreen
from kubectl_cbt.tui.screens.choice_screen import ChoiceScreen
from kubectl_cbt.tui.snapshot_marks import Marks
from kubectl_cbt.tui.snapshot_rows import BY_VOLUME, Order, SnapshotRows, Sorting
from kubectl_cbt.tui.widgets.prompt import Prompt
from kubectl_cbt.tui.widgets.snapshot_list import SnapshotList
from kubectl_cbt.units import utc_time

_ALL_NAMESPACES = "all namespaces"

_Loaded = tuple[ClusterView, SnapshotRows]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ListingScreen(CbtScreen[None]):
    """Owns the view of the cluster and its snapshots.

    Args:
        view: closed with the screen, as are the ones it switches to.
        entries: the snapshots; read before the screen opens, so that a login can still prompt.
        refresh_seconds: reload so often while the screen is visible; 0 never does.
        now: returns the time, with a zone.
    """

    def __init__(
        self,
        view: ClusterView,
        entries: list[SnapshotEntry],
        refresh_seconds: float = 0.0,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__()
        self.view = view
        self.listing = SnapshotRows(entries)
        self.marks = Marks()
        self.sorting = BY_VOLUME
        self.filter_text = ""
        self.notice_text = ""
        self._refresh_seconds = refresh_seconds
        self._now = now
        self._read_at = now()
        self._is_refreshing = False
        self.refresh_problem = ""

    @property
    def is_updating(self) -> bool:
        return super().is_updating or self._is_refreshing

    def on_mount(self) -> None:
        """Start to reload."""
        if self._refresh_seconds:
            self.set_interval(self._refresh_seconds, self.refresh_quietly)

    def on_unmount(self) -> None:
        """Close the login with the screen."""
        self.view.close()

    @property
    def snapshot_list(self) -> SnapshotList:
        """The list."""
        return self.query_one(SnapshotList)

    def notice(self, text: str) -> None:
        self.notice_text = text
        self.draw_texts()

    # For the subclass

    def draw_texts(self) -> None:
        """Draw everything around the list."""

    def listing_changed(self) -> None:
        """Draw what depends on the snapshots."""

    def view_changed(self) -> None:
        """Forget what was known of the cluster before."""

    def show_listing(self) -> None:
        """List the snapshots that match the filter."""
        lines = self.listing.lines(self.filter_text, self.sorting)
        self.snapshot_list.show(self.listing, lines, self.sorting)
        self.listing_changed()
        self.draw_texts()

    def mark(self, marks: Marks) -> None:
        """Replace the marks."""
        self.marks = marks
        self.snapshot_list.mark(frozenset(marks.refs))

    # Order and filter

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._sort(self.sorting.next())

    def action_turn_sorting(self) -> None:
        """Sort in the other direction."""
        self._sort(self.sorting.turned())

    @on(SnapshotList.TitleClicked)
    def _title_clicked(self, event: SnapshotList.TitleClicked) -> None:
        self._sort(self.sorting.by(event.order))

    def _sort(self, sorting: Sorting) -> None:
        self.sorting, self.notice_text = sorting, ""
        self.show_listing()

    @property
    def sorting_text(self) -> str:
        """The order in words."""
        by_volume = self.sorting.order is Order.VOLUME
        newest = ", newest first" if by_volume and self.sorting.is_reversed else ""
        return f"snapshots by {self.sorting.order}{newest}"

    def action_filter(self) -> None:
        """Prompt for a filter, which applies while it is typed."""
        self.query_one(Prompt).open(
            "filter", self.filter_by, text=self.filter_text, example="words of namespace, volume, snapshot or driver",
            changed=self.filter_by,
        )  # fmt: skip

    def filter_by(self, text: str) -> None:
        """Show the snapshots that contain all words of a text."""
        self.filter_text, self.notice_text = text.strip(), ""
        self.show_listing()

    # Reading

    def action_refresh(self) -> None:
        """Reload the snapshots."""
        view = self.view
        self.do("reading the snapshots …", lambda: _read(view), self._loaded)

    def _loaded(self, loaded: _Loaded) -> None:
        view, self.listing = loaded
        if view.context != self.view.context:
            self.mark(Marks())
            self.view_changed()
        self.view = view
        self._note_read()
        self.mark(self.marks.reloaded(self.listing))
        self.show_listing()

    def _note_read(self) -> None:
        self._read_at, self.refresh_problem = self._now(), ""

    def refresh_quietly(self) -> None:
        """Reload in the background; cursor, marks, filter and scroll position stay, and a failure is only noted."""
        if self.is_busy or self._is_refreshing or self.app.screen is not self:
            return
        self._is_refreshing = True
        view = self.view

        def done(loaded: _Loaded) -> None:
            self._is_refreshing = False
            if view is self.view:
                self._refreshed(loaded[1])

        def failed(error: CbtError) -> None:
            self._is_refreshing = False
            if view is self.view:
                self.refresh_problem = f"as of {utc_time(self._read_at)[11:16]} UTC, refresh failed: {error.message}"
                self.draw_texts()

        in_background(self, lambda: _read(view), done, failed)

    def _refreshed(self, listing: SnapshotRows) -> None:
        self.listing = listing
        self._note_read()
        self.mark(self.marks.reloaded(listing))
        self.snapshot_list.update(listing, listing.lines(self.filter_text, self.sorting))
        self.listing_changed()
        self.draw_texts()

    # Context and namespace

    def action_switch_namespace(self) -> None:
        """Choose another namespace."""
        self.do("reading the namespaces …", self.view.namespaces, self._choose_namespace)

    def _choose_namespace(self, names: list[str]) -> None:
        screen = ChoiceScreen(
            "namespace", [_ALL_NAMESPACES, *names], self.view.namespace or _ALL_NAMESPACES, accepts_other=True
        )  # fmt: skip
        self.app.push_screen(screen, self._namespace_chosen)

    def _namespace_chosen(self, name: str | None) -> None:
        if name is None:
            return
        view = self.view.in_namespace(None if name == _ALL_NAMESPACES else name)
        self.do(f"reading the snapshots of {name} …", lambda: _read(view), self._loaded)

    def action_switch_context(self) -> None:
        """Choose another context of the kubeconfig."""
        self.do("reading the kubeconfig …", self.view.contexts, self._choose_context)

    def _choose_context(self, names: list[str]) -> None:
        if names:
            self.app.push_screen(ChoiceScreen("context", names, self.view.context), self._context_chosen)
        else:
            self.notice("there is no kubeconfig with contexts to choose from")

    def _context_chosen(self, name: str | None) -> None:
        view = self.view
        if name is None or name == view.context:
            return

        def log_in() -> _Loaded:
            switched, entries = view.in_context(name)
            return switched, SnapshotRows(entries)

        def switched(loaded: _Loaded) -> None:
            self._loaded(loaded)
            # Nothing uses it any more: maps are closed before the list has the keyboard, measurements were stopped.
            view.close()

        self.do(f"opening context {name} …", log_in, switched, lambda loaded: loaded[0].close())


def _read(view: ClusterView) -> _Loaded:
    return view, SnapshotRows(view.entries())
