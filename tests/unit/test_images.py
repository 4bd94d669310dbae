"""Images of the demo's snapshots against naive truths: what the driver reports, byte by byte."""

import os
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law

from kubectl_cbt.demo.driver.images import PAGE_BYTES, SnapshotImage
from kubectl_cbt.demo.driver.volumes import GIB, KIB, MIB, Append, Ring, Scatter, Volume
from kubectl_cbt.demo.scenarios import demo_volumes


def tiny(seed: int, grain_bytes: int, grains: int) -> Volume:
    """Every kind of layer in a volume of a few MiB; segments that divide runs."""
    layers = (
        Scatter(0, grains, 16, 0.7, 4, 16, initial=True),
        Scatter(0, grains, 8, 0.3, 1, 8, hot_span=4),
        Ring(grains // 2, grains // 2 + 12, 7),
        Append(grains * 3 // 4, 5, 3),
    )
    # An Append grows beyond the end of a volume; generations are few enough here.
    return Volume("tiny", grains * grain_bytes, grain_bytes, 48, layers, seed=seed)


def bytes_of(volume: Volume, generation: int, *, full: bool) -> np.ndarray:
    """The whole image, read back from a file in memory."""
    descriptor = os.memfd_create("image")
    try:
        image = SnapshotImage(volume, generation, full=full)
        advanced: list[int] = []
        image.write(descriptor, advanced.append)
        assert sum(advanced) == image.data_bytes()
        return np.frombuffer(os.pread(descriptor, volume.capacity_bytes + 1, 0), dtype=np.uint8)
    finally:
        os.close(descriptor)


def bytes_in(volume: Volume, stream) -> np.ndarray:
    """A mask of the bytes in a stream of extents."""
    mask = np.zeros(volume.capacity_bytes, dtype=bool)
    for offsets, sizes in stream:
        for offset, size in zip(offsets.tolist(), sizes.tolist(), strict=True):
            mask[offset : offset + size] = True
    return mask


pytestmark = pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the images are read back from memory")


@law
@given(
    seed=st.integers(0, 2**32),
    grain=st.sampled_from([PAGE_BYTES, 4 * PAGE_BYTES]),
    grains=st.integers(60, 200),
    full=st.booleans(),
)
def test_images_differ_in_exactly_the_bytes_of_the_delta(seed, grain, grains, full):
    volume = tiny(seed, grain, grains)
    images = [bytes_of(volume, generation, full=full) for generation in range(3)]
    for (base, before), (target, after) in combinations(enumerate(images), 2):
        assert len(after) == volume.capacity_bytes
        assert np.array_equal(before != after, bytes_in(volume, volume.delta(base, target)))


@law
@given(seed=st.integers(0, 2**32), grains=st.integers(60, 200), generation=st.integers(0, 2))
def test_a_full_image_is_not_zero_in_exactly_the_allocated_bytes(seed, grains, generation):
    volume = tiny(seed, PAGE_BYTES, grains)
    allocated = bytes_in(volume, volume.allocated(generation))
    assert np.array_equal(bytes_of(volume, generation, full=True) != 0, allocated)
    assert not (bytes_of(volume, generation, full=False) != 0)[~allocated].any()


def test_of_generation_0_the_first_page_of_each_run_in_each_mib_is_written():
    grains = 3 * MIB // PAGE_BYTES
    volume = Volume("one run", 3 * MIB, PAGE_BYTES, grains, (Append(100, 500),))
    written = np.flatnonzero(bytes_of(volume, 0, full=False).reshape(-1, PAGE_BYTES)[:, 0])
    assert written.tolist() == [100, 256, 512]


def test_no_two_pages_of_an_image_are_equal():
    volume = Volume("pages", 8 * MIB, PAGE_BYTES, 2048, (Append(0, 2048),))
    pages = bytes_of(volume, 0, full=True).reshape(-1, PAGE_BYTES)
    assert len({page.tobytes() for page in pages}) == 2048


def test_the_same_seed_gives_the_same_bytes_and_another_one_others():
    one, again, other = (bytes_of(tiny(seed, PAGE_BYTES, 100), 2, full=True) for seed in (5, 5, 6))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_the_bytes_of_a_page_do_not_depend_on_the_machine_or_release():
    """Images that were written once can be compared with the demo of a later release."""
    image = SnapshotImage(tiny(1, PAGE_BYTES, 100), 2)
    page = image.pages(np.array([77]), np.array([2]))[0]
    assert page[:12].tolist() == [80, 3, 3, 3, 3, 3, 3, 3, 240, 249, 224, 63]


def test_windows_of_the_demos_volume_join_without_a_seam():
    """Pages around a multiple of a GiB, against the driver's extents."""
    volume = demo_volumes(1)[0].volume
    windows = list(SnapshotImage(volume, 2, full=True)._windows())
    pages = np.concatenate([pages for pages, _ in windows])
    allocated = sum(int(sizes.sum()) for _, sizes in volume.allocated(2))
    assert len(pages) * PAGE_BYTES == allocated
    assert (np.diff(pages) > 0).all()
    assert pages[-1] * PAGE_BYTES < 64 * GIB


@pytest.mark.parametrize(("capacity", "grain"), [(MIB, 512), (MIB + KIB, 4 * KIB)])
def test_a_volume_without_whole_pages_is_refused(capacity, grain):
    with pytest.raises(ValueError, match="multiples of a page"):
        SnapshotImage(Volume("odd", capacity, grain, 100, ()), 0)


def test_more_generations_than_a_byte_has_values_are_refused():
    with pytest.raises(ValueError, match="less than 255"):
        SnapshotImage(tiny(1, PAGE_BYTES, 100), 255)
