"""The statistics panel, with the largest runs and hottest regions of a stream."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.events import Key
from textual.message import Message

from kubectl_cbt.analysis.known_range import KnownRange
from kubectl_cbt.analysis.regions import hottest_regions
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.output.vocabulary import Vocabulary, vocabulary_of
from kubectl_cbt.tui.loader import Frame
from kubectl_cbt.tui.messages import in_background
from kubectl_cbt.tui.plain_text import Content, PlainText, joined, set_title
from kubectl_cbt.tui.text.statistics_panel import Jump, jumps_to, statistics_panel

_JUMPS = 5
_EVERY_SECONDS = 2.0

Jumps = tuple[list[Jump], list[Jump]]


class Statistics(VerticalScroll, can_focus=True):
    """While it has the focus, digits go to the listed places."""

    @dataclass
    class PlaceChosen(Message):
        """The user chose a place.

        Attributes:
            position: its first byte.
        """

        position: int

    def __init__(self) -> None:
        super().__init__()
        self.is_searching = False
        self._frame: Frame | None = None
        self._words = vocabulary_of(None)
        self._first: Sequence[Content] = ()
        self._jumps: Jumps = ([], [])
        self._searched_in: tuple[Extents, KnownRange] | None = None
        self._due = 0.0

    def compose(self) -> ComposeResult:
        yield PlainText()

    def on_mount(self) -> None:
        """Set the title."""
        set_title(self, "statistics")

    def show(self, frame: Frame, words: Vocabulary, first: Sequence[Content] = ()) -> None:
        """Show the figures of this frame; the places follow when they are found.

        Args:
            first: lines before them.
        """
        self._frame, self._words, self._first = frame, words, first
        self._search()
        lines = statistics_panel(frame, words, *self._jumps, self.content_size.width)
        self.query_one(PlainText).update(joined([*first, *lines]))

    def _search(self) -> None:
        """Find the places, which takes all extents: in the background, and not for every frame of a running stream."""
        if self._frame is None or self.is_searching:
            return
        extents, capacity = self._frame.received.extents, self._frame.outcome.volume_capacity_bytes
        known = self._frame.known
        if (
            (extents, known) == self._searched_in
            or not capacity
            or (self._frame.is_running and time.monotonic() < self._due)
        ):
            return
        self.is_searching, self._searched_in = True, (extents, known)
        self._due = time.monotonic() + _EVERY_SECONDS

        def search() -> Jumps:
            return jumps_to(extents.largest_runs(_JUMPS), hottest_regions(extents, capacity, _JUMPS), known)

        in_background(self.screen, search, self._found, lambda error: self._found(([], [])))

    def _found(self, jumps: Jumps) -> None:
        self.is_searching, self._jumps = False, jumps
        if self._frame is not None and self.display:
            # Continue with extents received in the meantime.
            self.show(self._frame, self._words, self._first)

    def on_key(self, event: Key) -> None:
        """Go to the place of a digit. A digit without a place does nothing; it must not act on the map."""
        if event.key.isdigit():
            event.stop()
            event.prevent_default()
        for jump in (*self._jumps[0], *self._jumps[1]):
            if jump.key == event.key:
                self.post_message(self.PlaceChosen(jump.position))
