"""Map files of GNU ddrescue: the rescued blocks of a device, or the blocks of a domain (ddrescue manual, Mapfile)."""

from __future__ import annotations

import re

import numpy as np

from kubectl_cbt.documents.foreign.extent_lines import ExtentLines, LineRows
from kubectl_cbt.documents.foreign.line_reader import LineReader
from kubectl_cbt.documents.foreign.ranges import without_comments
from kubectl_cbt.documents.foreign.token_table import TokenTable
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.reading_options import ReadingOptions

_STATUS = rb"[-?*/FG+]"
_CURRENT = re.compile(rb"0[xX][0-9a-fA-F]+[ \t]+" + _STATUS + rb"(?:[ \t]+[0-9]+)?[ \t\r]*(?:#.*)?")
_BEGINNING = re.compile(rb"(?:#.*\n\s*)*" + _CURRENT.pattern + rb"\n")
_BLOCK_STATUS = np.zeros(256, dtype=bool)
_BLOCK_STATUS[list(b"?*/-+")] = True


def is_ddrescue_map(data: bytes) -> bool:
    """Whether text begins with the status line of a map file, after comments."""
    return data.startswith((b"# Mapfile. Created by", b"# Rescue Logfile. Created by")) or bool(_BEGINNING.match(data))


class DdrescueMap(ExtentLines):
    """Blocks of status ``+`` are extents; blocks of any other status are not."""

    form = "POSITION SIZE STATUS, where STATUS is one of ? * / - +"

    def __init__(self, text: JsonCursor, options: ReadingOptions) -> None:
        super().__init__(text, options)
        lines = LineReader(text)
        while lines.peek().startswith(b"#"):
            lines.skip()
        if not _CURRENT.fullmatch(lines.peek()):
            raise text.error("the line is not the current position and status of ddrescue")
        lines.skip()

    def prepared(self, block: bytes) -> bytes:
        """The lines without comments."""
        return without_comments(block)

    def rows(self, table: TokenTable) -> LineRows:
        """A position, a size and a status."""
        (offsets, is_offset), (sizes, is_size) = table.integers(0), table.integers(1)
        status = table.first_bytes(2)
        are_valid = is_offset & is_size & (table.counts == 3) & _BLOCK_STATUS[status]
        return LineRows(offsets, sizes, are_valid, are_valid & (status == ord("+")))
