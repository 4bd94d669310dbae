"""Faults in a driver's extents, through the sidecar and at the driver's own socket, read by a client without checks."""

import itertools
from collections.abc import Iterator

import pytest
from fault_answers import BLOCK, BLOCKS_PAIR, GIB, PAIR, Code, covered, is_ascending, overlaps
from plain_client import Answer, Extents, PlainClient
from recorded import cases, messages

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.driver_types import SnapshotQuery
from kubectl_cbt.demo.driver.extent_faults import EXTENT_FAULTS
from kubectl_cbt.demo.driver.faults import parse_faults
from kubectl_cbt.wire.decode import decode_record

# What the driver finds.


@pytest.mark.parametrize(("query", "max_results"), [(PAIR, 0), (PAIR, 1), (("snap-b",), 0)])
def test_overlap_repeats_the_end_of_an_extent(pages_client, set_faults, query, max_results):
    clean = pages_client.ask(*query).extents
    set_faults("overlap")
    answer = pages_client.ask(*query, max_results=max_results)
    assert overlaps(answer.extents) >= len(clean) // 64
    assert is_ascending(answer.extents)
    assert covered(answer.extents) == covered(clean)
    assert max(answer.lengths) <= (max_results or 256)


def test_overlap_keeps_the_size_of_blocks(blocks_client, set_faults):
    set_faults("overlap")
    answer = blocks_client.ask(*BLOCKS_PAIR)
    assert overlaps(answer.extents) > 100
    assert {size for _, size in answer.extents} == {65536}


@pytest.mark.parametrize("query", [PAIR, ("snap-b",)])
def test_unordered_swaps_neighbours_and_loses_nothing(pages_client, set_faults, query):
    clean = pages_client.ask(*query).extents
    set_faults("unordered")
    found = pages_client.ask(*query).extents
    assert not is_ascending(found)
    assert sorted(found) == clean
    assert sum(one != other for one, other in zip(found, clean, strict=True)) == 2 * -(-len(clean) // 64)


@pytest.mark.parametrize("query", [PAIR, ("snap-b",)])
def test_zero_size_adds_extents_of_size_0(pages_client, set_faults, query):
    clean = pages_client.ask(*query).extents
    set_faults("zero-size")
    found = pages_client.ask(*query).extents
    assert [extent for extent in found if extent[1]] == clean
    assert len(found) == len(clean) + -(-len(clean) // 64)
    assert overlaps(found) == 0


def test_mixed_size_sends_two_blocks_as_one(blocks_client, pages_client, set_faults):
    clean, variable = blocks_client.ask(*BLOCKS_PAIR).extents, pages_client.ask(*PAIR).extents
    set_faults("mixed-size")
    found = blocks_client.ask(*BLOCKS_PAIR).extents
    assert sorted({size for _, size in found}) == [65536, 2 * 65536]
    assert len(found) == len(clean) - 1
    assert covered(found, 65536) == covered(clean, 65536)
    assert pages_client.ask(*PAIR).extents == variable


def test_unaligned_shift_reports_wrong_blocks_from_unaligned_offsets_only(pages_client, blocks_client, set_faults):
    middle = 10 * GIB
    clean = {start: pages_client.ask(*PAIR, start=start).extents for start in (0, middle, middle + 512)}
    clean_blocks = blocks_client.ask(*BLOCKS_PAIR, start=middle + 512).extents
    set_faults("unaligned-shift")
    assert pages_client.ask(*PAIR).extents == clean[0]
    assert pages_client.ask(*PAIR, start=middle).extents == clean[middle]
    found = pages_client.ask(*PAIR, start=middle + 512).extents
    assert overlaps(found) == 0
    assert covered(found) > covered(clean[middle + 512])
    found = blocks_client.ask(*BLOCKS_PAIR, start=middle + 512).extents
    assert overlaps(found) == 0
    assert {size for _, size in found} == {65536}
    assert len(found) > len(clean_blocks)


@pytest.mark.parametrize(("style", "fixed"), [("fixed_length", True), ("variable_length", False)])
def test_unaligned_shift_is_what_the_reference_driver_does(demo, style, fixed):
    from dataclasses import replace

    recorded = cases(style)
    start = recorded["delta-a-b-from-unaligned"]["request"]["starting_offset"]
    volume = replace(demo.volumes[0].volume, grain_bytes=BLOCK, fixed_length=fixed)
    resolved = SnapshotQuery(volume, 1, 0, int(start), 0, call=None)
    records = [decode_record(message, number) for number, message in enumerate(messages(recorded["delta-a-b"]), 1)]
    batches = ((r.offsets[r.offsets + r.sizes > resolved.starting_offset], r) for r in records)
    found = list(EXTENT_FAULTS["unaligned-shift"](((o, r.sizes[-len(o) :]) for o, r in batches if len(o)), resolved))
    extents = [pair for offsets, sizes in found for pair in zip(offsets.tolist(), sizes.tolist(), strict=True)]
    real = [decode_record(message, 1) for message in messages(recorded["delta-a-b-from-unaligned"])]
    expected = [pair for r in real for pair in zip(r.offsets.tolist(), r.sizes.tolist(), strict=True)]
    assert extents == expected


def test_first_page_only_ends_early_and_the_next_query_shows_it(pages_client, set_faults):
    whole = pages_client.ask(*PAIR).extents
    set_faults("first-page-only")
    first = pages_client.ask(*PAIR)
    assert (first.code, first.extents) == (Code.OK, whole[: len(whole) // 2])
    rest = pages_client.ask(*PAIR, start=sum(first.extents[-1])).extents
    assert first.extents + rest == whole
    assert len(pages_client.ask("pg-tue", "pg-mon").extents) == 2000
    assert len(pages_client.ask("pg-tue").extents) == 2000


def neighbours(cluster: DemoCluster) -> Iterator[tuple[str, str]]:
    """The first pair of each volume whose snapshots differ, and every pair of the smallest one."""
    for demo in cluster.volumes:
        if demo.claim in ("data", "postgres", "uploads", "windows"):
            pairs = [(a.name, b.name) for a, b in itertools.pairwise(demo.snapshots) if a.generation != b.generation]
            yield from pairs if demo.claim == "data" else pairs[:1]


def holes(inner: Answer, outer: Extents) -> Extents:
    """Parts of ``outer`` that the answer lacks, both ascending."""
    lacking, index, found = [], 0, inner.extents
    for offset, size in outer:
        position, end = offset, offset + size
        while index < len(found) and sum(found[index]) <= position:
            index += 1
        at = index
        while position < end:
            begins = min(found[at][0], end) if at < len(found) else end
            if begins > position:
                lacking.append((position, begins - position))
            position = max(position, sum(found[at]) if at < len(found) else end)
            at += 1
    return lacking


@pytest.fixture(scope="module")
def losing() -> Iterator[DemoCluster]:
    with DemoCluster(faults=parse_faults(["lost-write"])) as demo:
        yield demo


def test_lost_write_loses_what_only_the_later_snapshot_has(losing):
    client = PlainClient(losing)
    for base, target in neighbours(losing):
        older, newer = (client.ask(name, max_results=65536) for name in (base, target))
        new = holes(older, newer.extents)
        assert new
        lost = holes(client.ask(target, base, max_results=65536), new)
        assert lost, (base, target)


def test_lost_write_loses_in_one_step_what_two_steps_show(losing):
    client = PlainClient(losing)
    for names in (("snap-a", "snap-b", "snap-c"), ("pg-mon", "pg-tue", "pg-wed"), ("win-0900", "win-1000", "win-1100")):
        first, second, third = names
        once = client.ask(third, first, max_results=65536)
        for base, target in ((first, second), (second, third)):
            assert holes(once, client.ask(target, base, max_results=65536).extents), names


def test_lost_write_is_the_same_loss_each_time_and_from_every_offset(pages_client, set_faults):
    clean = pages_client.ask(*PAIR)
    set_faults("lost-write")
    whole = pages_client.ask(*PAIR)
    assert holes(whole, clean.extents)
    assert not holes(clean, whole.extents)
    assert pages_client.ask(*PAIR).raw == whole.raw
    start = sum(whole.extents[500])
    assert pages_client.ask(*PAIR, start=start).extents == whole.extents[501:]


@pytest.mark.parametrize("query", [PAIR, ("snap-b",)])
def test_nondeterministic_gives_each_query_a_different_response(pages_client, set_faults, query):
    clean = pages_client.ask(*query).extents
    set_faults("nondeterministic")
    found = [pages_client.ask(*query).extents for _ in range(3)]
    assert all(set(answer) < set(clean) for answer in found)
    assert found[0] != found[1] != found[2] != found[0]


@pytest.mark.parametrize("query", [PAIR, ("snap-b",)])
def test_offset_ignored_begins_at_the_beginning(pages_client, set_faults, query):
    whole = pages_client.ask(*query)
    set_faults("offset-ignored")
    for start in (4096, 30 * GIB, 65 * GIB):
        assert pages_client.ask(*query, start=start).raw == whole.raw
