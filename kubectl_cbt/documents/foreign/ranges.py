"""Lines of ``OFFSET LENGTH``, which scripts write.

Such a file is not recognized by its content: two numbers may as well be a start and an end, or sectors. The user names
the format, and the unit.
"""

from __future__ import annotations

import re

from kubectl_cbt.documents.foreign.extent_lines import ExtentLines, LineRows
from kubectl_cbt.documents.foreign.token_table import TokenTable
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.reading_options import ReadingOptions

_COMMENT = re.compile(rb"#[^\n]*")


def without_comments(block: bytes) -> bytes:
    """Lines without what follows ``#``."""
    return _COMMENT.sub(b"", block) if b"#" in block else block


class RangesList(ExtentLines):
    """Decimal numbers, or hexadecimal ones with ``0x``; ``#`` begins a comment."""

    form = "OFFSET LENGTH"
    hint = "a line is OFFSET LENGTH, in decimal or with 0x; # begins a comment"
    may_lack_break = True

    def __init__(self, text: JsonCursor, options: ReadingOptions) -> None:
        super().__init__(text, options)
        self.unit_bytes = options.unit_bytes

    def prepared(self, block: bytes) -> bytes:
        """The lines without comments."""
        return without_comments(block)

    def rows(self, table: TokenTable) -> LineRows:
        """Two numbers per line."""
        (offsets, is_offset), (sizes, is_size) = table.integers(0), table.integers(1)
        are_valid = is_offset & is_size & (table.counts == 2)
        return LineRows(offsets, sizes, are_valid, are_valid)
