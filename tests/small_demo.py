"""A demo cluster whose volumes are small: the layers of default/data and vms/windows, over less of the volume.

The demo's own have a gigabyte of changes and a million allocated blocks. Their capacities, names and snapshots are
kept, and so is what the drivers do with them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

from kubectl_cbt.demo import demo_cluster
from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.images import SnapshotImage
from kubectl_cbt.demo.driver.volumes import GIB, MIB, Append, Layer, Ring, Scatter
from kubectl_cbt.demo.scenarios import DemoVolume, demo_volumes


@contextmanager
def small_demo() -> Iterator[DemoCluster]:
    """A cluster with the small volumes and no others."""
    # Only while it is made: clusters of other tests are made meanwhile.
    with mock.patch.object(demo_cluster, "demo_volumes", _small_volumes):
        made = DemoCluster()
    with made as cluster:
        yield cluster


def write_image(cluster: DemoCluster, name: str, path: Path) -> None:
    """Write the data of a snapshot of default/data."""
    (data,) = (volume for volume in cluster.volumes if volume.claim == "data")
    (generation,) = (snapshot.generation for snapshot in data.snapshots if snapshot.name == name)
    with path.open("xb", buffering=0) as file:
        SnapshotImage(data.volume, generation).write(file.fileno(), lambda _: None)


def _small_volumes(seed: int) -> tuple[DemoVolume, ...]:
    return tuple(_small(demo) for demo in demo_volumes(seed) if demo.claim in ("data", "windows"))


def _small(demo: DemoVolume) -> DemoVolume:
    grain = demo.volume.grain_bytes
    layers = tuple(_smaller(layer, grain) for layer in demo.volume.layers)
    return replace(demo, volume=replace(demo.volume, layers=layers))


def _smaller(layer: Layer, grain: int) -> Layer:
    """The first 8 GiB of what is written in places, 64 MiB of what is in one piece, 16 MiB of each generation's."""
    places, piece, generation = 8 * GIB // grain, 64 * MIB // grain, 16 * MIB // grain
    if isinstance(layer, Scatter):
        return replace(layer, end=min(layer.end, layer.start + places))
    if isinstance(layer, Append):
        added = min(layer.per_generation, generation)
        return replace(layer, initial=min(layer.initial, piece), per_generation=added)
    assert isinstance(layer, Ring)
    return replace(layer, per_generation=generation)
