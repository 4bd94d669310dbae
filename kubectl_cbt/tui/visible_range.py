"""The part of the volume that a timeline shows, and the byte under its cursor."""

from __future__ import annotations

from kubectl_cbt.analysis.volume_columns import VolumeColumns

SMALLEST_COLUMN_BYTES = 4096


class VisibleRange:
    """Range and cursor; draws nothing.

    Attributes:
        capacity: of the volume; 0 while unknown.
        start, end: the visible range in bytes, half-open.
        position: the byte under the cursor, always visible.
    """

    def __init__(self, position: int = 0) -> None:
        self.capacity = self.start = self.end = 0
        self.position = position

    @property
    def is_whole(self) -> bool:
        """Whether the whole volume is visible."""
        return self.end - self.start >= self.capacity

    def use_capacity(self, capacity_bytes: int) -> None:
        """Fit the range to the volume; a range of the whole volume stays one."""
        if capacity_bytes == self.capacity:
            return
        was_whole = self.is_whole
        self.capacity = capacity_bytes
        self.position = max(min(self.position, capacity_bytes - 1), 0)
        if was_whole or self.end > capacity_bytes:
            self.show_whole()

    def show_whole(self) -> None:
        """Show the whole volume."""
        self.start, self.end = 0, self.capacity

    def show(self, start: int, end: int, columns: int) -> None:
        """Show ``[start, end)``, widened around its middle so that no column is smaller than a block."""
        span = min(max(end - start, columns * SMALLEST_COLUMN_BYTES), self.capacity)
        self.start = max(min((start + end - span) // 2, self.capacity - span), 0)
        self.end = self.start + span
        self.position = max(min(self.position, self.end - 1), self.start)

    def zoom(self, columns: int, *, closer: bool) -> None:
        """Halve or double the range; the byte under the cursor keeps its place on the screen."""
        span = self.end - self.start
        wanted = span // 2 if closer else span * 2
        wanted = min(max(wanted, columns * SMALLEST_COLUMN_BYTES), self.capacity)
        before = self.position - self.start
        start = self.position - (before * wanted // span if span else 0)
        start = max(min(start, self.capacity - wanted), 0)
        self.start, self.end = start, start + wanted

    def go(self, position: int) -> None:
        """Move the cursor to a byte, and the range by half its size if necessary."""
        self.position = max(min(position, self.capacity - 1), 0)
        span = self.end - self.start
        while span and not self.start <= self.position < self.end:
            step = max(span // 2, 1)
            wanted = self.start + step if self.position >= self.end else self.start - step
            self.start = max(min(wanted, self.capacity - span), 0)
            self.end = self.start + span

    def go_columns(self, by: int, columns: VolumeColumns) -> None:
        """Move the cursor by columns; where columns show the same cell, by cells."""
        column = columns.at(self.position)
        starts = columns.starts
        for _ in range(abs(by)):
            if by > 0:
                self.go(int(columns.ends[column]))
            else:
                self.go(int(starts[column]) - 1)
            column = columns.at(self.position)
        if columns.start <= self.position < columns.end:
            self.position = max(int(starts[column]), self.start)
