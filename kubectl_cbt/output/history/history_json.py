"""``history -o json``: the document, written while streams end. It is valid JSON also if it is interrupted."""

from __future__ import annotations

from kubectl_cbt.model.volume_history import HistoryRow, VolumeHistory
from kubectl_cbt.output.encoding import as_json, json_members
from kubectl_cbt.output.history.history_document import head_part, row_part, tail_part
from kubectl_cbt.output.history.history_writer import OrderedHistoryWriter
from kubectl_cbt.output.writer import OutputTarget, Write


class JsonHistory(OrderedHistoryWriter):
    """One object, with one line per row."""

    def __init__(self, write: Write, plan: VolumeHistory, target: OutputTarget) -> None:
        super().__init__(write, plan, target)
        self._pending = b"{\n" + json_members(head_part(plan)) + b',\n  "rows": [\n'

    def _print_row(self, row: HistoryRow) -> None:
        self._write(self._pending + b"    " + as_json(row_part(row), indented=False))
        self._pending = b",\n"

    def _finish(self, history: VolumeHistory) -> None:
        closing = b"\n  ],\n" if self._printed else self._pending[:-1] + b"],\n"
        self._write(closing + json_members(tail_part(history)) + b"\n}\n")
