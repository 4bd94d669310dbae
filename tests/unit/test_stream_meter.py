"""Many streams are measured a few at a time, and each ends with figures or a reason."""

import threading
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from samples import batches, resolved

from kubectl_cbt.analysis.largest_run import LargestRun
from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.errors import DriverSnapshotNotFound, Interrupted, StreamCut
from kubectl_cbt.measuring.stream_meter import MeterSettings, StreamMeter
from kubectl_cbt.model.backend import OpenStream
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.model.results import Failure, Outcome
from kubectl_cbt.model.stream_figures import MeteredQuery
from kubectl_cbt.model.stream_query import Operation


class Stream:
    """Batches from memory; waits before the first if it is told to, until it is cancelled or released."""

    capacity_bytes, extents, next_offset, seconds = 64 * 2**20, 0, 0, 0.0

    def __init__(self, error=None, hold=None):
        self.error, self.hold, self.cancelled = error, hold, threading.Event()

    def __iter__(self):
        yield from batches()[:1]
        if self.hold is not None:
            self.hold(self)
        if self.cancelled.is_set():
            raise Interrupted("interrupted")
        if self.error:
            raise self.error
        yield from batches()[1:]

    def cancel(self):
        self.cancelled.set()

    def notify_to(self, notify):
        pass

    def outcome(self, error=None, restore_size_bytes=None):
        failure = Failure.of(error) if error else None
        return Outcome(failure is None, 2, self.capacity_bytes, 3, 5, 41947136, 0, 0, 1.0, (), failure)


class Backend:
    """Opens one stream a name."""

    context = ""

    def __init__(self, **streams):
        self.streams = streams
        self.opened = []

    def entries(self):
        return []

    def open(self, names):
        self.opened.append(names.target.name)
        stream = self.streams.get(names.target.name, None) or Stream()
        if isinstance(stream, Exception):
            raise stream
        return OpenStream(resolved(), stream, Operation.DELTA)


def query(name, service="driver"):
    return MeteredQuery(SnapshotNames(SnapshotRef("shop", name)), service)


def test_each_query_ends_with_its_figures():
    with StreamMeter(Backend(), StreamLimits(), MeterSettings(cells=4, chunk_sizes=(2**20,))) as meter:
        found = dict(meter.completed([query("a"), query("b")]))
    assert set(found) == {query("a"), query("b")}
    figures = found[query("a")]
    assert figures.is_complete
    assert figures.covered.sum() == figures.covered_bytes == sum(int(batch.sizes.sum()) for batch in batches())
    assert figures.largest_run_bytes == 8 * 2**20 + 4096
    assert [cost.chunk_bytes for cost in figures.summary.chunk_costs] == [2**20]
    assert figures.failure is None


def test_a_query_that_cannot_be_opened_is_a_result():
    backend = Backend(a=DriverSnapshotNotFound("the driver does not know the handle", code="NOT_FOUND"))
    with StreamMeter(backend, StreamLimits()) as meter:
        found = dict(meter.completed([query("a"), query("b")]))
    assert found[query("a")].failure.type == "DriverSnapshotNotFound"
    assert not found[query("a")].is_complete
    assert found[query("b")].is_complete


def test_a_query_that_fails_before_its_result_is_read_is_measured_once():
    backend, ended = Backend(a=StreamCut("cut")), threading.Event()
    with StreamMeter(backend, StreamLimits(), changed=lambda query: ended.set()) as meter:
        found = meter.completed([query("a")])
        assert ended.wait(10)
        assert [figures.failure.type for _, figures in found] == ["StreamCut"]
    assert backend.opened == ["a"]


class SlowToConnect(Backend):
    """Opening a stream waits for its gate, as for a token or a port-forward.

    Attributes:
        begun: set when a stream is being opened.
        closed: set when a stream that was opened is closed.
    """

    def __init__(self):
        super().__init__()
        self.begun, self.gate, self.closed = threading.Event(), threading.Event(), threading.Event()

    def open(self, names):
        self.begun.set()
        assert self.gate.wait(60)
        opened = super().open(names)
        opened.stream.cancel = self.closed.set
        return opened


def test_closing_does_not_wait_for_a_stream_that_is_being_opened():
    backend = SlowToConnect()
    meter = StreamMeter(backend, StreamLimits(per_service=1))
    found = meter.completed([query("a"), query("b")])
    assert backend.begun.wait(10)
    closing = threading.Thread(target=meter.close, daemon=True)
    closing.start()
    assert [figures.failure.message for _, figures in found] == ["interrupted"] * 2
    closing.join(10)
    assert not closing.is_alive()
    assert not meter.is_running
    backend.gate.set()
    assert backend.closed.wait(10), "what is opened too late is closed"
    assert backend.opened == ["a"]
    assert meter.result(query("a")).failure.message == "interrupted"


def test_a_query_that_was_cancelled_while_it_was_opened_can_be_measured_again():
    backend = SlowToConnect()
    with StreamMeter(backend, StreamLimits()) as meter:
        meter.submit([query("a")])
        assert backend.begun.wait(10)
        meter.cancel()
        found = meter.completed([query("a")])
        backend.gate.set()
        ((_, figures),) = found
    assert figures.is_complete


def test_a_stream_that_breaks_keeps_what_came():
    with StreamMeter(Backend(a=Stream(error=StreamCut("cut", code="UNAVAILABLE"))), StreamLimits()) as meter:
        ((_, figures),) = meter.completed([query("a")])
    assert (figures.is_complete, figures.failure.type) == (False, "StreamCut")
    assert figures.covered_bytes == int(batches()[0].sizes.sum())


def test_at_most_so_many_streams_of_a_service_run_at_once():
    lock, running, most = threading.Lock(), [0], [0]
    pair = threading.Barrier(2)

    def hold(stream):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        pair.wait(timeout=60)
        with lock:
            running[0] -= 1

    backend = Backend(**{name: Stream(hold=hold) for name in "abcdef"})
    with StreamMeter(backend, StreamLimits(per_service=2, total=4)) as meter:
        assert len(list(meter.completed([query(name) for name in "abcdef"]))) == 6
    assert most[0] == 2


def test_a_service_with_fewer_streams_is_next():
    gate = threading.Barrier(2)
    held = Stream(hold=lambda stream: gate.wait(timeout=60))
    meeting = Stream(hold=lambda stream: gate.wait(timeout=60))
    backend = Backend(a1=held, b1=meeting)
    queries = [query("a1", "a"), query("a2", "a"), query("a3", "a"), query("b1", "b")]
    with StreamMeter(backend, StreamLimits(), MeterSettings(threads=2)) as meter:
        # a1 and b1 wait for each other: in the order of submission the second thread would have begun a2.
        found = dict(meter.completed(queries))
    assert all(figures.is_complete for figures in found.values())
    assert backend.opened.index("b1") < backend.opened.index("a2") < backend.opened.index("a3")


def test_cancelling_ends_what_runs_and_what_waits():
    begun = threading.Event()

    def hold(stream):
        begun.set()
        stream.cancelled.wait(timeout=60)

    backend = Backend(a=Stream(hold=hold))
    meter = StreamMeter(backend, StreamLimits(), MeterSettings(threads=1))
    meter.submit([query("a"), query("b")])
    assert begun.wait(timeout=60)
    meter.close()
    for name in "ab":
        figures = meter.result(query(name))
        assert (figures.is_running, figures.is_complete) == (False, False)
        assert figures.failure.type == "Interrupted"
    assert backend.opened == ["a"]


def test_a_stream_that_reports_its_cancellation_as_a_failure_was_interrupted():
    begun = threading.Event()

    def hold(stream):
        begun.set()
        stream.cancelled.wait(timeout=60)
        raise StreamCut("cancelled", code="CANCELLED")

    meter = StreamMeter(Backend(a=Stream(hold=hold)), StreamLimits())
    meter.submit([query("a")])
    assert begun.wait(timeout=60)
    meter.close()
    figures = meter.result(query("a"))
    assert (figures.failure.type, figures.is_complete) == ("Interrupted", False)
    assert figures.covered_bytes == int(batches()[0].sizes.sum())


def test_a_query_submitted_again_while_its_cancelled_stream_ends_is_measured_again():
    begun, release = threading.Event(), threading.Event()
    streams = []

    def hold(stream):
        streams.append(stream)
        if len(streams) == 1:
            begun.set()
            assert release.wait(timeout=60)

    class Fresh(Backend):
        def open(self, names):
            self.opened.append(names.target.name)
            return OpenStream(resolved(), Stream(hold=hold), Operation.DELTA)

    meter = StreamMeter(Fresh(), StreamLimits())
    meter.submit([query("a")])
    assert begun.wait(timeout=60)
    (cancelled,) = meter._threads
    meter.cancel()
    ((_, figures),) = meter.completed([query("a")])
    release.set()
    cancelled.join(timeout=60)
    assert figures.is_complete
    assert meter.result(query("a")) is figures, "the cancelled stream does not replace it"
    assert not meter.is_running


def test_a_meter_that_was_cancelled_before_it_began_measures_nothing():
    """A limit of time, or Ctrl-C, may come before there is a stream that could be ended."""
    cancelled, backend = threading.Event(), Backend()
    cancelled.set()
    with StreamMeter(backend, StreamLimits()) as meter:
        ((_, figures),) = meter.completed([query("a")], cancelled)
    assert figures.failure.type == "Interrupted"
    assert not backend.opened


def test_a_meter_that_is_cancelled_while_it_begins_ends_its_streams():
    """Between the question and the first stream."""

    class Late(threading.Event):
        def is_set(self):
            before = super().is_set()
            self.set()
            return before

    hold = lambda stream: stream.cancelled.wait(timeout=60)  # noqa: E731
    with StreamMeter(Backend(a=Stream(hold=hold)), StreamLimits()) as meter:
        ((_, figures),) = meter.completed([query("a")], Late())
    assert figures.failure.type == "Interrupted"


def test_figures_that_are_not_needed_any_more_are_freed():
    with StreamMeter(Backend(), StreamLimits()) as meter:
        for one, _ in meter.completed([query("a"), query("b")]):
            meter.forget(one)
        assert meter.result(query("a")) is meter.result(query("b")) is None


def test_a_complete_query_is_not_measured_twice():
    backend = Backend()
    with StreamMeter(backend, StreamLimits()) as meter:
        list(meter.completed([query("a")]))
        list(meter.completed([query("a"), query("b")]))
    assert sorted(backend.opened) == ["a", "b"]


def test_a_watcher_is_told_of_every_change():
    seen = []
    with StreamMeter(Backend(), StreamLimits(), changed=seen.append, clock=lambda: 0.0) as meter:
        list(meter.completed([query("a")]))
    assert seen.count(query("a")) >= 2


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), max_size=40), st.lists(st.integers(0, 40)))
def test_the_largest_run_is_that_of_a_naive_search(steps, cuts):
    offsets, ends, position = [], [], 0
    for gap, size in steps:
        offsets.append(position + gap)
        position += gap + size
        ends.append(position)
    marked = np.zeros(position + 1, dtype=int)
    for start, end in zip(offsets, ends, strict=True):
        marked[start:end] = 1
    longest = max((len(part) for part in "".join(map(str, marked)).split("0")), default=0)
    run = LargestRun()
    bounds = sorted({0, len(offsets), *(cut for cut in cuts if cut < len(offsets))})
    for start, stop in pairwise(bounds):
        run.add(np.array(offsets[start:stop], dtype=np.int64), np.array(ends[start:stop], dtype=np.int64))
    assert run.size_bytes == longest
