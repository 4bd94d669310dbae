"""``-o qemu-map``: JSON as ``qemu-img map --output=json`` prints it, one line for each run and gap.

Allocated extents are printed as the map of a raw image: gaps are holes, which read as zeros. A delta is printed as the
map of an overlay: its gaps are not present, so their data is that of the base. An incomplete list is not closed:
closed, it would pass for a whole one.
"""

from __future__ import annotations

from kubectl_cbt.model.record import Int64Column
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.output.covering import CoveringWriter
from kubectl_cbt.output.rows import Rows
from kubectl_cbt.output.writer import OutputTarget, Write

_START, _LENGTH = '{ "start": ', ', "length": '
_DATA = ', "depth": 0, "present": true, "zero": false, "data": true, "compressed": false, "offset": '
_HOLE = ', "depth": 0, "present": true, "zero": true, "data": false, "compressed": false, "offset": '
_NOT_PRESENT = ', "depth": 0, "present": false, "zero": true, "data": false, "compressed": false}'
_NEXT = ",\n"


class QemuMapWriter(CoveringWriter):
    """A list of objects, one per line."""

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        super().__init__(write, resolved, screen)
        self._is_delta = resolved.query.operation is Operation.DELTA
        if self._is_delta:
            self._lines = Rows(_NEXT + _START, _LENGTH, _NOT_PRESENT + _NEXT + _START, _LENGTH, _DATA, "}")
        else:
            self._lines = Rows(_NEXT + _START, _LENGTH, _HOLE, "}" + _NEXT + _START, _LENGTH, _DATA, "}")
        self._is_first = True

    def _head(self) -> bytes:
        return b"["

    def _rows(self, gaps: Int64Column, gap_sizes: Int64Column, runs: Int64Column, run_sizes: Int64Column) -> bytes:
        if self._is_delta:
            return self._joined(self._lines.text(gaps, gap_sizes, runs, run_sizes, runs))
        return self._joined(self._lines.text(gaps, gap_sizes, gaps, runs, run_sizes, runs))

    def _run(self, start: int, size: int) -> bytes:
        return self._joined(f"{_NEXT}{_START}{start}{_LENGTH}{size}{_DATA}{start}}}".encode())

    def _gap(self, start: int, size: int) -> bytes:
        state = _NOT_PRESENT if self._is_delta else f"{_HOLE}{start}}}"
        return self._joined(f"{_NEXT}{_START}{start}{_LENGTH}{size}{state}".encode())

    def _tail(self, failure: str, *, is_size_known: bool) -> bytes:
        return b"" if failure else b"]\n"

    def _joined(self, rows: bytes) -> bytes:
        """Rows with a comma before each but the very first."""
        if not rows or not self._is_first:
            return rows
        self._is_first = False
        return rows[len(_NEXT) :]
