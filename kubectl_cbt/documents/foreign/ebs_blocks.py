"""The output of ``aws ebs list-changed-blocks`` and ``list-snapshot-blocks``: indexes of blocks of one size.

A list comes in pages, which may be in one file one after another; the AWS CLI joins them by itself. A page with a
``NextToken`` is not the last one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kubectl_cbt.documents.extent_columns import Columns
from kubectl_cbt.documents.first_bytes import FirstBytes
from kubectl_cbt.documents.foreign.extent_objects import ExtentObjects, integers_of
from kubectl_cbt.documents.foreign.foreign_list import FIXED_LENGTH
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.jsonstream.json_object import ObjectMembers
from kubectl_cbt.documents.object_fields import int64_problem, shown
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.model.stream_query import Operation

_CHANGED, _ALLOCATED, _SIZE, _VOLUME, _NEXT = "ChangedBlocks", "Blocks", "BlockSize", "VolumeSize", "NextToken"
_KEYS = (_CHANGED, _ALLOCATED, _SIZE, _VOLUME, _NEXT)
_GIB = 2**30
_PAGES_LEFT = "request the remaining pages with --starting-token, and append them to the file"


def is_ebs_blocks(beginning: FirstBytes) -> bool:
    """Whether it is the first page of either list."""
    keys = beginning.keys
    return beginning.starts(b"{") and (
        _CHANGED in keys or (_ALLOCATED in keys and (_SIZE in keys or b'"BlockIndex"' in beginning.data))
    )


class EbsBlocks(ExtentObjects):
    """The blocks of all pages.

    The size of a block usually follows the blocks of a page, so the first page is read twice.
    """

    hint = "the file was modified or damaged: request the list again"
    offset_key = size_key = "BlockIndex"

    def __init__(self, text: JsonCursor, options: ReadingOptions) -> None:
        self.text = text
        self._values: dict[str, Any] = {}
        self._block_bytes = 1
        self._list = ""
        text.part, text.hint = "its first page", self.hint
        with text.ahead():
            for _ in self._page():
                pass
        self._block_bytes = self._positive(_SIZE, INT64_MAX)
        capacity_bytes = self._positive(_VOLUME, INT64_MAX // _GIB) * _GIB
        self._first = (self._block_bytes, capacity_bytes)
        operation = Operation.DELTA if self._list == _CHANGED else Operation.ALLOCATED
        super().__init__(text, options, operation, capacity_bytes, FIXED_LENGTH)

    def columns(self) -> Iterator[Columns]:
        """The blocks of one page after the other."""
        name, end_line = self._list, 1
        while self.text.peek():
            if self.text.peek() != b"{":
                raise self.text.error("unexpected data after a page")
            line = self.text.line
            yield from self._page()
            end_line = self.text.line
            found = self._positive(_SIZE, INT64_MAX), self._positive(_VOLUME, INT64_MAX // _GIB) * _GIB
            if found != self._first or self._list != name:
                raise self.text.error("this page is of another list than the first", line)
            if self.text.peek() and not self._values.get(_NEXT):
                raise self.text.error("another list follows the last page")
        if self._values.get(_NEXT):
            message = "the list is incomplete: its last page has a NextToken"
            raise self.text.error(message, end_line).with_hint(_PAGES_LEFT)

    def are_extents(self, objects: Sequence[dict[str, Any]]) -> Sequence[bool]:
        """All of them."""
        return [True] * len(objects)

    def field_problem(self, entry: dict[str, Any]) -> str:
        """No other field is read."""
        return ""

    def numbers(self, objects: Sequence[dict[str, Any]]) -> Columns:
        """Blocks by their index."""
        indexes = integers_of(objects, self.offset_key)
        if len(indexes) and int(indexes.max()) >= INT64_MAX // self._block_bytes:
            raise OverflowError("ends beyond 64 bits")
        return indexes * self._block_bytes, np.full(len(indexes), self._block_bytes, dtype=np.int64)

    def _page(self) -> Iterator[Columns]:
        """The blocks of a page; its other fields are stored."""
        text = self.text
        text.expect(b"{")
        self._values, self._list = {}, ""
        members = ObjectMembers(text, _KEYS)
        while (key := members.next()) is not None:
            if key not in (_CHANGED, _ALLOCATED):
                value = text.parsed()
                if key in _KEYS:
                    self._values[key] = value
                continue
            if self._list:
                raise text.error(f"a page has both {self._list} and {key}")
            self._list = key
            if text.demand() != b"[":
                raise text.error(f"{key} is not an array")
            text.expect(b"[")
            yield from self.columns_of_array(key)
        if not self._list:
            raise text.error("a page has no blocks")

    def _positive(self, key: str, most: int) -> int:
        value = self._values.get(key)
        if int64_problem(value) or not 0 < int(value or 0) <= most:
            raise self.text.error(
                f"{key} is {shown(value)}, not a size" if key in self._values else f"{key} is missing"
            )
        return int(value or 0)
