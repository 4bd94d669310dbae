"""``-o json``: the document, written while the stream arrives. It is valid JSON even if the stream fails."""

from __future__ import annotations

from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.document import Part, head, tail
from kubectl_cbt.output.encoding import json_members
from kubectl_cbt.output.rows import Rows
from kubectl_cbt.output.writer import OutputTarget, Write, Writer


class JsonWriter(Writer):
    """One object, with one line per extent."""

    needs_summary = True
    needs_operation = True

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        self._write = write
        self._resolved = resolved
        self._pending = b""
        self._begun = False
        self._rows = Rows('    {"byteOffset":', ',"sizeBytes":', "},\n")

    def batch(self, batch: Batch) -> None:
        if not self._begun:
            self._begin(head(self._resolved, batch))
        if not len(batch):
            return
        for text in self._rows.texts(batch.offsets, batch.sizes):
            # The last row is held back: a comma follows it only if there is another row.
            self._write(self._pending + text[:-2])
            self._pending = b",\n"

    def end(self, outcome: Outcome, summary: Summary) -> None:
        if not self._begun:
            self._begin(head(self._resolved, None, outcome))
        closing = b"\n  ],\n" if self._pending == b",\n" else b"],\n"
        self._write(closing + json_members(tail(outcome, summary)) + b"\n}\n")

    def _begin(self, part: Part) -> None:
        self._begun = True
        self._write(b"{\n" + json_members(part) + b',\n  "extents": [')
        self._pending = b"\n"
