"""Reading ahead does not change the messages, limits its memory, and ends when it is cancelled."""

import threading
from collections.abc import Generator, Iterator
from itertools import chain

import pytest

from kubectl_cbt.errors import Interrupted, StreamCut
from kubectl_cbt.stream.read_ahead import AHEAD_BYTES, GROUP_BYTES, MESSAGE_BYTES, grouped, read_ahead
from kubectl_cbt.system.cancellation import Cancellation


class Sender:
    """Yields messages, and counts how many were taken; then raises an error, if there is one.

    Args:
        waits: for its cancellation, after the messages.
    """

    def __init__(self, messages: list[bytes], error: Exception | None = None, *, waits: bool = False) -> None:
        self.given = 0
        self.cancellation = Cancellation()
        self._messages = messages
        self._error = error
        self._waits = waits

    def messages(self) -> Generator[bytes, None, None]:
        for message in self._messages:
            self.given += 1
            yield message
        if self._waits:
            self.cancellation.wait(60)
            raise StreamCut("cancelled")
        if self._error is not None:
            raise self._error


def ahead(sender: Sender) -> Iterator[list[bytes]]:
    return read_ahead(sender.messages(), sender.cancellation)


def in_place(sender: Sender) -> Iterator[list[bytes]]:
    return grouped(sender.messages())


MESSAGES = [bytes([number % 256]) * (number % 7) * 1000 for number in range(500)]
both = pytest.mark.parametrize("reading", [ahead, in_place])


@both
def test_messages_come_in_order_and_whole(reading):
    assert list(chain.from_iterable(reading(Sender(MESSAGES)))) == MESSAGES


@both
def test_no_group_is_empty_or_much_larger_than_it_may_be(reading):
    for group in reading(Sender(MESSAGES)):
        assert group
        assert sum(map(len, group[:-1])) < GROUP_BYTES


@both
def test_a_flood_of_empty_messages_comes_in_groups_too(reading):
    groups = list(reading(Sender([b""] * 20_000)))
    assert sum(map(len, groups)) == 20_000
    assert max(map(len, groups)) <= GROUP_BYTES // MESSAGE_BYTES


@both
def test_an_error_follows_the_messages_before_it(reading):
    error, came = StreamCut("cut"), []
    with pytest.raises(StreamCut) as raised:
        came.extend(chain.from_iterable(reading(Sender(MESSAGES, error))))
    assert raised.value is error
    assert came == MESSAGES


@both
def test_nothing_at_all_is_not_a_group(reading):
    assert list(reading(Sender([]))) == []


def test_a_message_is_handed_over_before_the_next_one_comes():
    sender = Sender([b"first"], waits=True)
    groups = ahead(sender)
    assert next(groups) == [b"first"]
    groups.close()
    assert sender.cancellation.is_cancelled


def test_no_more_is_read_than_may_wait():
    message = bytes(2**16)
    sender = Sender([message] * 1000)
    groups = ahead(sender)
    taken = len(next(groups))
    thread = next(one for one in threading.enumerate() if one.name == "cbt-receive")
    # It waits for room, and not for anything that comes by itself: what it has read does not change any more.
    while sender.given * (len(message) + MESSAGE_BYTES) < AHEAD_BYTES:
        thread.join(0.01)
    thread.join(0.1)
    assert sender.given <= taken + AHEAD_BYTES // len(message) + 1
    assert sum(map(len, groups)) + taken == 1000


def test_cancelling_ends_a_wait_for_a_message():
    sender = Sender([], waits=True)
    threading.Timer(0.05, sender.cancellation.cancel).start()
    with pytest.raises(StreamCut):
        list(ahead(sender))


def test_what_was_read_ahead_is_dropped_when_it_is_cancelled():
    sender = Sender([bytes(GROUP_BYTES)] * 100, waits=True)
    groups = ahead(sender)
    next(groups)
    sender.cancellation.cancel()
    with pytest.raises((StreamCut, Interrupted)):
        list(groups)


def test_a_cancelled_reader_that_waits_for_room_ends():
    groups = ahead(Sender([bytes(2**20)] * 100))
    next(groups)
    groups.close()
    assert not [one for one in threading.enumerate() if one.name == "cbt-receive"]
