"""Messages in JSON: what upstream's snapshot-metadata-lister prints, and what grpcurl and other protobuf tools do.

An array of them, or one after the other; with the names of the fields or those of protobuf's JSON, where enums are
names and 64-bit numbers strings. They do not say what was queried, but they are the real messages, so the rules are
watched once more.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kubectl_cbt.analysis.rules.rule_watch import RuleWatch
from kubectl_cbt.documents.document_head import TYPE_NUMBERS, DocumentHead
from kubectl_cbt.documents.document_tail import DocumentEnding
from kubectl_cbt.documents.extent_columns import PROTOBUF, UPSTREAM, Columns, FieldNames, unquoted
from kubectl_cbt.documents.extent_parser import extents_of_array
from kubectl_cbt.documents.jsonstream.json_cursor import HINT_WRONG, JsonCursor
from kubectl_cbt.documents.jsonstream.json_object import ObjectMembers
from kubectl_cbt.documents.lister_batches import alike_messages
from kubectl_cbt.documents.object_fields import no_int64, shown
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.query import Query
from kubectl_cbt.model.record import Record, Records
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.resolved_query import ResolvedQuery, Snapshot
from kubectl_cbt.model.results import Violation
from kubectl_cbt.units import human_count

LONGEST_RECORD = 2**20
"""Extents of a message that are kept together. gRPC's own limit, 4 MiB a message, allows fewer."""

_TYPE, _CAPACITY, _EXTENTS = "block_metadata_type", "volume_capacity_bytes", "block_metadata"
_FIELDS = {
    **{name: name for name in (_TYPE, _CAPACITY, _EXTENTS)},
    "blockMetadataType": _TYPE,
    "volumeCapacityBytes": _CAPACITY,
    "blockMetadata": _EXTENTS,
}
"""The fields of a message by both of their names."""
MESSAGE_KEYS = frozenset(_FIELDS)
_NOT_ENDED = "these messages do not say whether more were to follow: only an array of them ends with the stream"
_NOTHING = np.empty(0, dtype=np.int64)


class ListerDocument:
    """Messages, in an array or not; :meth:`records` may be iterated over once.

    Args:
        text: at its first ``[`` or ``{``.
        kind: ``delta`` or ``allocated``; None when the user does not say.

    Attributes:
        note: what to know about it in the end.
    """

    def __init__(self, text: JsonCursor, kind: str | None) -> None:
        self._text = text
        self.head = DocumentHead(_resolved(text.name, kind), None, None, says_kind=False)
        self.ending: DocumentEnding | None = None
        self._watch = RuleWatch(self.head.resolved.query)
        self._index = self._number = 0
        self._tried = -1
        self._said: dict[str, int] = {}
        self._is_array = text.demand() == b"["
        self._is_protobuf = not self._is_array
        self.note = "" if self._is_array else _NOT_ENDED
        text.part, text.hint = "its messages", HINT_WRONG

    def violations(self) -> tuple[Violation, ...]:
        """What the messages so far break."""
        return self._watch.violations()

    def records(self) -> Iterator[Record]:
        """The messages. One of more than :data:`LONGEST_RECORD` extents comes as several records.

        Raises:
            DocumentError: for what is wrong or missing, after all extents in front of it.
        """
        yield from self._elements() if self._is_array else self._sequence()
        self._text.end()

    def _sequence(self) -> Iterator[Record]:
        """Messages one after the other."""
        while self._text.peek() == b"{":
            yield from self._message(f"message {self._index + 1}")
            self._index += 1
        if self._text.starts_with(b"ERROR:"):
            raise self._text.error("grpcurl reports here that the call failed")

    def _elements(self) -> Iterator[Record]:
        """Messages of an array."""
        text = self._text
        text.expect(b"[")
        if text.demand() == b"]":
            text.expect(b"]")
            return
        while True:
            yield from self._alike()
            yield from self._message(f"[{self._index}]")
            self._index += 1
            if text.closes(b"]"):
                return
            text.demand()

    def _alike(self) -> Iterator[Record]:
        """All messages but the last that are in memory, when they are as regular as the lister prints them."""
        text = self._text
        if text.chunks == self._tried:
            return
        # Once for each chunk: one irregular message in it must not cost as much as the chunk for every message.
        self._tried = text.chunks
        messages = alike_messages(text.data, text.position)
        if messages is None:
            return
        text.advance(messages.end)
        said = {_TYPE: messages.block_metadata_type, _CAPACITY: messages.volume_capacity_bytes}
        for columns in messages.parts:
            self._index += 1
            yield self._watched(said, [columns])

    def _message(self, label: str) -> Iterator[Record]:
        said: dict[str, int] = {}
        held: list[Columns] = []
        number = self._number
        try:
            for columns in self._columns(label, said):
                held.append(columns)
                if sum(len(offsets) for offsets, _ in held) >= LONGEST_RECORD:
                    yield self._part(label, said, held)
                    held = []
        except DocumentError:
            if held:
                yield self._broken_off(said, held)
            raise
        if held or number == self._number:
            yield self._watched(said, held)

    def _part(self, label: str, said: dict[str, int], held: list[Columns]) -> Record:
        if len(said) < 2:
            most = human_count(LONGEST_RECORD)
            raise self._text.error(f"{label} holds more than {most} extents in front of its type and capacity")
        return self._watched(said, held)

    def _broken_off(self, said: dict[str, int], held: list[Columns]) -> Record:
        """What there is of a message: it may not have come to its type, which is no fault of the driver's."""
        known = {**self._said, **said}
        return self._watched(known, held) if len(known) == 2 else self._record(known, held)

    def _watched(self, said: dict[str, int], held: list[Columns]) -> Record:
        record = self._record(said, held)
        self._watch.check(Records.of(record))
        self._said = said
        return record

    def _record(self, said: dict[str, int], held: list[Columns]) -> Record:
        self._number += 1
        offsets, sizes = held[0] if held else (_NOTHING, _NOTHING)
        if len(held) > 1:
            offsets, sizes = map(np.concatenate, zip(*held, strict=True))
        # As protobuf has it: what is left out is 0.
        return Record(self._number, said.get(_TYPE, 0), said.get(_CAPACITY, 0), offsets, sizes)

    def _columns(self, label: str, said: dict[str, int]) -> Iterator[Columns]:
        """The extents of one message; what else it says goes into ``said``."""
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
                raise text.error(f"{label} has {field} twice, by both of its names")
            seen.add(field)
            self._is_protobuf = self._is_protobuf or key != field
            if field == _EXTENTS:
                yield from self._extents(f"{label}.{key}", UPSTREAM if key == field else PROTOBUF)
            else:
                said[field] = self._number_of(f"{label}.{key}", field)
        # protobuf's JSON leaves out a list that is empty; the lister does not.
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
            return self._in_words(value, label, field)
        if reason := no_int64(value):
            raise self._text.error(f"{label} is {shown(value)}, {reason}")
        return int(value)

    def _in_words(self, value: str, label: str, field: str) -> int:
        """A number in a string, or for the type its name."""
        number = TYPE_NUMBERS.get(value) if field == _TYPE else unquoted(value)
        if type(number) is int and not no_int64(number):
            return number
        wanted = "not a type of block metadata" if field == _TYPE else "not an integer of 64 bits"
        raise self._text.error(f"{label} is {shown(value)}, {wanted}")

    def _wrong(self, label: str, reason: str) -> DocumentError:
        line = self._text.line
        return self._text.error(f"{label} is {shown(self._text.parsed())}, {reason}", line)


def _resolved(name: str, kind: str | None) -> ResolvedQuery:
    ref = SnapshotRef("unknown", name.rpartition("/")[2] or name)
    snapshot = Snapshot(ref, "", "", SnapshotHandle(""), None, None, None, None)
    base = SnapshotHandle("unknown") if kind == "delta" else None
    return ResolvedQuery(Query(ref, base, max_results=0), snapshot)
