"""Our own CSV, ``-o csv``: offsets and sizes, without the query."""

from __future__ import annotations

import re

from kubectl_cbt.documents.foreign.extent_lines import ExtentLines, LineRows
from kubectl_cbt.documents.foreign.line_reader import LineReader
from kubectl_cbt.documents.foreign.token_table import TokenTable
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.reading_options import ReadingOptions

CSV_HEADER = b"byteOffset,sizeBytes"
_INCOMPLETE = re.compile(rb"^# incomplete:[ \t]*([^\r\n]*)\r?\n", re.MULTILINE)

_SAVE_AGAIN = "the query ended early, and its list was saved up to there: run the query again"


class CsvList(ExtentLines):
    """LineRows after the header; a last line records that the stream was incomplete."""

    form = "byteOffset,sizeBytes"

    def __init__(self, text: JsonCursor, options: ReadingOptions) -> None:
        super().__init__(text, options)
        LineReader(text).skip()

    def prepared(self, block: bytes) -> bytes:
        """The rows with white space around the commas."""
        return block.replace(b",", b" , ")

    def end_mark(self, block: bytes) -> re.Match[bytes] | None:
        """The line that an incomplete stream has."""
        return _INCOMPLETE.search(block)

    def rows(self, table: TokenTable) -> LineRows:
        """Two numbers with a comma between them."""
        (offsets, is_offset), (sizes, is_size) = table.integers(0), table.integers(2)
        are_valid = is_offset & is_size & (table.counts == 3) & (table.first_bytes(1) == ord(","))
        return LineRows(offsets, sizes, are_valid, are_valid)

    def lines_end(self, mark: re.Match[bytes] | None, line: int) -> None:
        """An incomplete stream was saved."""
        if mark is not None:
            reason = mark[1].decode("utf-8", "replace")
            raise self.text.error(f"the stream is incomplete: {reason}", line).with_hint(_SAVE_AGAIN)
