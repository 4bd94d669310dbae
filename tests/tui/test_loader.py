"""A stream in its thread: frames one after another, and an end that is always told. And who is whose neighbour."""

import threading
from dataclasses import replace

import pytest
from directing import (
    ALLOCATED,
    CAPACITY,
    ENTRIES,
    EXTENTS,
    FOUR,
    GONE,
    KIB,
    MIB,
    ONE,
    THREE,
    TWO,
    ScriptedOpened,
    ScriptedStream,
    entry,
)

from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.tui.layers import ALLOCATED as ALLOCATED_LAYER
from kubectl_cbt.tui.layers import BOTH, DELTA, Layers, neighbour
from kubectl_cbt.tui.loader import Frame, Loader

SECONDS = 30
"""Only a hang takes so long."""


def loader_of(stream: ScriptedStream, names: SnapshotNames = SnapshotNames(TWO, ONE), **settings) -> Loader:  # noqa: B008
    return Loader(ScriptedOpened(stream, names, **settings))


def frames_of(stream: ScriptedStream) -> list[Frame]:
    """Every frame that was announced."""
    loader, frames = loader_of(stream), []
    loader.notify_on_frame(lambda: frames.append(loader.frame))
    loader.start()
    loader.wait_until_ended()
    return frames


def test_before_anything_came_there_is_a_frame_already():
    frame = loader_of(ScriptedStream()).frame
    assert frame.is_running
    assert (len(frame.received), frame.outcome.messages, frame.outcome.complete) == (0, 0, False)
    assert frame.outcome.volume_capacity_bytes == CAPACITY


def test_the_first_message_is_announced_at_once_and_the_end_with_everything():
    frames = frames_of(ScriptedStream())
    assert frames[0].outcome.messages == 1
    assert all(frame.is_running and not frame.outcome.complete for frame in frames[:-1])
    assert not frames[-1].is_running
    assert frames[-1].outcome.complete
    assert frames[-1].received.extents.offsets.tolist() == [offset for offset, _ in EXTENTS]


@pytest.mark.parametrize(
    ("error", "type_name", "words"),
    [(GONE, "NotFound", "not found"), (ValueError("s3cret"), "StreamError", "ValueError")],
)
def test_what_ends_a_stream_early_is_kept_and_what_came_too(error, type_name, words):
    loader = loader_of(ScriptedStream(error=error))
    loader.start()
    loader.wait_until_ended()
    failure = loader.frame.outcome.failure
    assert failure.type == type_name == type(loader.error).__name__
    assert words in failure.message
    assert "s3cret" not in failure.message + failure.hint
    assert len(loader.frame.received) == len(EXTENTS)
    assert loader.opened.is_closed


def test_after_closing_nothing_is_announced():
    loader, announced = loader_of(ScriptedStream(gate=threading.Event())), []
    loader.notify_on_frame(lambda: announced.append(loader.frame))
    loader.start()
    loader.wait_for_first_frame(SECONDS)
    loader.close()
    count = len(announced)
    loader.wait_until_ended()
    loader.close()
    assert len(announced) == count


def test_a_stream_stopped_before_it_began_ends_too():
    loader = loader_of(ScriptedStream())
    loader.stop()
    loader.start()
    loader.wait_until_ended()
    assert loader.frame.outcome.failure.type == "Interrupted"


@pytest.mark.parametrize(
    ("stream", "query", "known"),
    [
        (ScriptedStream(), {}, (0, CAPACITY)),
        (ScriptedStream(), {"starting_offset": MIB}, (MIB, CAPACITY)),
        (ScriptedStream(), {"starting_offset": MIB, "end_offset": 2 * MIB}, (MIB, 2 * MIB)),
        (ScriptedStream(error=GONE), {}, (0, 40 * MIB + 4 * KIB)),
        (ScriptedStream([]), {}, (0, CAPACITY)),
    ],
)
def test_a_frame_knows_about_which_bytes_it_was_told(stream, query, known):
    loader = loader_of(stream)
    loader.start()
    loader.wait_until_ended()
    found = replace(loader.frame, query=Query(TWO, **query)).known
    assert (found.start, found.end) == known


# Layers.


def layers_of(kind: str | None = "", names: SnapshotNames = SnapshotNames(TWO, ONE)) -> Layers:  # noqa: B008
    return Layers(loader_of(ScriptedStream(), names, kind=kind), lambda loader: None)


@pytest.mark.parametrize(
    ("layers", "next_layer"),
    [(layers_of(), ALLOCATED_LAYER), (layers_of(names=SnapshotNames(TWO)), None), (layers_of(kind=None), None)],
    ids=["delta", "allocated", "not said"],
)
def test_only_a_delta_has_another_layer(layers, next_layer):
    assert layers.next_layer() == next_layer


def test_the_layers_go_round_and_heat_is_of_the_delta_where_both_are_shown():
    layers = layers_of()
    assert layers.needs_stream(ALLOCATED_LAYER)
    assert not layers.needs_stream(DELTA)
    loader = loader_of(ScriptedStream(ALLOCATED), SnapshotNames(TWO))
    layers.add_allocated(loader)
    loader.wait_until_ended()
    seen = []
    for _ in range(3):
        layers.shown = layers.next_layer()
        heat, allocated = layers.views()
        seen.append((layers.shown, len(heat.extents), allocated and len(allocated.extents)))
    assert [name for name, *_ in seen] == [ALLOCATED_LAYER, BOTH, DELTA]
    assert seen[0][1:] == (len(ALLOCATED), None)
    assert seen[1][1:] == (0, len(ALLOCATED))
    layers.close()
    assert loader.opened.is_closed


# Neighbours.

UNUSABLE = entry("broken", 2, obstacle="no status yet")


@pytest.mark.parametrize(
    ("names", "by", "found"),
    [
        (SnapshotNames(TWO, ONE), 1, SnapshotNames(THREE, TWO)),
        (SnapshotNames(THREE, TWO), -1, SnapshotNames(TWO, ONE)),
        (SnapshotNames(THREE, ONE), 1, SnapshotNames(FOUR, TWO)),
        (SnapshotNames(TWO), 1, SnapshotNames(THREE)),
        (SnapshotNames(TWO), -1, SnapshotNames(ONE)),
        (SnapshotNames(TWO, ONE), -1, "ns/one is the oldest snapshot of its volume"),
        (SnapshotNames(FOUR, ONE), 1, "ns/four is the newest snapshot of its volume"),
        (SnapshotNames(FOUR), 1, "ns/four is the newest snapshot of its volume"),
        (SnapshotNames(ONE), -1, "ns/one is the oldest snapshot of its volume"),
        (SnapshotNames(SnapshotRef("ns", "gone")), 1, "the other snapshots of this volume are unknown"),
        (SnapshotNames(TWO, SnapshotRef("ns", "gone")), 1, "the other snapshots of this volume are unknown"),
        (SnapshotNames(SnapshotRef("ns", "other-1")), 1, "ns/other-1 is the newest snapshot of its volume"),
    ],
)
def test_neighbours_are_the_usable_snapshots_of_the_volume_in_order_of_time(names, by, found):
    entries = [*reversed(ENTRIES), UNUSABLE]
    assert neighbour(entries, names, by) == found


def test_two_steps_of_opposite_ways_come_back():
    for names in (SnapshotNames(TWO, ONE), SnapshotNames(THREE, TWO), SnapshotNames(THREE)):
        there = neighbour(ENTRIES, names, 1)
        assert isinstance(there, SnapshotNames)
        assert neighbour(ENTRIES, there, -1) == names
