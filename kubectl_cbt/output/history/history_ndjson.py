"""``history -o ndjson``: a line for the head, one for each row as its stream ends, and one for the sums."""

from __future__ import annotations

from kubectl_cbt.model.api_version import API_VERSION
from kubectl_cbt.model.stream_figures import MeteredQuery
from kubectl_cbt.model.volume_history import HistoryRow, VolumeHistory
from kubectl_cbt.output.document import Part
from kubectl_cbt.output.encoding import as_json
from kubectl_cbt.output.history.history_document import HISTORY_KIND, head_part, row_part, tail_part
from kubectl_cbt.output.history.history_writer import HistoryWriter
from kubectl_cbt.output.writer import OutputTarget, Write


class NdjsonHistory(HistoryWriter):
    """Lines of JSON; not in order of time, so that a slow stream delays no other."""

    def __init__(self, write: Write, plan: VolumeHistory, target: OutputTarget) -> None:
        self._write = write
        self._printed: set[MeteredQuery] = set()
        self._line(head_part(plan))

    def row(self, row: HistoryRow) -> None:
        self._printed.add(row.pair.query)
        self._line({"apiVersion": API_VERSION, "kind": f"{HISTORY_KIND}Row", **row_part(row)})

    def end(self, history: VolumeHistory) -> None:
        for row in history.rows:
            if row.pair.query not in self._printed:
                self.row(row)
        self._line({"apiVersion": API_VERSION, "kind": f"{HISTORY_KIND}End", **tail_part(history)})

    def _line(self, part: Part) -> None:
        self._write(as_json(part, indented=False) + b"\n")
