"""Driver's faults in how it answers: each takes a stream's messages and gives those of a driver with that mistake."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from kubectl_cbt.demo.driver.driver_types import Message, SnapshotQuery
from kubectl_cbt.demo.driver.faults import FaultSet
from kubectl_cbt.demo.driver.volumes import GIB
from kubectl_cbt.demo.sidecar.rpc import Code, Refusal
from kubectl_cbt.wire.snapshot_metadata_pb2 import FIXED_LENGTH, UNKNOWN, VARIABLE_LENGTH

MessageFault = Callable[[Iterator[Message], SnapshotQuery, float], Iterator[Message]]

_SWALLOWED_AFTER = 3
_NONE = np.empty(0, dtype=np.int64)


def with_message_faults(messages: Iterator[Message], asked: SnapshotQuery, faults: FaultSet) -> Iterator[Message]:
    """All of them that are on, one behind the other; the messages as they are when none is."""
    for name, fault in MESSAGE_FAULTS.items():
        value = faults.value(name)
        if value is not None:
            messages = fault(messages, asked, value)
    return messages


def _type_unknown(messages: Iterator[Message], asked: SnapshotQuery, value: float) -> Iterator[Message]:
    return (replace(message, block_metadata_type=UNKNOWN) for message in messages)


def _type_change(messages: Iterator[Message], asked: SnapshotQuery, value: float) -> Iterator[Message]:
    other = VARIABLE_LENGTH if asked.volume.fixed_length else FIXED_LENGTH
    return _later(messages, lambda message: replace(message, block_metadata_type=other))


def _capacity_zero(messages: Iterator[Message], asked: SnapshotQuery, value: float) -> Iterator[Message]:
    return (replace(message, capacity_bytes=0) for message in messages)


def _capacity_change(messages: Iterator[Message], asked: SnapshotQuery, value: float) -> Iterator[Message]:
    return _later(messages, lambda message: replace(message, capacity_bytes=message.capacity_bytes + GIB))


def _later(messages: Iterator[Message], change: Callable[[Message], Message]) -> Iterator[Message]:
    """Change all messages but the first, which is sent in two halves: an answer of one message has a second too."""
    for first in messages:
        half = -(-len(first.offsets) // 2)
        yield replace(first, offsets=first.offsets[:half], sizes=first.sizes[:half])
        yield change(replace(first, offsets=first.offsets[half:], sizes=first.sizes[half:]))
        break
    yield from map(change, messages)


def _empty_messages(messages: Iterator[Message], asked: SnapshotQuery, value: float) -> Iterator[Message]:
    block_type = FIXED_LENGTH if asked.volume.fixed_length else VARIABLE_LENGTH
    empty = Message(block_type, asked.volume.capacity_bytes, _NONE, _NONE)
    for message in messages:
        empty = replace(message, offsets=_NONE, sizes=_NONE)
        yield message
        yield empty
    yield empty


def _cancel_is_ok(messages: Iterator[Message], asked: SnapshotQuery, value: float) -> Iterator[Message]:
    return itertools.islice(messages, _SWALLOWED_AFTER)


def _hang(messages: Iterator[Message], asked: SnapshotQuery, value: float) -> Iterator[Message]:
    yield from itertools.islice(messages, 1)
    asked.call.wait()


def _slow(messages: Iterator[Message], asked: SnapshotQuery, milliseconds: float) -> Iterator[Message]:
    for message in messages:
        asked.call.wait(milliseconds / 1000)
        yield message


def _cut_after(messages: Iterator[Message], asked: SnapshotQuery, count: float) -> Iterator[Message]:
    def cut() -> None:
        raise Refusal(Code.UNAVAILABLE, "Socket closed")

    return _after(messages, count, cut)


def _reset_after(messages: Iterator[Message], asked: SnapshotQuery, count: float) -> Iterator[Message]:
    return _after(messages, count, asked.call.reset)


def _after(messages: Iterator[Message], count: float, happens: Callable[[], None]) -> Iterator[Message]:
    """At once, not with the next message: a client shall not be told that the stream is whole."""
    if not count:
        happens()
    for number, message in enumerate(messages, 1):
        yield message
        if number == count:
            happens()


def _deadline_after(messages: Iterator[Message], asked: SnapshotQuery, seconds: float) -> Iterator[Message]:
    asked.call.limit_seconds = seconds
    for message in messages:
        asked.call.check_age()
        yield message


MESSAGE_FAULTS: dict[str, MessageFault] = {
    "type-unknown": _type_unknown,
    "type-change": _type_change,
    "capacity-zero": _capacity_zero,
    "capacity-change": _capacity_change,
    "empty-messages": _empty_messages,
    "cancel-is-ok": _cancel_is_ok,
    "hang": _hang,
    "slow": _slow,
    "cut-after": _cut_after,
    "reset-after": _reset_after,
    "deadline-after": _deadline_after,
}
"""In the order in which they are applied: what the messages say, then when they come and how it ends."""
