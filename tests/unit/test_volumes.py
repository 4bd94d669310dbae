"""Relations between the demo's streams: allocated, delta, and any starting offset."""

from collections.abc import Iterable
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import INT64_MIN, law

from kubectl_cbt.demo.driver import noise
from kubectl_cbt.demo.driver.volumes import Runs, Volume
from kubectl_cbt.demo.scenarios import DemoVolume, demo_volumes
from kubectl_cbt.model.extents import Extents
from kubectl_cbt.model.record import INT64_MAX

SEED = 7
DEMOS = {demo.claim: demo for demo in demo_volumes(SEED)}
WRITTEN = ("data", "postgres", "uploads", "windows")
"""All that can be looked at whole; scratch has millions of extents and is looked at in places."""
EMPTY = ("archive", "queue")

SCRATCH = DEMOS["scratch"].volume
SCRATCH_SEGMENT = SCRATCH.segment_grains * SCRATCH.grain_bytes
SCRATCH_PLACES = (0, SCRATCH_SEGMENT, 100 * SCRATCH_SEGMENT, SCRATCH.capacity_bytes - SCRATCH_SEGMENT)


def joined(batches: Iterable[Runs]) -> Runs:
    """A whole stream as one pair of columns."""
    nothing = np.empty(0, dtype=np.int64)
    runs = list(batches)
    return (
        np.concatenate([nothing, *(offsets for offsets, _ in runs)]),
        np.concatenate([nothing, *(sizes for _, sizes in runs)]),
    )


@cache
def allocated(claim: str, generation: int) -> Extents:
    return Extents(*joined(DEMOS[claim].volume.allocated(generation)))


@cache
def delta(claim: str, base: int, target: int) -> Extents:
    return Extents(*joined(DEMOS[claim].volume.delta(base, target)))


def united(*parts: Extents) -> Extents:
    offsets, sizes = (np.concatenate(columns) for columns in zip(*((p.offsets, p.sizes) for p in parts), strict=True))
    return Extents.repaired(offsets, sizes)


def bytes_outside(inner: Extents, outer: Extents) -> int:
    """Bytes of ``inner`` that ``outer`` does not cover."""
    inside = outer.covered_before(inner.offsets + inner.sizes) - outer.covered_before(inner.offsets)
    return inner.covered_bytes - int(inside.sum())


def generations(claim: str) -> list[int]:
    return sorted({snapshot.generation for snapshot in DEMOS[claim].snapshots})


def ordered(claim: str, length: int) -> list[tuple[int, ...]]:
    """A few generations in order, next to each other and far apart."""
    found = generations(claim)
    return [tuple(found[:length]), tuple(found[-length:]), (found[0], *found[-length + 1 :])]


PAIRS = [(claim, *pair) for claim in WRITTEN for pair in dict.fromkeys(ordered(claim, 2))]
TRIPLES = [(claim, *triple) for claim in WRITTEN for triple in dict.fromkeys(ordered(claim, 3))]


# Between streams.


@pytest.mark.parametrize(("claim", "base", "target"), PAIRS)
def test_what_is_newly_allocated_has_changed(claim, base, target):
    explanation_of = united(allocated(claim, base), delta(claim, base, target))
    assert bytes_outside(allocated(claim, target), explanation_of) == 0


@pytest.mark.parametrize(("claim", "base", "target"), PAIRS)
def test_what_was_allocated_stays_so_and_what_has_changed_is_allocated(claim, base, target):
    assert bytes_outside(allocated(claim, base), allocated(claim, target)) == 0
    assert bytes_outside(delta(claim, base, target), allocated(claim, target)) == 0


@pytest.mark.parametrize(("claim", "first", "second", "third"), TRIPLES)
def test_a_delta_is_within_the_deltas_of_its_steps(claim, first, second, third):
    steps = united(delta(claim, first, second), delta(claim, second, third))
    whole = delta(claim, first, third)
    assert whole.covered_bytes > 0
    assert bytes_outside(whole, steps) == 0
    assert bytes_outside(steps, whole) == 0


@pytest.mark.parametrize("claim", WRITTEN)
def test_each_generation_changes_something_and_not_everything(claim):
    for base, target in zip(generations(claim), generations(claim)[1:], strict=False):
        assert 0 < delta(claim, base, target).covered_bytes < allocated(claim, target).covered_bytes / 2


@pytest.mark.parametrize("claim", WRITTEN)
def test_the_order_of_base_and_target_does_not_matter(claim):
    low, high = generations(claim)[0], generations(claim)[-1]
    forwards, backwards = delta(claim, low, high), delta(claim, high, low)
    assert forwards.offsets.tolist() == backwards.offsets.tolist()
    assert forwards.sizes.tolist() == backwards.sizes.tolist()


@pytest.mark.parametrize("claim", [*WRITTEN, "scratch"])
def test_nothing_changed_between_a_snapshot_and_itself(claim):
    for generation in generations(claim):
        assert list(DEMOS[claim].volume.delta(generation, generation)) == []


def test_nothing_changed_between_snap_c_and_snap_d():
    of_name = {snapshot.name: snapshot.generation for snapshot in DEMOS["data"].snapshots}
    assert list(DEMOS["data"].volume.delta(of_name["snap-c"], of_name["snap-d"])) == []
    assert delta("data", of_name["snap-b"], of_name["snap-d"]).covered_bytes > 0


# Each stream.


def assert_legal(volume: Volume, offsets: np.ndarray, sizes: np.ndarray) -> None:
    assert len(offsets) > 0
    assert offsets.dtype == sizes.dtype == np.int64
    assert offsets.min() >= 0
    assert sizes.min() > 0
    assert (offsets[1:] >= (offsets + sizes)[:-1]).all()
    assert offsets[-1] + sizes[-1] <= volume.capacity_bytes
    assert not (offsets % volume.grain_bytes).any()
    assert not (sizes % volume.grain_bytes).any()
    if volume.fixed_length:
        assert (sizes == volume.grain_bytes).all()


@pytest.mark.parametrize("claim", WRITTEN)
def test_extents_are_ascending_inside_the_volume_and_whole_grains(claim):
    volume = DEMOS[claim].volume
    for generation in generations(claim):
        assert_legal(volume, *joined(volume.allocated(generation)))
    for base, target in zip(generations(claim), generations(claim)[1:], strict=False):
        assert_legal(volume, *joined(volume.delta(base, target)))


@pytest.mark.parametrize("place", SCRATCH_PLACES)
def test_scratch_keeps_the_same_laws_wherever_it_is_looked_at(place):
    base, target, between = (
        joined([next(batches)])
        for batches in (SCRATCH.allocated(0, place), SCRATCH.allocated(1, place), SCRATCH.delta(0, 1, place))
    )
    for runs in (base, target, between):
        assert_legal(SCRATCH, *runs)
        assert place <= runs[0][0] < place + SCRATCH_SEGMENT
    explanation_of = united(Extents(*base), Extents(*between))
    assert bytes_outside(Extents(*target), explanation_of) == 0
    assert bytes_outside(Extents(*between), Extents(*target)) == 0


def test_scratch_has_more_extents_than_anyone_wants_to_keep():
    assert sum(len(offsets) for offsets, _ in SCRATCH.delta(0, 1)) >= 16_000_000


@pytest.mark.parametrize("claim", EMPTY)
def test_volumes_that_cannot_be_queried_are_empty(claim):
    assert list(DEMOS[claim].volume.allocated(0)) == []


def test_only_windows_sends_blocks_of_one_size():
    assert [claim for claim, demo in DEMOS.items() if demo.volume.fixed_length] == ["windows"]
    assert set(np.unique(allocated("windows", 3).sizes)) == {64 * 1024}


# Starting offsets.


def assert_tail(claim: str, start: int) -> None:
    whole = allocated(claim, 1)
    keep = whole.offsets + whole.sizes > start
    offsets, sizes = joined(DEMOS[claim].volume.allocated(1, start))
    assert np.array_equal(offsets, whole.offsets[keep])
    assert np.array_equal(sizes, whole.sizes[keep])


@law
@given(st.sampled_from(("data", "windows")), st.floats(0, 1))
def test_a_starting_offset_gives_the_tail_of_the_whole_stream(claim, share):
    assert_tail(claim, int(share * DEMOS[claim].volume.capacity_bytes))


@pytest.mark.parametrize("claim", ["data", "windows"])
def test_a_starting_offset_at_any_kind_of_edge_gives_the_tail_of_the_whole_stream(claim):
    volume, whole = DEMOS[claim].volume, allocated(claim, 1)
    middle = len(whole) // 2
    offset, end = int(whole.offsets[middle]), int(whole.offsets[middle] + whole.sizes[middle])
    segment = volume.segment_grains * volume.grain_bytes
    for edge in (offset, end, segment, 2 * segment, volume.capacity_bytes - 1):
        for start in (edge - 1, edge, edge + 1):
            assert_tail(claim, start)
    assert joined(volume.allocated(1, volume.capacity_bytes))[0].tolist() == []


@pytest.mark.parametrize("claim", ["postgres", "uploads"])
def test_a_delta_of_a_large_volume_can_begin_in_its_middle(claim):
    volume, whole = DEMOS[claim].volume, delta(claim, 0, 1)
    start = int(whole.offsets[len(whole) // 2]) + 1
    keep = whole.offsets + whole.sizes > start
    offsets, sizes = joined(volume.delta(0, 1, start))
    assert np.array_equal(offsets, whole.offsets[keep])
    assert np.array_equal(sizes, whole.sizes[keep])
    assert offsets[0] < start


# Seeds and names.


@pytest.mark.parametrize("claim", WRITTEN)
def test_the_same_seed_gives_the_same_extents_and_another_one_others(claim):
    same, other = ({demo.claim: demo for demo in demo_volumes(seed)}[claim].volume for seed in (SEED, SEED + 1))
    whole = delta(claim, 0, 1)
    offsets, sizes = joined(same.delta(0, 1))
    assert np.array_equal(offsets, whole.offsets)
    assert np.array_equal(sizes, whole.sizes)
    assert not np.array_equal(joined(other.delta(0, 1))[0], whole.offsets)


def test_a_seed_changes_neither_names_nor_handles():
    def named(demos: Iterable[DemoVolume]) -> list[object]:
        return [
            (demo.namespace, demo.claim, demo.volume_handle, [(s, demo.snapshot_handle(s)) for s in demo.snapshots])
            for demo in demos
        ]

    assert named(demo_volumes(SEED)) == named(demo_volumes(SEED + 1))


def test_every_volume_and_every_snapshot_has_a_handle_of_its_own():
    volumes = [demo.volume_handle for demo in DEMOS.values()]
    snapshots = [demo.snapshot_handle(snapshot) for demo in DEMOS.values() for snapshot in demo.snapshots]
    assert len(set(volumes)) == len(volumes)
    assert len(set(snapshots)) == len(snapshots)


@pytest.mark.parametrize("claim", DEMOS)
def test_snapshots_are_listed_oldest_first(claim):
    created = [snapshot.created for snapshot in DEMOS[claim].snapshots]
    assert created == sorted(created)
    assert generations(claim) == list(dict.fromkeys(snapshot.generation for snapshot in DEMOS[claim].snapshots))


# The noise below.


def splitmix64(state: int) -> int:
    """One number as the algorithm's author wrote it, in Python's own integers."""
    z = state % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


@law
@given(
    st.integers(0, 2**64 - 1), st.lists(st.one_of(st.integers(0, 50), st.integers(INT64_MIN, INT64_MAX)), max_size=5)
)
def test_noise_is_the_same_on_every_machine_and_with_every_numpy(key, index):
    found = noise.uniform(key, np.array(index, dtype=np.int64)).tolist()
    assert found == [(splitmix64(key + i * 0x9E3779B97F4A7C15) >> 11) * 2.0**-53 for i in index]
    assert all(0 <= number < 1 for number in found)


def test_noise_spreads_evenly():
    found = noise.uniform(noise.key("any", 1), np.arange(100_000, dtype=np.int64))
    shares = np.histogram(found, bins=10, range=(0, 1))[0] / len(found)
    assert np.abs(shares - 0.1).max() < 0.01


def test_keys_differ_with_the_division_into_parts():
    keys = [noise.key(*parts) for parts in (("ab", "c"), ("a", "bc"), ("abc",), ("abc", 0), ("abc", 1), (0, "abc"))]
    assert len(set(keys)) == len(keys)
    assert all(0 <= found < 2**64 for found in keys)
    assert noise.key("abc", 1) == noise.key("abc", "1")
