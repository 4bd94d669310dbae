"""``-o name``: the names of the snapshots, as in kubectl, after the stream is complete."""

from __future__ import annotations

from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.writer import OutputTarget, Write, Writer
from kubectl_cbt.units import printable


class NameWriter(Writer):
    """The base, if it is an object, and the target, one per line."""

    prints_rows = False

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        self._write = write
        self._snapshots = [snapshot for snapshot in (resolved.base, resolved.target) if snapshot]

    def batch(self, batch: Batch) -> None:
        """Extents have no names."""

    def end(self, outcome: Outcome, summary: Summary) -> None:
        if outcome.complete:
            self._write("".join(f"{printable(snapshot.ref.qualified)}\n" for snapshot in self._snapshots).encode())
