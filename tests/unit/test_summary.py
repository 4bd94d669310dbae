"""The figures of a stream, against a plain count over all extents at once."""

import math
import statistics
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import Extent, columns, cut, cuts, law, legal_extents

from kubectl_cbt.analysis.summary import CHUNK_SIZES_BYTES, SummaryBuilder
from kubectl_cbt.model.record import Batch, Record, Records
from kubectl_cbt.model.results import Gap, SizeBucket, Summary

KIB, MIB = 2**10, 2**20


def clipped(extents: list[Extent], start: int) -> list[Extent]:
    """The part of each extent from ``start`` on."""
    return [
        (max(offset, start), offset + size - max(offset, start)) for offset, size in extents if offset + size > start
    ]


def summary_of(
    parts: list[list[Extent]], *, capacity: int | None = None, start: int = 0, complete: bool = True
) -> Summary:
    """Built from messages, clipped as the stream loop clips them."""
    builder = SummaryBuilder(start)
    for number, extents in enumerate(parts, 1):
        whole = Batch.whole(Records.of(Record(number, 2, capacity or 0, *columns(extents))))
        answer = columns(clipped(extents, start))
        builder.add(whole if start == 0 else Batch(whole.records, np.array([0, len(answer[0])]), *answer))
    return builder.summary(capacity, complete=complete)


def runs_of(extents: list[Extent]) -> int:
    return len(extents) - sum(before[0] + before[1] == after[0] for before, after in pairwise(extents))


def longest_gap_of(extents: list[Extent], start: int, end: int | None) -> Gap | None:
    edges = [start, *(edge for offset, size in extents for edge in (offset, offset + size))]
    gaps = [(low, high - low) for low, high in zip(edges[::2], edges[1::2], strict=False)]
    if end is not None:
        gaps.append((edges[-1], end - edges[-1]))
    widest = max((size for _, size in gaps), default=0)
    return next((Gap(low, size) for low, size in gaps if size == widest), None) if widest > 0 else None


def histogram_of(extents: list[Extent]) -> tuple[SizeBucket, ...]:
    buckets: Counter[int] = Counter()
    total: Counter[int] = Counter()
    for _, size in extents:
        exponent = math.floor(math.log2(size))
        buckets[exponent] += 1
        total[exponent] += size
    return tuple(SizeBucket(2**e, 2 ** (e + 1), buckets[e], total[e]) for e in sorted(buckets))


def chunk_cost_of(extents: list[Extent], chunk: int, capacity: int | None) -> int:
    """Bytes of all chunks that are touched, the last one cut off where the volume ends."""
    touched = {index for offset, size in extents for index in range(offset // chunk, (offset + size - 1) // chunk + 1)}
    ends = ((index + 1) * chunk for index in touched)
    return sum(min(end, capacity if capacity is not None else end) - end + chunk for end in ends)


def assert_is_what_a_plain_count_gives(found: Summary, sent: list[Extent], start: int, capacity: int | None) -> None:
    extents = clipped(sent, start)
    sizes = [size for _, size in extents]
    assert found == Summary(
        exact=True,
        extents=len(extents),
        runs=runs_of(extents),
        covered_bytes=sum(sizes),
        grain_bytes=math.gcd(*(number for extent in sent for number in extent)),
        smallest_bytes=min(sizes, default=0),
        median_bytes=statistics.median_low(sizes) if sizes else 0,
        largest_bytes=max(sizes, default=0),
        histogram=histogram_of(extents),
        longest_gap=longest_gap_of(extents, start, capacity),
        chunk_costs=found.chunk_costs,
    )
    assert [(cost.chunk_bytes, cost.size_bytes) for cost in found.chunk_costs] == [
        (chunk, chunk_cost_of(extents, chunk, capacity)) for chunk in CHUNK_SIZES_BYTES
    ]


grains = st.sampled_from((1, 512, 4 * KIB, 60 * KIB, 64 * KIB, 512 * KIB, 1000))
drawn_extents = grains.flatmap(lambda grain: legal_extents(grain=grain))
slacks = st.one_of(st.none(), st.just(0), st.integers(0, 9 * MIB))


def capacity_of(extents: list[Extent], slack: int | None) -> int | None:
    end = extents[-1][0] + extents[-1][1] if extents else 0
    return None if slack is None or end + slack == 0 else end + slack


@law
@given(drawn_extents, cuts, slacks)
def test_any_grouping_into_batches_gives_the_figures_of_a_plain_count(extents, at, slack):
    capacity = capacity_of(extents, slack)
    assert_is_what_a_plain_count_gives(summary_of(cut(extents, at), capacity=capacity), extents, 0, capacity)


@law
@given(drawn_extents, cuts, slacks, st.data())
def test_a_response_from_a_starting_offset_gives_the_figures_after_it(extents, at, slack, data):
    capacity = capacity_of(extents, slack)
    start = data.draw(st.integers(0, capacity or capacity_of(extents, 1)))
    # A driver sends what reaches beyond the starting offset, the first extent whole.
    sent = [(offset, size) for offset, size in extents if offset + size > start]
    found = summary_of(cut(sent, at), capacity=capacity, start=start)
    assert_is_what_a_plain_count_gives(found, sent, start, capacity)


@law
@given(drawn_extents, cuts, slacks)
def test_a_running_stream_has_no_gap_after_its_last_extent(extents, at, slack):
    found = summary_of(cut(extents, at), capacity=capacity_of(extents, slack), complete=False)
    assert found.longest_gap == longest_gap_of(extents, 0, None)


def test_a_stream_of_nothing_has_one_gap():
    found = summary_of([], capacity=MIB)
    assert (found.exact, found.extents, found.runs, found.covered_bytes, found.grain_bytes) == (True, 0, 0, 0, 0)
    assert (found.smallest_bytes, found.median_bytes, found.largest_bytes, found.histogram) == (0, 0, 0, ())
    assert found.longest_gap == Gap(0, MIB)
    assert [cost.size_bytes for cost in found.chunk_costs] == [0, 0, 0]


def test_a_stream_of_nothing_from_a_starting_offset_has_the_rest_as_gap():
    assert summary_of([[], []], capacity=MIB, start=1000).longest_gap == Gap(1000, MIB - 1000)


def test_without_capacity_nothing_is_known_after_the_last_extent():
    assert summary_of([[(0, 4096)]]).longest_gap is None
    assert summary_of([[(0, 4096)]], capacity=4096).longest_gap is None
    assert summary_of([[(0, 4096)]], capacity=4097).longest_gap == Gap(4096, 1)


def test_the_first_of_equal_gaps_is_the_longest():
    found = summary_of([[(10, 5), (25, 5)], [(40, 5)]], capacity=55)
    assert found.longest_gap == Gap(0, 10)


def test_runs_that_a_driver_cut_at_message_borders_are_one():
    found = summary_of([[(0, 10), (10, 10)], [], [(20, 5)], [(30, 5)]])
    assert (found.extents, found.runs) == (4, 2)


def test_the_median_is_the_lower_one_and_as_sent():
    assert summary_of([[(0, 10), (20, 1), (30, 7), (40, 3)]]).median_bytes == 3


def test_an_extent_clipped_at_an_odd_offset_does_not_spoil_the_grain():
    found = summary_of([[(0, 8192), (16384, 4096)]], start=4097)
    assert (found.grain_bytes, found.smallest_bytes, found.covered_bytes) == (4096, 4095, 8191)


def test_a_chunk_shared_by_extents_of_two_messages_is_read_once():
    found = summary_of([[(0, 4096)], [(8192, 4096)]], capacity=64 * MIB)
    assert [cost.size_bytes for cost in found.chunk_costs] == list(CHUNK_SIZES_BYTES)


def test_the_last_chunk_ends_with_the_volume():
    found = summary_of([[(5 * MIB, 4096)]], capacity=5 * MIB + 8192)
    assert [cost.size_bytes for cost in found.chunk_costs] == [8192, 8192, MIB + 8192]


def test_a_tail_block_beyond_the_capacity_costs_no_more_than_the_volume_has():
    """Blocks of 4 MiB on a volume of 6: the last one runs past the end, as the contract knows (W2)."""
    found = summary_of([[(0, 4 * MIB), (4 * MIB, 4 * MIB)]], capacity=6 * MIB)
    assert [cost.size_bytes for cost in found.chunk_costs] == [6 * MIB, 6 * MIB, 6 * MIB]


# What makes figures inexact.

INEXACT = {
    "an overlap": [[(0, 8192), (4096, 4096)]],
    "an overlap across messages": [[(0, 8192)], [], [(4096, 4096)]],
    "a step backwards": [[(8192, 4096), (0, 4096)]],
    "a step backwards across messages": [[(8192, 4096)], [(0, 4096)]],
    "the same extent twice": [[(0, 4096), (0, 4096)]],
    "an extent without bytes": [[(0, 4096), (8192, 0)]],
    "nothing but an extent without bytes": [[(0, 0)]],
    "a negative size": [[(0, 4096)], [(8192, -1)]],
}


@pytest.mark.parametrize("parts", INEXACT.values(), ids=INEXACT)
def test_figures_are_not_exact_after(parts):
    assert not summary_of(parts, capacity=MIB).exact


@pytest.mark.parametrize("parts", [[[(0, 8192), (8192, 4096)]], [[(0, 8192)], [(8192, 1)], [], [(9000, 1)]], []])
def test_figures_are_exact_for_legal_streams(parts):
    assert summary_of(parts, capacity=MIB).exact


def test_an_extent_without_bytes_counts_as_an_extent_and_as_nothing_else():
    found = summary_of([[(0, 4096), (8192, 0)], [(16384, 0)]], capacity=MIB)
    assert (found.extents, found.runs, found.covered_bytes) == (3, 1, 4096)
    assert found.histogram == (SizeBucket(4096, 8192, 1, 4096),)
    assert found.longest_gap == Gap(4096, MIB - 4096)
    assert [cost.size_bytes for cost in found.chunk_costs] == [512 * KIB, MIB, MIB]


def test_overlapping_extents_count_as_sent():
    found = summary_of([[(0, 8192), (4096, 8192)]])
    assert (found.extents, found.covered_bytes) == (2, 16384)


def test_bytes_beyond_the_capacity_do_not_change_the_chunk_costs():
    builder = SummaryBuilder()
    offsets, sizes = np.array([0, 10 * 2**40], dtype=np.int64), np.array([4096, 4096], dtype=np.int64)
    builder.add(Batch.whole(Records.of(Record(1, 2, 2**20, offsets, sizes))))
    costs = {cost.chunk_bytes: cost.size_bytes for cost in builder.summary(2**20).chunk_costs}
    assert costs == {2**19: 2**19, 2**20: 2**20, 2**22: 2**20}
