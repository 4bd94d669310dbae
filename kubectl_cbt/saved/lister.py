"""What upstream's snapshot-metadata-lister prints: an array of the messages as they came.

It does not say what was asked. But these are the real messages, so the rules can be watched once more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from kubectl_cbt.analysis.rules import RuleWatch
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.question import Question
from kubectl_cbt.model.record import Record, Records
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.results import Asked, Violation
from kubectl_cbt.model.target import Snapshot, Subject
from kubectl_cbt.saved.alike import alike_messages
from kubectl_cbt.saved.columns import UPSTREAM, Columns
from kubectl_cbt.saved.ending import Ending
from kubectl_cbt.saved.extents import extents_of_array
from kubectl_cbt.saved.fields import no_int64, shown
from kubectl_cbt.saved.head import Head
from kubectl_cbt.saved.members import Members
from kubectl_cbt.saved.text import HINT_CHANGED, Text
from kubectl_cbt.units import human_count

LONGEST_RECORD = 2**20
"""Extents of a message that are kept together. gRPC's own limit, 4 MiB a message, allows fewer."""

_TYPE, _CAPACITY, _EXTENTS = "block_metadata_type", "volume_capacity_bytes", "block_metadata"
_KEYS = (_TYPE, _CAPACITY, _EXTENTS)
_FIRST_KEY = re.compile(rb'\{[ \t\r\n]*(?:"([^"]*)"|\})')
_LONGEST_FIRST_KEY_BYTES = 256
_NOTHING = np.empty(0, dtype=np.int64)


class ListerDocument:
    """Sees that it is one; then :meth:`records` may be iterated over once.

    Args:
        text: at its first ``[``.
        kind: ``delta`` or ``allocated``; None when the user does not say.
    """

    def __init__(self, text: Text, kind: str | None) -> None:
        self._text = text
        self.head = Head(_asked(text.name, kind), None, None)
        self.ending: Ending | None = None
        self._watch = RuleWatch(self.head.asked.question)
        self._index = self._number = 0
        self._tried = -1
        self._said: dict[str, int] = {}
        text.part = "its records"
        text.expect(b"[")
        self._see_first_key()
        text.hint = HINT_CHANGED

    def violations(self) -> tuple[Violation, ...]:
        """What the messages so far break."""
        return self._watch.violations()

    def records(self) -> Iterator[Record]:
        """The messages. One of more than :data:`LONGEST_RECORD` extents comes as several records.

        Raises:
            DocumentError: for what is wrong or missing, after all extents in front of it.
        """
        yield from self._messages()
        self._text.end()

    def _messages(self) -> Iterator[Record]:
        text = self._text
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
        self._watch.look(Records.of(record))
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
        members, has_extents = Members(text, _KEYS), False
        while (key := members.next()) is not None:
            if key == _EXTENTS:
                has_extents = True
                yield from self._extents(f"{label}.{key}")
            elif key in _KEYS:
                said[key] = self._integer(f"{label}.{key}")
            else:
                text.parsed()
        if not has_extents:
            raise text.error(f"{label}.{_EXTENTS} is missing")

    def _extents(self, label: str) -> Iterator[Columns]:
        if self._text.demand() == b"[":
            self._text.expect(b"[")
            yield from extents_of_array(self._text, UPSTREAM, label)
        elif (value := self._text.parsed()) is not None:
            raise self._text.error(f"{label} is {shown(value)}, neither an array nor null")

    def _integer(self, label: str) -> int:
        value = self._text.parsed()
        if reason := no_int64(value):
            raise self._text.error(f"{label} is {shown(value)}, {reason}")
        return int(value)

    def _wrong(self, label: str, reason: str) -> DocumentError:
        line = self._text.line
        return self._text.error(f"{label} is {shown(self._text.parsed())}, {reason}", line)

    def _see_first_key(self) -> None:
        """Any array of objects may have begun like this."""
        text = self._text
        if text.peek() not in (b"{", b"]", b""):
            raise self._wrong("[0]", "not a record of snapshot-metadata-lister")
        while text.data[text.position : text.position + 1] == b"{":
            key = _FIRST_KEY.match(text.data, text.position)
            if key and key[1] not in [known.encode() for known in _KEYS]:
                raise self._wrong("[0]", "not a record of snapshot-metadata-lister")
            # What is cut here, or no JSON, iterating will say.
            if key or len(text.data) - text.position > _LONGEST_FIRST_KEY_BYTES or not text.more():
                return


def _asked(name: str, kind: str | None) -> Asked:
    ref = SnapshotRef("unknown", name.rpartition("/")[2] or name)
    snapshot = Snapshot(ref, "", "", SnapshotHandle(""), None, None, None, None)
    base = SnapshotHandle("unknown") if kind == "delta" else None
    return Asked(Question(ref, base, max_results=0), Subject(snapshot, None, base))
