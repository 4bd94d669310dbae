"""Faults in a driver's messages: each turns a correct stream into that of a driver with that defect."""

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

_CANCELLED_AFTER = 3
_NONE = np.empty(0, dtype=np.int64)


def with_message_faults(messages: Iterator[Message], query: SnapshotQuery, faults: FaultSet) -> Iterator[Message]:
    """Apply the enabled faults in order; without any, return the messages unchanged."""
    for name, fault in MESSAGE_FAULTS.items():
        value = faults.value(name)
        if value is not None:
            messages = fault(messages, query, value)
    return messages


def _type_unknown(messages: Iterator[Message], query: SnapshotQuery, value: float) -> Iterator[Message]:
    return (replace(message, block_metadata_type=UNKNOWN) for message in messages)


def _type_change(messages: Iterator[Message], query: SnapshotQuery, value: float) -> Iterator[Message]:
    other = VARIABLE_LENGTH if query.volume.fixed_length else FIXED_LENGTH
    return _change_after_first(messages, lambda message: replace(message, block_metadata_type=other))


def _capacity_zero(messages: Iterator[Message], query: SnapshotQuery, value: float) -> Iterator[Message]:
    return (replace(message, capacity_bytes=0) for message in messages)


def _capacity_change(messages: Iterator[Message], query: SnapshotQuery, value: float) -> Iterator[Message]:
    return _change_after_first(messages, lambda message: replace(message, capacity_bytes=message.capacity_bytes + GIB))


def _change_after_first(messages: Iterator[Message], change: Callable[[Message], Message]) -> Iterator[Message]:
    """Change all messages except the first, which is split in two so that there is always a second message."""
    for first in messages:
        half = -(-len(first.offsets) // 2)
        yield replace(first, offsets=first.offsets[:half], sizes=first.sizes[:half])
        yield change(replace(first, offsets=first.offsets[half:], sizes=first.sizes[half:]))
        break
    yield from map(change, messages)


def _empty_messages(messages: Iterator[Message], query: SnapshotQuery, value: float) -> Iterator[Message]:
    block_type = FIXED_LENGTH if query.volume.fixed_length else VARIABLE_LENGTH
    empty = Message(block_type, query.volume.capacity_bytes, _NONE, _NONE)
    for message in messages:
        empty = replace(message, offsets=_NONE, sizes=_NONE)
        yield message
        yield empty
    yield empty


def _cancel_is_ok(messages: Iterator[Message], query: SnapshotQuery, value: float) -> Iterator[Message]:
    return itertools.islice(messages, _CANCELLED_AFTER)


def _hang(messages: Iterator[Message], query: SnapshotQuery, value: float) -> Iterator[Message]:
    yield from itertools.islice(messages, 1)
    query.call.wait()


def _slow(messages: Iterator[Message], query: SnapshotQuery, milliseconds: float) -> Iterator[Message]:
    for message in messages:
        query.call.wait(milliseconds / 1000)
        yield message


def _cut_after(messages: Iterator[Message], query: SnapshotQuery, count: float) -> Iterator[Message]:
    def cut() -> None:
        raise Refusal(Code.UNAVAILABLE, "Socket closed")

    return _after(messages, count, cut)


def _reset_after(messages: Iterator[Message], query: SnapshotQuery, count: float) -> Iterator[Message]:
    return _after(messages, count, query.call.reset)


def _after(messages: Iterator[Message], count: float, action: Callable[[], None]) -> Iterator[Message]:
    """Act immediately, not with the next message, so that the stream cannot end with OK first."""
    if not count:
        action()
    for number, message in enumerate(messages, 1):
        yield message
        if number == count:
            action()


def _deadline_after(messages: Iterator[Message], query: SnapshotQuery, seconds: float) -> Iterator[Message]:
    query.call.limit_seconds = seconds
    for message in messages:
        query.call.check_age()
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
"""In the order in which they are applied: faults in content, then in timing and in the end of the stream."""
