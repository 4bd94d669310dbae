"""``-o ndjson``: one line for the head, one per extent, one for the tail; a file without a tail is incomplete."""

from __future__ import annotations

from kubectl_cbt.model.api_version import API_VERSION, METADATA_KIND
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.document import Part, head, tail
from kubectl_cbt.output.encoding import as_json
from kubectl_cbt.output.rows import Rows
from kubectl_cbt.output.writer import OutputTarget, Write, Writer


class NdjsonWriter(Writer):
    """Lines of JSON."""

    needs_summary = True
    needs_operation = True

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        self._write = write
        self._resolved = resolved
        self._begun = False
        self._rows = Rows('{"byteOffset":', ',"sizeBytes":', "}\n")

    def batch(self, batch: Batch) -> None:
        text = b""
        if not self._begun:
            self._begun = True
            text = _line(head(self._resolved, batch))
        for rows in self._rows.texts(batch.offsets, batch.sizes):
            self._write(text + rows)
            text = b""

    def end(self, outcome: Outcome, summary: Summary) -> None:
        if not self._begun:
            self._write(_line(head(self._resolved, None, outcome)))
        self._write(_line({"apiVersion": API_VERSION, "kind": f"{METADATA_KIND}End", **tail(outcome, summary)}))


def _line(part: Part) -> bytes:
    return as_json(part, indented=False) + b"\n"
