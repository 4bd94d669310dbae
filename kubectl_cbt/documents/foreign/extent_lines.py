"""A list of extents with one line per extent."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from kubectl_cbt.documents.extent_columns import Columns
from kubectl_cbt.documents.foreign.foreign_list import ForeignList, beyond_64_bits
from kubectl_cbt.documents.foreign.line_reader import LineReader
from kubectl_cbt.documents.foreign.token_table import Mask, TokenTable
from kubectl_cbt.documents.object_fields import shown
from kubectl_cbt.documents.unsupported import NUL_BYTES
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.record import INT64_MAX, Int64Column

_NUMBER = re.compile(rb"0[xX][0-9a-fA-F]{1,64}|[1-9][0-9]{0,63}")


class LineRows(NamedTuple):
    """The lines of a block.

    Attributes:
        offsets, sizes: int64[n], in units.
        are_valid: bool[n], whether a line has the form of the format.
        are_extents: bool[n], whether a valid line is an extent to report.
    """

    offsets: Int64Column
    sizes: Int64Column
    are_valid: Mask
    are_extents: Mask


class ExtentLines(ForeignList):
    """The lines after the head of a list.

    Attributes:
        form: the form of a line, for errors.
        unit_bytes: bytes per number.
        may_lack_break: whether the last line may have no line break; tools print one.
    """

    form: str
    unit_bytes = 1
    may_lack_break = False

    @abstractmethod
    def rows(self, table: TokenTable) -> LineRows:
        """The lines of a table."""

    def prepared(self, block: bytes) -> bytes:
        """A block of lines as it is parsed, with as many lines."""
        return block

    def end_mark(self, block: bytes) -> re.Match[bytes] | None:
        """The line in a block that marks the end of the list; None if it is not there, or the format has none."""
        return None

    def lines_end(self, mark: re.Match[bytes] | None, line: int) -> None:
        """Called at the end of the text; raises a DocumentError if the list is incomplete.

        Args:
            mark: None if no line marked the end.
            line: the number of that line.
        """

    def after_end(self, rest: bytes, line: int) -> DocumentError:
        """The error for text after the mark, from a line on."""
        return self.text.error("unexpected data after the end of the list", line)

    def columns(self) -> Iterator[Columns]:
        """The extents of each block of lines."""
        mark, line = None, 0
        for block in LineReader(self.text).blocks(may_lack_break=self.may_lack_break):
            if mark is None:
                mark = self.end_mark(block)
                yield from self._extents(block[: mark.start()] if mark else block)
                # When the text has ended, its current line is the one after the last line break.
                line = self.text.line + block.count(b"\n", 0, mark.start()) if mark else 0
                rest = mark.end() if mark else len(block)
            else:
                rest = 0
            if block[rest:].strip():
                raise self.after_end(block[rest:].strip(), self.text.line + block.count(b"\n", 0, rest))
        self.lines_end(mark, line)

    def _extents(self, block: bytes) -> Iterator[Columns]:
        # As white space they would separate numbers: a file of zeros would be an empty list.
        if (at := block.find(b"\0")) >= 0:
            yield from self._extents(block[: block.rfind(b"\n", 0, at) + 1])
            error = self.text.error("NUL bytes, which no text has", self.text.line + block.count(b"\n", 0, at))
            raise error.with_hint(NUL_BYTES)
        table = TokenTable(self.prepared(block))
        rows = self.rows(table)
        are_faulty = ~rows.are_valid | beyond_64_bits((rows.offsets, rows.sizes), self.unit_bytes)
        faults = np.flatnonzero(are_faulty)
        end = int(faults[0]) if len(faults) else len(table)
        wanted = rows.are_extents[:end]
        yield rows.offsets[:end][wanted] * self.unit_bytes, rows.sizes[:end][wanted] * self.unit_bytes
        if len(faults):
            raise self.fault(table, end, is_number=bool(rows.are_valid[end]))

    def fault(self, table: TokenTable, row: int, *, is_number: bool) -> DocumentError:
        """The error for a wrong line.

        Args:
            row: of the table.
            is_number: whether it has the form of the format.
        """
        tokens = table.tokens(row)
        line = shown(b" ".join(tokens).decode("utf-8", "replace"))
        reason = f"is not {self.form}"
        if is_number:
            reason = "ends beyond 64 bits"
        elif any(_NUMBER.fullmatch(token) and int(token, 0) > INT64_MAX for token in tokens):
            reason = "has a number beyond 64 bits"
        return self.text.error(f"{line} {reason}", self.line_of(table, row))

    def line_of(self, table: TokenTable, row: int) -> int:
        """The number of a line in the text."""
        return self.text.line + int(table.lines[row])
