"""``history -o table``: a row for each pair of snapshots, then the sums and which snapshot to keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kubectl_cbt.analysis.history import pairs_of
from kubectl_cbt.model.volume_history import HistoryRow, VolumeHistory
from kubectl_cbt.output.history import history_words as words
from kubectl_cbt.output.history.history_writer import OrderedHistoryWriter, incomplete_note
from kubectl_cbt.output.writer import OutputTarget, Write
from kubectl_cbt.units import age, human_bytes, human_count, printable, utc_minute

_GAP = "   "
_BYTES_WIDTH = len("1023.9 MiB")
_LABEL_WIDTH = len("Allocated") + 3


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of known width, so that rows can be printed before the next ones are known.

    Attributes:
        width: of ordinary texts; a longer one moves the rest of its row. 0 for names, which are measured, and where the
            heading is the longest.
        wide: whether only ``-o wide`` has it.
    """

    heading: str
    text: Callable[[HistoryRow], str]
    width: int = 0
    is_number: bool = False
    wide: bool = False


def _created(row: HistoryRow) -> str:
    return utc_minute(row.pair.target.created) if row.pair.target.created else words.UNKNOWN


def _extents(row: HistoryRow) -> str:
    outcome = row.figures.outcome
    return words.UNKNOWN if outcome is None else words.bound(row, human_count(outcome.extents))


COLUMNS = (
    _Column("BASE", lambda row: row.pair.base.ref.name),
    _Column("TARGET", lambda row: row.pair.target.ref.name),
    _Column("CREATED (UTC)", _created, len("2025-06-02 08:00")),
    _Column("AGE", lambda row: age(row.pair.target.created), len("2y41d")),
    _Column("INTERVAL", words.interval_of, len("2y41d")),
    _Column("CHANGED", words.changed_of, _BYTES_WIDTH, is_number=True),
    _Column("SHARE", words.share_of, len("99.9 %"), is_number=True),
    _Column("A DAY", words.churn_of, _BYTES_WIDTH, is_number=True),
    _Column(
        "LARGEST",
        lambda row: words.bound(row, human_bytes(row.largest_run_bytes)),
        _BYTES_WIDTH,
        is_number=True,
    ),
    _Column("READ", words.read_of, _BYTES_WIDTH, is_number=True),
    _Column("READ/CHANGED", words.amplification_of, is_number=True, wide=True),
    _Column("EXTENTS", _extents, len("≥ 999,999,999"), is_number=True, wide=True),
    _Column("BASE HANDLE", lambda row: row.pair.base.handle, wide=True),
    _Column("WORKS", words.base_of),
    _Column("STATUS", lambda row: words.status_of(row, is_short=True), len("complete")),
)
"""All columns of the table."""
_LEAST_NEEDED = ("LARGEST", "CREATED (UTC)", "SHARE", "WORKS", "AGE", "INTERVAL", "A DAY")
"""Omitted in this order, where a terminal is too narrow; STATUS also says whether a base works."""


class TableHistory(OrderedHistoryWriter):
    """Rows as soon as those before them are known."""

    is_text = True
    is_wide = False

    def __init__(self, write: Write, plan: VolumeHistory, target: OutputTarget) -> None:
        super().__init__(write, plan, target)
        columns = [column for column in COLUMNS if self.is_wide or not column.wide]
        pairs = pairs_of(plan.snapshots, plan.pairing)
        names = {
            "BASE": [pair.base.ref.name for pair in pairs],
            "TARGET": [pair.target.ref.name for pair in pairs],
            "BASE HANDLE": [pair.base.handle for pair in pairs],
        }
        self._columns = [
            (column, max(len(column.heading), column.width, *map(len, names.get(column.heading, [""]) or [""])))
            for column in columns
        ]
        self._omitted: list[str] = []
        if target.is_terminal and not self.is_wide:
            self._fit(target.width)

    def _fit(self, width: int) -> None:
        """Omit columns until the rest is no wider than a terminal, if possible."""
        for heading in _LEAST_NEEDED:
            if sum(column + len(_GAP) for _, column in self._columns) - len(_GAP) <= width:
                return
            self._columns = [one for one in self._columns if one[0].heading != heading]
            self._omitted.append(heading)

    def _print_row(self, row: HistoryRow) -> None:
        heading = "" if self._printed else self._line([column.heading for column, _ in self._columns])
        self._write((heading + self._line([printable(column.text(row)) for column, _ in self._columns])).encode())

    def _line(self, cells: list[str]) -> str:
        padded = [
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, (column, width) in zip(cells, self._columns, strict=True)
        ]
        return _GAP.join(padded).rstrip() + "\n"

    def _finish(self, history: VolumeHistory) -> None:
        texts = [*words.sum_lines(history)]
        if self._omitted and history.rows:
            texts.append(("Omitted", f"{', '.join(self._omitted)}: -o wide shows all columns"))
        lines = [f"{label:<{_LABEL_WIDTH}}{printable(text)}\n" for label, text in texts]
        between = "\n" if history.rows else ""
        self._write((between + "".join(lines) + incomplete_note(history)).encode())
