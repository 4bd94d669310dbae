"""The output of ``rbd diff``: changed extents with ``--from-snap``, otherwise allocated ones. It does not record which.

An extent that does not exist, or is zero, was discarded: in a delta it has changed, and it is not allocated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kubectl_cbt.documents.foreign.extent_lines import ExtentLines, LineRows
from kubectl_cbt.documents.foreign.extent_objects import ExtentObjects, problem_of_value
from kubectl_cbt.documents.foreign.line_reader import LineReader
from kubectl_cbt.documents.foreign.token_table import TokenTable
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.stream_query import Operation

_EXISTS = {"true": True, "false": False}
_DISCARDED = "was discarded, which is a change in a delta only"
_ADD_KIND = "add --kind delta, if rbd diff had --from-snap, or --kind allocated"


class RbdDiffJson(ExtentObjects):
    """``rbd diff --format json``."""

    offset_key, size_key = "offset", "length"

    def are_extents(self, objects: Sequence[dict[str, Any]]) -> Sequence[bool]:
        """All of a delta; those that exist otherwise."""
        exist = [_EXISTS[entry["exists"]] for entry in objects]
        if self.operation is None and not all(exist):
            raise KeyError("exists")
        return [True] * len(exist) if self.operation is Operation.DELTA else exist

    def field_problem(self, entry: dict[str, Any]) -> str:
        """``exists`` is a string."""
        problem = problem_of_value(entry, "exists", list(_EXISTS))
        return problem or ("" if self.operation or _EXISTS[entry["exists"]] else f" {_DISCARDED}")

    def hint_for(self, problem: str) -> str:
        """What to do about an extent that was discarded, in a list of unknown kind."""
        return _ADD_KIND if problem.endswith(_DISCARDED) else super().hint_for(problem)


class RbdDiffTable(ExtentLines):
    """``rbd diff``, a table with a header."""

    form = "OFFSET LENGTH TYPE, where TYPE is data or zero"

    def __init__(self, text: JsonCursor, options: ReadingOptions) -> None:
        super().__init__(text, options)
        LineReader(text).skip()

    def rows(self, table: TokenTable) -> LineRows:
        """An offset, a length and ``data`` or ``zero``."""
        (offsets, is_offset), (sizes, is_size) = table.integers(0), table.integers(1)
        types = table.first_bytes(2)
        exist, are_discarded = types == ord("d"), types == ord("z")
        are_valid = is_offset & is_size & (table.counts == 3) & (exist | are_discarded)
        if self.operation is None:
            are_valid &= exist
        are_extents = np.ones(len(table), dtype=bool) if self.operation is Operation.DELTA else exist
        return LineRows(offsets, sizes, are_valid, are_extents)

    def fault(self, table: TokenTable, row: int, *, is_number: bool) -> DocumentError:
        """An extent that was discarded, in a list of unknown kind."""
        tokens = table.tokens(row)
        if self.operation is None and len(tokens) == 3 and tokens[2] == b"zero":
            return self.text.error(f"the extent {_DISCARDED}", self.line_of(table, row)).with_hint(_ADD_KIND)
        return super().fault(table, row, is_number=is_number)
