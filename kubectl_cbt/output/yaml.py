"""``-o yaml``: the same document as ``-o json``."""

from __future__ import annotations

from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.document import Part, head, tail
from kubectl_cbt.output.encoding import as_yaml
from kubectl_cbt.output.rows import Rows
from kubectl_cbt.output.writer import OutputTarget, Write, Writer


class YamlWriter(Writer):
    """One YAML document, with one line per extent."""

    needs_summary = True
    needs_operation = True

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        self._write = write
        self._resolved = resolved
        self._begun = False
        self._has_extents = False
        self._rows = Rows("- {byteOffset: ", ", sizeBytes: ", "}\n")

    def batch(self, batch: Batch) -> None:
        if not self._begun:
            self._begun = True
            self._write(_dump(head(self._resolved, batch)))
        if len(batch):
            opening = b"" if self._has_extents else b"extents:\n"
            self._has_extents = True
            for text in self._rows.texts(batch.offsets, batch.sizes):
                self._write(opening + text)
                opening = b""

    def end(self, outcome: Outcome, summary: Summary) -> None:
        if not self._begun:
            self._write(_dump(head(self._resolved, None, outcome)))
        if not self._has_extents:
            self._write(b"extents: []\n")
        self._write(_dump(tail(outcome, summary)))


def _dump(part: Part) -> bytes:
    return as_yaml(part).encode()
