"""``history -o csv``: a row for each pair of snapshots, sizes in bytes and times in RFC 3339."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from kubectl_cbt.model.volume_history import HistoryRow, VolumeHistory
from kubectl_cbt.output.history.history_writer import OrderedHistoryWriter, incomplete_note
from kubectl_cbt.output.writer import OutputTarget, Write
from kubectl_cbt.units import one_line, printable, utc_time

_HEADINGS = (
    "base",
    "target",
    "baseCreationTime",
    "creationTime",
    "intervalSeconds",
    "changedBytes",
    "volumeCapacityBytes",
    "changedBytesPerDay",
    "largestRunBytes",
    "readBytes",
    "amplification",
    "baseState",
    "complete",
    "error",
)


class CsvHistory(OrderedHistoryWriter):
    """Empty cells are unknown figures; those of an incomplete row are lower bounds."""

    def __init__(self, write: Write, plan: VolumeHistory, target: OutputTarget) -> None:
        super().__init__(write, plan, target)
        self._write(_line(_HEADINGS))

    def _print_row(self, row: HistoryRow) -> None:
        pair = row.pair
        answered = row.is_answered
        cells = (
            printable(pair.base.ref.name),
            printable(pair.target.ref.name),
            utc_time(pair.base.created) if pair.base.created else None,
            utc_time(pair.target.created) if pair.target.created else None,
            _whole(pair.interval_seconds),
            row.changed_bytes if answered else None,
            row.capacity_bytes,
            row.churn_per_day_bytes,
            row.largest_run_bytes if answered else None,
            row.cost_bytes if answered else None,
            None if row.amplification is None else f"{row.amplification:.3f}",
            row.base_state.value,
            str(row.is_complete).lower(),
            one_line(row.failure.message) if row.failure else None,
        )
        self._write(_line(cells))

    def _finish(self, history: VolumeHistory) -> None:
        if note := incomplete_note(history):
            self._write(note.encode())


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)


def _line(cells: Sequence[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()
