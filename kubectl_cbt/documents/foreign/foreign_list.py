"""What all lists of other tools have in common: no query, no messages, and offsets to be checked.

A list has no mark for its end unless its format says otherwise: it is complete when it was read to its end. It is
divided into records of a fixed number of extents, so that no output depends on how the file was read.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

import numpy as np

from kubectl_cbt.analysis.rules.rule_watch import LIST_RULES, RuleWatch
from kubectl_cbt.documents.document_head import DocumentHead, query_of_file
from kubectl_cbt.documents.document_stream import Document
from kubectl_cbt.documents.extent_columns import Columns
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.record import Int64Column, Record, Records, joined
from kubectl_cbt.model.results import Violation
from kubectl_cbt.model.stream_query import Operation

_NO_CAPACITY = "the format does not record the size of the volume: add --capacity SIZE"
FIXED_LENGTH, VARIABLE_LENGTH = 1, 2
RECORD_EXTENTS = 2**16
"""Extents of a record."""


class ForeignList(Document):
    """A list of extents; :meth:`records` may be iterated over once.

    Args:
        text: at its first byte that is not white space.
        options: from the user.
        operation: ``delta`` or ``allocated``, if the format records it; else None.
        capacity_bytes: size of the volume, if the format records it; else None.
        block_metadata_type: fixed only if the format has blocks of one size.
    """

    hint = "the file was modified or damaged: run the tool again"
    has_messages = False

    def __init__(
        self,
        text: JsonCursor,
        options: ReadingOptions,
        operation: Operation | None = None,
        capacity_bytes: int | None = None,
        block_metadata_type: int = VARIABLE_LENGTH,
    ) -> None:
        self.text = text
        self.operation = operation or options.kind
        resolved = query_of_file(text.name, self.operation)
        self.head = DocumentHead(resolved, block_metadata_type, capacity_bytes, has_kind=operation is not None)
        self._capacity_bytes = capacity_bytes or options.capacity_bytes or 0
        self._type = block_metadata_type
        self._watch = RuleWatch(resolved.query, LIST_RULES)
        text.part, text.hint = "its extents", self.hint

    @abstractmethod
    def columns(self) -> Iterator[Columns]:
        """The extents in chunks of any size.

        Raises:
            DocumentError: at the first error, after all extents before it.
        """

    def violations(self) -> tuple[Violation, ...]:
        """The rules for extents that the list breaks so far."""
        return self._watch.violations()

    def records(self) -> Iterator[Record]:
        """The extents; raises DocumentError at the first error, after all extents before it."""
        number, pending, error = 0, _Pending(), None
        try:
            for columns in self.columns():
                pending.add(columns)
                while pending.extents >= RECORD_EXTENTS:
                    number += 1
                    yield self._record(number, pending.take(RECORD_EXTENTS))
        except DocumentError as caught:
            error = caught
        if pending.extents:
            yield self._record(number + 1, pending.take(pending.extents))
        if error is not None:
            raise error
        if not self._capacity_bytes:
            self.note = "; ".join(filter(None, (self.note, _NO_CAPACITY)))

    def _record(self, number: int, columns: Columns) -> Record:
        record = Record(number, self._type, self._capacity_bytes, *columns)
        self._watch.check(Records.of(record))
        return record


class _Pending:
    """Columns that do not fill a record yet."""

    def __init__(self) -> None:
        self.extents = 0
        self._columns: list[Columns] = []

    def add(self, columns: Columns) -> None:
        self.extents += len(columns[0])
        self._columns.append(columns)

    def take(self, count: int) -> Columns:
        offsets, sizes = (joined([columns[at] for columns in self._columns]) for at in (0, 1))
        self._columns = [(offsets[count:], sizes[count:])]
        self.extents = len(offsets) - count
        return offsets[:count], sizes[:count]


def beyond_64_bits(columns: Columns, unit_bytes: int | Int64Column) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """bool[n], which extents in units of ``unit_bytes`` do not end within 63 bits; offsets and sizes are >= 0."""
    offsets, sizes = columns
    most = (2**63 - 1) // unit_bytes
    return np.asarray((offsets > most) | (sizes > most - np.minimum(offsets, most)))
