"""``-o ddrescue``: a domain map, for ``ddrescue -m``.

A reader must never take a part for the whole. So an incomplete map ends with a line that is not a comment and not a
block: ddrescue refuses it.
"""

from __future__ import annotations

from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.output.covering import CoveringWriter
from kubectl_cbt.output.rows import Rows
from kubectl_cbt.output.subject import subject_title
from kubectl_cbt.output.writer import OutputTarget, Write
from kubectl_cbt.units import one_line


class DdrescueWriter(CoveringWriter):
    """Rows of position, size and status: ``+`` for runs, ``?`` for gaps."""

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        super().__init__(write, resolved, screen)
        self._lines = Rows("", "  ", "  ?\n", "  ", "  +\n")

    def _head(self) -> bytes:
        operation = self._resolved.query.operation.value
        return (
            "# Mapfile. Created by kubectl-cbt\n"
            f"# Domain for ddrescue -m: {operation} {one_line(subject_title(self._resolved))}\n"
            "# current_pos  current_status  current_pass\n"
            "0x00000000  ?  1\n"
            "# pos  size  status\n"
        ).encode()

    def _rows(self, gaps: Int64Column, gap_sizes: Int64Column, runs: Int64Column, run_sizes: Int64Column) -> bytes:
        return self._lines.text(gaps, gap_sizes, runs, run_sizes)

    def _run(self, start: int, size: int) -> bytes:
        return b"%d  %d  +\n" % (start, size)

    def _gap(self, start: int, size: int) -> bytes:
        return b"%d  %d  ?\n" % (start, size)

    def _tail(self, failure: str, *, is_size_known: bool) -> bytes:
        if failure:
            return f"incomplete: {failure}\n".encode()
        return b"# complete\n" if is_size_known else b"# complete up to the last extent; the volume's size is unknown\n"
