"""The versioned document, ``-o json`` and ``-o ndjson``: a head, extents, a tail (docs/json.md).

The first object decides: it contains ``extents`` (json) or closes without (ndjson). Another program may have sorted the
keys: the head is then completed from the keys after the extents, which are read twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from kubectl_cbt.documents.document_head import HEAD_KEYS, check_kind, read_head
from kubectl_cbt.documents.document_stream import Document
from kubectl_cbt.documents.document_tail import TAIL_KEYS, DocumentEnding, read_ending
from kubectl_cbt.documents.extent_columns import OURS, Columns
from kubectl_cbt.documents.extent_parser import extents_of_array, extents_of_lines
from kubectl_cbt.documents.jsonstream.json_cursor import HINT_WRONG, JsonCursor
from kubectl_cbt.documents.jsonstream.json_object import ObjectMembers
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.api_version import METADATA_KIND
from kubectl_cbt.model.record import Record
from kubectl_cbt.units import human_count


class VersionedDocument(Document):
    """Reads the head; then :meth:`records` may be iterated over once.

    Args:
        text: at its first ``{``.
    """

    KIND: ClassVar[str] = METADATA_KIND
    EXTENTS: ClassVar[str] = "extents"
    """The member that contains the extents."""
    TAIL: ClassVar[tuple[str, ...]] = TAIL_KEYS

    def __init__(self, text: JsonCursor) -> None:
        self._text = text
        self._keys = (*HEAD_KEYS, *self.TAIL)
        self._values: dict[str, Any] = {}
        text.expect(b"{")
        self._members = ObjectMembers(text, (*self._keys, self.EXTENTS))
        self._is_json = self._collect(self._members, self._values)
        if self._is_json and not self._values.keys() >= set(HEAD_KEYS):
            self._look_ahead()
        self.head = read_head(text.name, self._values, self.KIND)
        text.part, text.hint = "its extents", HINT_WRONG

    def records(self) -> Iterator[Record]:
        """The extents in chunks as they are read: the document does not record messages.

        A document without extents but with a type gives one empty record of that type.

        Raises:
            DocumentError: at the first error, after all extents before it.
        """
        number = extents = 0
        for columns in self._extents():
            number += 1
            extents += len(columns[0])
            yield self._record(number, columns)
        if not number and self.head.block_metadata_type is not None:
            yield self._record(1, (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)))
        self._end(extents)

    def _record(self, number: int, columns: Columns) -> Record:
        head = self.head
        return Record(number, head.block_metadata_type or 0, head.volume_capacity_bytes or 0, *columns)

    def _extents(self) -> Iterator[Columns]:
        if self._is_json:
            return extents_of_array(self._text, OURS, self.EXTENTS)
        return extents_of_lines(self._text, OURS)

    def _end(self, extents: int) -> None:
        self._text.part = "its tail"
        if self._is_json:
            self._collect(self._members, self._values)
        else:
            self._values = self._text.parsed()
            check_kind(self._text.name, self._values, "BlockMetadataEnd")
        self.ending = self._read_ending()
        if self.ending.extents != extents:
            declared, found = human_count(self.ending.extents), human_count(extents)
            raise DocumentError(f"{self._text.name} declares {declared} extents but contains {found}", hint=HINT_WRONG)
        self._text.end()

    def _read_ending(self) -> DocumentEnding:
        return read_ending(self._text.name, self._values)

    def _collect(self, members: ObjectMembers, values: dict[str, Any]) -> bool:
        """Read members up to the extents; False if the object closes before them."""
        while (key := members.next()) is not None:
            if key == self.EXTENTS:
                if self._text.demand() != b"[":
                    raise self._text.error(f"{self.EXTENTS} is not an array")
                self._text.expect(b"[")
                return True
            value = self._text.parsed()
            if key in self._keys:
                values[key] = value
                check_kind(self._text.name, values, self.KIND)
        return False

    def _look_ahead(self) -> None:
        """Read the rest of the head after the extents, which are then read twice."""
        self._text.part = "its extents, before the rest of its head"
        after: dict[str, Any] = {}
        with self._text.ahead():
            for _ in self._extents():
                pass
            self._collect(self._members.ahead(), after)
        self._values |= {key: after[key] for key in HEAD_KEYS if key in after}
