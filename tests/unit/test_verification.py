"""A verification finds exactly the bytes that a naive comparison finds."""

import contextlib
import io
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from verifying import KIB, answer, image, verified

from kubectl_cbt.analysis.window_tally import UNIT_BYTES, WINDOW_BYTES
from kubectl_cbt.core import verified_stream
from kubectl_cbt.core.verified_stream import Devices, VerifiedStream
from kubectl_cbt.devices.device import Device
from kubectl_cbt.devices.window_reader import WindowReader
from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.documents.reading_options import FileFormat, ReadingOptions
from kubectl_cbt.errors import CbtError, DeviceError, Interrupted
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.model.verification import VerificationVerdict


def naive(target, base, extents, capacity, start):
    """Units with a differing byte that is not reported, as ranges without the reported bytes; and the figures."""
    differs = target != base
    reported = np.zeros(capacity, dtype=bool)
    for offset, size in extents:
        reported[offset : offset + size] = True
    differs[:start] = reported[:start] = False
    padded = -(-capacity // UNIT_BYTES) * UNIT_BYTES

    def units(mask):
        whole = np.zeros(padded, dtype=bool)
        whole[:capacity] = mask
        return np.repeat(whole.reshape(-1, UNIT_BYTES).any(axis=1), UNIT_BYTES)[:capacity]

    different = units(differs)
    missing = units(differs & ~reported) & ~reported
    edges = np.flatnonzero(np.diff(np.concatenate(([False], missing, [False])).astype(int)))
    ranges = list(zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True))
    return ranges, int(different.sum()), int(reported.sum()), int((reported & ~different).sum())


CAPACITIES = st.sampled_from([100 * KIB, WINDOW_BYTES, WINDOW_BYTES + 5 * KIB + 100, 2 * WINDOW_BYTES + 512])


@st.composite
def volumes(draw):
    capacity = draw(CAPACITIES)
    # Around the borders of chunks and windows, where mistakes are.
    places = st.one_of(
        st.integers(0, capacity - 1),
        st.sampled_from([0, capacity - 1, 2**17, 2**17 - 1, WINDOW_BYTES - 1, WINDOW_BYTES]),
    )
    offsets = sorted({min(offset, capacity - 1) for offset in draw(st.lists(places, max_size=8))})
    unit = draw(st.sampled_from([1, 512, 4096]))
    extents, last = [], 0
    for offset in offsets:
        start = max(offset // unit * unit, last)
        size = min(draw(st.integers(1, 40)) * max(unit, 100), capacity - start)
        if size > 0 and start < capacity:
            extents.append((start, size))
            last = start + size
    writes = [
        (min(offset, capacity - 1), draw(st.binary(min_size=1, max_size=700)))
        for offset in draw(st.lists(places, max_size=8))
    ]
    writes += [(offset + size // 2, b"x") for offset, size in extents[::2]]
    return capacity, extents, [(offset, data[: capacity - offset]) for offset, data in writes]


@settings(max_examples=30)  # each compares megabytes, twice
@given(volume=volumes(), has_base=st.booleans(), data=st.data())
def test_missing_ranges_and_figures_are_those_of_a_naive_comparison(tmp_path_factory, volume, has_base, data):
    capacity, extents, writes = volume
    folder = tmp_path_factory.mktemp("images")
    start = data.draw(st.sampled_from([0, 0, 512, 5000, 96 * KIB]))
    target = image(folder / "target", capacity, writes)
    base = image(folder / "base", capacity, writes[1::3]) if has_base else None
    stream = answer(extents, capacity, Operation.DELTA if has_base else Operation.ALLOCATED)
    result, found = verified(stream, target, base, start)
    read = np.fromfile(target, dtype=np.uint8)
    other = np.fromfile(base, dtype=np.uint8) if base else np.zeros(capacity, dtype=np.uint8)
    whole_unit = -(-start // UNIT_BYTES) * UNIT_BYTES
    ranges, different, reported, needless = naive(read, other, extents, capacity, whole_unit)
    assert (result.start, result.end) == (whole_unit, capacity)
    assert found == ranges
    assert (result.different_bytes, result.reported_bytes, result.needless_bytes) == (different, reported, needless)
    assert result.missing_bytes == sum(end - start for start, end in ranges)
    assert result.is_complete
    assert (result.verdict is VerificationVerdict.MISSING) == bool(ranges)
    quick, found_quickly = verified(
        answer(extents, capacity, Operation.DELTA if has_base else Operation.ALLOCATED), target, base, start, quick=True
    )
    assert found_quickly == ranges
    assert (quick.different_bytes, quick.needless_bytes, quick.granularity) == (None, None, None)
    for file in folder.iterdir():
        file.unlink()


@pytest.mark.parametrize("block", [512, 4 * KIB, 64 * KIB, 1024 * KIB])
def test_the_granularity_is_the_block_that_explains_all_that_is_reported(tmp_path, block):
    size = 3 * WINDOW_BYTES
    places = [3 * block + 17, 4 * block, 9 * block + block - 1, 16 * block]
    target = image(tmp_path / "t", size, [(place, b"x") for place in places])
    base = image(tmp_path / "b", size, [])
    extents = [(place // block * block, block) for place in places]
    result, _ = verified(answer(extents, size), target, base)
    assert result.verdict is VerificationVerdict.CORRECT
    assert result.granularity.block_bytes == block
    assert (result.granularity.blocks, result.granularity.unexplained) == (4, 0)


def test_reported_blocks_without_a_difference_are_not_explained(tmp_path):
    target = image(tmp_path / "t", WINDOW_BYTES, [(0, b"x")])
    base = image(tmp_path / "b", WINDOW_BYTES, [])
    result, _ = verified(answer([(0, 4096), (12288, 8192)], WINDOW_BYTES), target, base)
    assert (result.granularity.block_bytes, result.granularity.unexplained) == (4096, 2)
    assert result.needless_bytes == 3584 + 8192


def test_blocks_smaller_than_a_unit_are_not_measured(tmp_path):
    target = image(tmp_path / "t", WINDOW_BYTES, [(0, b"x"), (4096, b"y")])
    result, _ = verified(answer([(0, 1), (4096, 1)], WINDOW_BYTES, Operation.ALLOCATED), target)
    assert result.verdict is VerificationVerdict.CORRECT
    assert result.granularity is None


def test_the_end_of_a_volume_does_not_change_the_granularity(tmp_path):
    size = WINDOW_BYTES + 4096 + 512
    target = image(tmp_path / "t", size, [(size - 1, b"x")])
    base = image(tmp_path / "b", size, [])
    result, _ = verified(answer([(WINDOW_BYTES, 4096 + 512)], size), target, base)
    assert result.granularity.unexplained == 0


def test_common_holes_are_skipped_and_counted(tmp_path):
    size = 40 * 2**30
    target = image(tmp_path / "t", size, [(30 * 2**30, b"x" * 4096)])
    base = image(tmp_path / "b", size, [])
    result, found = verified(answer([], size), target, base)
    assert found == [(30 * 2**30, 30 * 2**30 + 4096)]
    assert result.read_bytes < WINDOW_BYTES
    assert result.hole_bytes + result.read_bytes // 2 == size
    assert result.end == size


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("has_base", [False, True])
def test_reported_windows_that_are_not_read_count_as_if_they_were(tmp_path, monkeypatch, quick, has_base):
    size = 40 * WINDOW_BYTES + 4096
    writes = [(0, b"x"), (9 * WINDOW_BYTES + 5, b"y"), (21 * WINDOW_BYTES - 1, b"zz"), (size - 1, b"w")]
    target = image(tmp_path / "t", size, writes)
    base = image(tmp_path / "b", size, writes[2:3]) if has_base else None
    extents = [(4096, 30 * WINDOW_BYTES), (31 * WINDOW_BYTES, 8 * WINDOW_BYTES), (40 * WINDOW_BYTES, 4096)]
    kind = Operation.DELTA if has_base else Operation.ALLOCATED
    fast = verified(answer(extents, size, kind), target, base, quick=quick)
    monkeypatch.setattr(VerifiedStream, "_reported_to", lambda *_: 0)
    slow = verified(answer(extents, size, kind), target, base, quick=quick)
    fast, slow = ((replace(result, outcome=None), found) for result, found in (fast, slow))
    assert fast == slow
    assert fast[0].missing_bytes == 512


@pytest.mark.parametrize("quick", [False, True])
def test_a_hole_that_is_reported_takes_no_time_for_each_of_its_windows(tmp_path, monkeypatch, quick):
    reads = []
    read = WindowReader.read
    monkeypatch.setattr(WindowReader, "read", lambda *arguments: reads.append(1) or read(*arguments))
    size = 2**40
    target = image(tmp_path / "t", size, [(2**39, b"x")])
    result, _ = verified(answer([(4096, size - 4096)], size, Operation.ALLOCATED), target, quick=quick)
    assert result.verdict is VerificationVerdict.CORRECT
    assert result.reported_bytes == size - 4096
    assert len(reads) <= 3


@pytest.mark.parametrize(("capacity", "start"), [(64 * 2**20, 63 * 2**20), (None, 0)])
def test_extents_outside_of_what_is_compared_are_not_kept(tmp_path, monkeypatch, capacity, start):
    kept = []
    take = VerifiedStream._take
    monkeypatch.setattr(
        VerifiedStream, "_take", lambda run, batch: (take(run, batch), kept.append(len(run._starts)))[0]
    )
    target = image(tmp_path / "t", capacity or 2**20, [])
    base = image(tmp_path / "b", capacity or 2**20, [])
    lines = "".join(f"{offset} 4096\n" for offset in range(0, 64 * 2**20, 8192))
    options = ReadingOptions(Operation.DELTA, capacity_bytes=capacity, format=FileFormat.RANGES)
    result, _ = verified(open_document(io.BytesIO(lines.encode()), "list", options), target, base, start)
    assert result.reported_bytes == 2**19
    assert max(kept) <= 128


def test_the_tail_of_a_volume_that_grew_is_compared_with_zeros(tmp_path):
    target = image(tmp_path / "t", WINDOW_BYTES, [(6 * 2**20, b"x" * 512)])
    base = image(tmp_path / "b", 5 * 2**20, [(100, b"y")])
    result, found = verified(answer([(0, 512)], WINDOW_BYTES), target, base)
    assert found == [(6 * 2**20, 6 * 2**20 + 512)]
    assert result.is_complete
    assert result.notes == (f"{base} is 3,145,728 bytes smaller than {target}: what it lacks counts as zeros",)


def test_a_stream_that_ends_early_is_compared_as_far_as_it_is_known(tmp_path):
    target = image(tmp_path / "t", WINDOW_BYTES, [(2**20, b"x"), (5 * 2**20, b"x")])
    stream = answer([(0, 512), (2**21, 512)], WINDOW_BYTES, Operation.ALLOCATED, ends=False)
    result, found = verified(stream, target)
    assert found == [(2**20, 2**20 + 512)]
    assert (result.verdict, result.is_complete) == (VerificationVerdict.MISSING, False)
    assert result.end == 2**21 + 512


def test_extents_out_of_order_end_the_comparison(tmp_path):
    target = image(tmp_path / "t", WINDOW_BYTES, [])
    extents = [(0, 4096), (8192, 4096), (4096, 4096), (2**20, 4096)]
    result, _ = verified(answer(extents, WINDOW_BYTES, Operation.ALLOCATED), target)
    assert result.verdict is VerificationVerdict.INCOMPLETE
    assert result.problems == ("the extents are out of order after 12 KiB (R2)",)
    assert result.end == 12288


def test_a_cancelled_verification_keeps_what_it_compared(tmp_path):
    target = image(tmp_path / "t", 64 * WINDOW_BYTES, [(0, b"x"), *((at * WINDOW_BYTES, b"x") for at in range(64))])
    stream = answer([], 64 * WINDOW_BYTES, Operation.ALLOCATED)
    run = VerifiedStream(stream, stream.resolved, Devices(Device(target)))
    failure = None
    try:
        for ranges in run:
            if len(ranges):
                run.cancel()
    except Interrupted as error:
        failure = error
    assert failure is not None
    result = run.result(failure)
    assert 0 < result.end < 64 * WINDOW_BYTES
    assert (result.verdict, result.is_complete) == (VerificationVerdict.MISSING, False)
    assert result.missing_ranges == result.end // WINDOW_BYTES


def test_a_verification_that_continues_another_skips_nothing(tmp_path):
    # The stream breaks within a unit, and the differences are in the rest of it.
    target = image(tmp_path / "t", WINDOW_BYTES, [(1001, b"x"), (1023, b"x"), (5000, b"x")])
    extents, at, found = [(0, 1001), (5000, 1)], 0, []
    for part in (extents[:1], extents):
        stream = answer(part, WINDOW_BYTES, Operation.ALLOCATED, ends=part is extents)
        run = VerifiedStream(stream, stream.resolved, Devices(Device(target)), at)
        with contextlib.suppress(CbtError):
            for ranges in run:
                found += ranges.first(len(ranges))
        at = run.continue_at
        if part is not extents:
            assert (run.position, at) == (1001, 512)
    assert (found, at) == ([(1001, 1024)], None)


def test_nothing_more_can_be_compared_after_disorder_or_at_the_end_of_a_device(tmp_path):
    for extents, capacity in (([(8192, 4096), (4096, 4096)], WINDOW_BYTES), ([], 2 * WINDOW_BYTES)):
        stream = answer(extents, capacity, Operation.ALLOCATED)
        with Device(image(tmp_path / "t", WINDOW_BYTES, [])) as target:
            run = VerifiedStream(stream, stream.resolved, Devices(target))
            list(run)
            assert not run.result(None).is_complete
            assert run.continue_at is None


def test_few_windows_wait_at_a_time(tmp_path):
    target = image(tmp_path / "t", 2**30, [(at, b"x") for at in range(0, 2**30, WINDOW_BYTES)])
    stream = answer([], 2**30, Operation.ALLOCATED)
    run = VerifiedStream(stream, stream.resolved, Devices(Device(target)))
    for _ in run:
        assert len(run._waiting) <= verified_stream._WAITING_WINDOWS


def test_what_is_not_a_device_is_refused(tmp_path):
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    for path, word in (
        ("/dev/null", "character device"),
        (str(tmp_path), "directory"),
        (str(fifo), "pipe"),
        (str(tmp_path / "nothing"), "No such file"),
    ):
        with pytest.raises(DeviceError, match=word):
            Device(path)
