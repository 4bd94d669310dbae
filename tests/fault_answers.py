"""What the demo's drivers send with a fault, for tests."""

import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
from plain_client import Extents, PlainClient, both_ways

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.faults import parse_faults
from kubectl_cbt.demo.scenarios import PAGES_DRIVER

Code = grpc.StatusCode
GIB, BLOCK = 2**30, 4096
PAIR = ("snap-b", "snap-a")
BLOCKS_PAIR = ("win-1000", "win-0900")


def is_ascending(extents: Extents) -> bool:
    return all(one[0] <= other[0] for one, other in itertools.pairwise(extents))


def overlaps(extents: Extents) -> int:
    return sum(sum(one) > other[0] for one, other in itertools.pairwise(extents))


def covered(extents: Extents, block: int = BLOCK) -> set[int]:
    """Blocks of the volume."""
    return {number for offset, size in extents for number in range(offset // block, (offset + size) // block)}


@contextmanager
def faulty(fault: str) -> Iterator[list[PlainClient]]:
    """A demo of its own with a fault, through the sidecar and at the driver's socket."""
    with (
        tempfile.TemporaryDirectory() as folder,
        DemoCluster(faults=parse_faults([fault])) as demo,
        both_ways(demo, Path(folder), PAGES_DRIVER) as clients,
    ):
        yield clients
