"""The demo cluster of many small volumes: each follows from its number alone."""

from collections import Counter

import pytest

from kubectl_cbt.demo.many_volumes import NAMESPACES, many_volumes
from kubectl_cbt.demo.scenarios import BLOCKS_DRIVER, LEGACY_DRIVER, PAGES_DRIVER


def test_a_smaller_cluster_is_the_first_part_of_a_larger_one():
    assert many_volumes(40, 1) == many_volumes(200, 1)[:40]
    assert many_volumes(40, 1) != many_volumes(40, 2)


def test_a_few_volumes_cannot_be_queried():
    volumes = many_volumes(200, 1)
    assert len({(volume.namespace, volume.claim) for volume in volumes}) == 200
    assert {volume.namespace for volume in volumes} == set(NAMESPACES)
    assert Counter(volume.driver for volume in volumes).keys() == {PAGES_DRIVER, BLOCKS_DRIVER, LEGACY_DRIVER}
    assert sum(not snapshot.ready for volume in volumes for snapshot in volume.snapshots) == 10
    assert {len(volume.snapshots) for volume in volumes} == {1, 2, 3, 4}


@pytest.mark.parametrize("number", range(20))
def test_a_stream_is_small_and_a_delta_is_not_empty(number):
    volume = many_volumes(20, 1)[number].volume
    allocated = sum(len(starts) for starts, _ in volume.allocated(1))
    changed = sum(int(sizes.sum()) for _, sizes in volume.delta(0, 1))
    assert 0 < allocated < 20_000
    assert 0 < changed < volume.capacity_bytes
