"""Messages in JSON: the output of upstream's snapshot-metadata-lister, of grpcurl and other protobuf tools.

As an array or one after another; with the names of the fields or those of protobuf's JSON, where enums are names and
64-bit numbers strings. They do not record the query, but they are the original messages, so the rules are checked
again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kubectl_cbt.analysis.rules.rule_watch import RuleWatch
from kubectl_cbt.documents.document_head import TYPE_NUMBERS, DocumentHead, query_of_file
from kubectl_cbt.documents.document_stream import Document
from kubectl_cbt.documents.extent_columns import PROTOBUF, UPSTREAM, Columns, FieldNames, unquoted
from kubectl_cbt.documents.extent_parser import extents_of_array
from kubectl_cbt.documents.jsonstream.json_cursor import HINT_WRONG, JsonCursor
from kubectl_cbt.documents.jsonstream.json_object import ObjectMembers
from kubectl_cbt.documents.lister_batches import regular_messages
from kubectl_cbt.documents.object_fields import int64_problem, shown
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.record import Record, Records
from kubectl_cbt.model.results import Violation
from kubectl_cbt.units import human_count

LONGEST_RECORD = 2**20
"""Maximum extents per record. gRPC's default limit of 4 MiB per message allows fewer."""

_TYPE, _CAPACITY, _EXTENTS = "block_metadata_type", "volume_capacity_bytes", "block_metadata"
_FIELDS = {
    **{name: name for name in (_TYPE, _CAPACITY, _EXTENTS)},
    "blockMetadataType": _TYPE,
    "volumeCapacityBytes": _CAPACITY,
    "blockMetadata": _EXTENTS,
}
"""The fields of a message by either of their names."""
MESSAGE_KEYS = frozenset(_FIELDS)
_NOT_ENDED = "these messages may be incomplete: only an array of messages records the end of the stream"
_NOTHING = np.empty(0, dtype=np.int64)


class ListerDocument(Document):
    """Messages, in an array or not; :meth:`records` may be iterated over once.

    Args:
        text: at its first ``[`` or ``{``.
        kind: ``delta`` or ``allocated``; None if unknown.

    Attributes:
        note: a note for the user after it was read.
    """

    def __init__(self, text: JsonCursor, kind: str | None) -> None:
        self._text = text
        self.head = DocumentHead(query_of_file(text.name, kind), None, None, has_kind=False)
        self._watch = RuleWatch(self.head.resolved.query)
        self._index = self._number = 0
        self._tried = -1
        self._values: dict[str, int] = {}
        self._is_array = text.demand() == b"["
        self._is_protobuf = not self._is_array
        self.note = "" if self._is_array else _NOT_ENDED
        text.part, text.hint = "its messages", HINT_WRONG

    def violations(self) -> tuple[Violation, ...]:
        """The rules that the messages so far break."""
        return self._watch.violations()

    def records(self) -> Iterator[Record]:
        """The messages. One with more than :data:`LONGEST_RECORD` extents is split into several records.

        Raises:
            DocumentError: at the first error, after all extents before it.
        """
        yield from self._elements() if self._is_array else self._sequence()
        self._text.end()

    def _sequence(self) -> Iterator[Record]:
        """Messages one after another."""
        while self._text.peek() == b"{":
            yield from self._message(f"message {self._index + 1}")
            self._index += 1
        if self._text.starts_with(b"ERROR:"):
            raise self._text.error("grpcurl reported that the call failed")

    def _elements(self) -> Iterator[Record]:
        """Messages of an array."""
        text = self._text
        text.expect(b"[")
        if text.demand() == b"]":
            text.expect(b"]")
            return
        while True:
            yield from self._regular_messages()
            yield from self._message(f"[{self._index}]")
            self._index += 1
            if text.closes(b"]"):
                return
            text.demand()

    def _regular_messages(self) -> Iterator[Record]:
        """All messages in memory but the last, if they are as regular as the lister's output."""
        text = self._text
        if text.chunks == self._tried:
            return
        # Once for each chunk: with an irregular message in it, every message would cost as much as the chunk.
        self._tried = text.chunks
        messages = regular_messages(text.data, text.position)
        if messages is None:
            return
        text.advance(messages.end)
        values = {_TYPE: messages.block_metadata_type, _CAPACITY: messages.volume_capacity_bytes}
        for columns in messages.parts:
            self._index += 1
            yield self._watched(values, [columns])

    def _message(self, label: str) -> Iterator[Record]:
        values: dict[str, int] = {}
        pending: list[Columns] = []
        number = self._number
        try:
            for columns in self._columns(label, values):
                pending.append(columns)
                if sum(len(offsets) for offsets, _ in pending) >= LONGEST_RECORD:
                    yield self._part(label, values, pending)
                    pending = []
        except DocumentError:
            if pending:
                yield self._cut(values, pending)
            raise
        if pending or number == self._number:
            yield self._watched(values, pending)

    def _part(self, label: str, values: dict[str, int], columns: list[Columns]) -> Record:
        if len(values) < 2:
            most = human_count(LONGEST_RECORD)
            raise self._text.error(f"{label} has more than {most} extents before its type and capacity")
        return self._watched(values, columns)

    def _cut(self, values: dict[str, int], columns: list[Columns]) -> Record:
        """The beginning of a message: its type may be missing, which is not the driver's fault."""
        known = {**self._values, **values}
        return self._watched(known, columns) if len(known) == 2 else self._record(known, columns)

    def _watched(self, values: dict[str, int], columns: list[Columns]) -> Record:
        record = self._record(values, columns)
        self._watch.check(Records.of(record))
        self._values = values
        return record

    def _record(self, values: dict[str, int], columns: list[Columns]) -> Record:
        self._number += 1
        offsets, sizes = columns[0] if columns else (_NOTHING, _NOTHING)
        if len(columns) > 1:
            offsets, sizes = map(np.concatenate, zip(*columns, strict=True))
        # As in protobuf: an omitted field is 0.
        return Record(self._number, values.get(_TYPE, 0), values.get(_CAPACITY, 0), offsets, sizes)

    def _columns(self, label: str, values: dict[str, int]) -> Iterator[Columns]:
        """The extents of one message; its other fields are stored in ``values``."""
        text = self._text
        if text.demand() != b"{":
            raise self._wrong(label, "not an object")
        text.expect(b"{")
        members, seen = ObjectMembers(text, _FIELDS), set[str]()
        while (key := members.next()) is not None:
            field = _FIELDS.get(key)
            if field is None:
                text.parsed()
                continue
            if field in seen:
                raise text.error(f"{label} has {field} twice, under both of its names")
            seen.add(field)
            self._is_protobuf = self._is_protobuf or key != field
            if field == _EXTENTS:
                yield from self._extents(f"{label}.{key}", UPSTREAM if key == field else PROTOBUF)
            else:
                values[field] = self._number_of(f"{label}.{key}", field)
        # protobuf's JSON omits an empty list; the lister does not.
        if _EXTENTS not in seen and not self._is_protobuf:
            raise text.error(f"{label}.{_EXTENTS} is missing")

    def _extents(self, label: str, names: FieldNames) -> Iterator[Columns]:
        if self._text.demand() == b"[":
            self._text.expect(b"[")
            yield from extents_of_array(self._text, names, label)
        elif (value := self._text.parsed()) is not None:
            raise self._text.error(f"{label} is {shown(value)}, neither an array nor null")

    def _number_of(self, label: str, field: str) -> int:
        value = self._text.parsed()
        if isinstance(value, str):
            self._is_protobuf = True
            return self._number_in(value, label, field)
        if reason := int64_problem(value):
            raise self._text.error(f"{label} is {shown(value)}, {reason}")
        return int(value)

    def _number_in(self, value: str, label: str, field: str) -> int:
        """The number in a string, or of the name of a type."""
        number = TYPE_NUMBERS.get(value) if field == _TYPE else unquoted(value)
        if type(number) is int and not int64_problem(number):
            return number
        wanted = "not a type of block metadata" if field == _TYPE else "not an integer of 64 bits"
        raise self._text.error(f"{label} is {shown(value)}, {wanted}")

    def _wrong(self, label: str, reason: str) -> DocumentError:
        line = self._text.line
        return self._text.error(f"{label} is {shown(self._text.parsed())}, {reason}", line)
