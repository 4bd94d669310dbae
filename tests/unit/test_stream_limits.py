"""How many streams run at once: limits, order, cancelling."""

import random
import threading
from collections import Counter

import pytest

from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.errors import Interrupted
from kubectl_cbt.system.cancellation import Cancellation

SECONDS = 30


class Stream(threading.Thread):
    """Takes a slot and keeps it until it is told to end."""

    def __init__(self, limits: StreamLimits, service: str, log: list[str] | None = None, name: str = "") -> None:
        super().__init__(daemon=True)
        self.runs, self.ends = threading.Event(), threading.Event()
        self.cancellation = Cancellation()
        self.error: Exception | None = None
        self._take = lambda: limits.slot(service, self.cancellation)
        self._log, self._name_in_log = log if log is not None else [], name
        self.start()

    def run(self) -> None:
        try:
            with self._take():
                self._log.append(self._name_in_log)
                self.runs.set()
                self.ends.wait(SECONDS)
        except Interrupted as error:
            self.error = error

    def end(self) -> None:
        self.ends.set()
        self.join(SECONDS)
        assert not self.is_alive()


def waiting(limits: StreamLimits, count: int) -> None:
    """Until so many streams wait."""
    while len(limits._waiting) < count:
        threading.Event().wait(0.001)


def test_a_third_stream_of_a_service_waits_for_one_of_two():
    limits = StreamLimits()
    first, second = Stream(limits, "a"), Stream(limits, "a")
    assert first.runs.wait(SECONDS)
    assert second.runs.wait(SECONDS)
    third = Stream(limits, "a")
    waiting(limits, 1)
    assert not third.runs.is_set()
    second.end()
    assert third.runs.wait(SECONDS)
    first.end()
    third.end()


def test_a_busy_service_does_not_delay_another_one():
    limits = StreamLimits(per_service=1, total=2)
    first = Stream(limits, "a")
    assert first.runs.wait(SECONDS)
    second = Stream(limits, "a")
    waiting(limits, 1)
    other = Stream(limits, "b")
    assert other.runs.wait(SECONDS)
    assert not second.runs.is_set()
    first.end()
    assert second.runs.wait(SECONDS)
    second.end()
    other.end()


def test_streams_run_in_the_order_in_which_they_came():
    limits, log = StreamLimits(per_service=2, total=1), []
    streams = [Stream(limits, "a", log, "0")]
    assert streams[0].runs.wait(SECONDS)
    for number in range(1, 6):
        streams.append(Stream(limits, "ab"[number % 2], log, str(number)))
        waiting(limits, number)
    for stream in streams:
        assert stream.runs.wait(SECONDS)
        stream.end()
    assert log == list("012345")


def test_a_cancelled_wait_ends_and_takes_no_slot():
    limits = StreamLimits(per_service=1)
    first = Stream(limits, "a")
    assert first.runs.wait(SECONDS)
    cancelled = Stream(limits, "a")
    waiting(limits, 1)
    last = Stream(limits, "a")
    waiting(limits, 2)
    cancelled.cancellation.cancel()
    cancelled.join(SECONDS)
    assert isinstance(cancelled.error, Interrupted)
    first.end()
    assert last.runs.wait(SECONDS)
    last.end()


def test_what_was_cancelled_before_does_not_begin():
    limits, cancellation = StreamLimits(), Cancellation()
    cancellation.cancel()
    with pytest.raises(Interrupted), limits.slot("a", cancellation):
        pytest.fail("it began")
    assert not limits._running.total()


def test_an_error_frees_the_slot():
    limits = StreamLimits(1, 1)
    for _ in range(3):
        with pytest.raises(RuntimeError), limits.slot("a"):
            raise RuntimeError
    with limits.slot("a"):
        pass


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0)])
def test_limits_of_nothing_are_rejected(numbers):
    with pytest.raises(ValueError, match="at least one"):
        StreamLimits(*numbers)


def test_the_limits_are_never_exceeded_and_every_stream_runs():
    limits, chance = StreamLimits(2, 4), random.Random(17)
    running, most, total_most, done = Counter(), Counter(), 0, 0
    lock = threading.Lock()

    def stream(service: str, is_cancelled: bool) -> None:
        nonlocal total_most, done
        cancellation = Cancellation()
        if is_cancelled:
            threading.Thread(target=cancellation.cancel).start()
        try:
            with limits.slot(service, cancellation):
                with lock:
                    running[service] += 1
                    most[service] = max(most[service], running[service])
                    total_most = max(total_most, running.total())
                with lock:
                    running[service] -= 1
                    done += not is_cancelled
        except Interrupted:
            pass

    plan = [(chance.choice("abc"), chance.random() < 0.2) for _ in range(300)]
    threads = [threading.Thread(target=stream, args=one, daemon=True) for one in plan]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    assert done == sum(not cancelled for _, cancelled in plan)
    assert max(most.values()) <= 2
    assert total_most <= 4
    assert not limits._running.total()
    assert not limits._waiting
