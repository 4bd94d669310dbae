"""Our own CSV, ``-o csv``: offsets and sizes, without the query."""

from __future__ import annotations

from kubectl_cbt.documents.foreign.line_list import LineList, Rows
from kubectl_cbt.documents.foreign.line_reader import LineReader
from kubectl_cbt.documents.foreign.token_table import TokenTable
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.reading_options import ReadingOptions

CSV_HEADER = b"byteOffset,sizeBytes"
INCOMPLETE_MARK = b"# incomplete:"


class CsvList(LineList):
    """Rows after the header; a last line records that the stream was incomplete."""

    form = "byteOffset,sizeBytes"

    def __init__(self, text: JsonCursor, options: ReadingOptions) -> None:
        super().__init__(text, options)
        LineReader(text).skip()
        self._incomplete = ""

    def prepared(self, block: bytes) -> bytes:
        """The rows with white space in place of commas."""
        start = block.find(INCOMPLETE_MARK)
        if start >= 0 and b"\n" not in block[start:].strip():
            self._incomplete = block[start + len(INCOMPLETE_MARK) :].decode("utf-8", "replace").strip()
            block = block[:start]
        return block.replace(b",", b" , ")

    def rows(self, table: TokenTable) -> Rows:
        """Two numbers with a comma between them."""
        (offsets, is_offset), (sizes, is_size) = table.integers(0), table.integers(2)
        are_valid = is_offset & is_size & (table.counts == 3) & (table.first_bytes(1) == ord(","))
        return Rows(offsets, sizes, are_valid, are_valid)

    def lines_end(self) -> None:
        """An incomplete stream was saved."""
        if self._incomplete:
            raise self.text.error(f"the stream is incomplete: {self._incomplete}")
