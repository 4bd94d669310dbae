"""The demo cluster's volumes and snapshots, including a few snapshots that cannot be queried.

Dates are fixed, so that the same seed always gives the same documents.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from kubectl_cbt.demo.driver.noise import key
from kubectl_cbt.demo.driver.volumes import GIB, KIB, MIB, TIB, Append, Layer, Ring, Scatter, Volume

PAGES_DRIVER = "demo-pages.csi.k8s.io"
"""Sends VARIABLE_LENGTH extents."""
BLOCKS_DRIVER = "demo-blocks.csi.k8s.io"
"""Sends FIXED_LENGTH extents."""
LEGACY_DRIVER = "legacy.csi.example.com"
"""Creates snapshots but does not have a SnapshotMetadataService."""

MONDAY = datetime(2025, 6, 2, 2, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DemoSnapshot:
    """A snapshot of a demo volume.

    Attributes:
        generation: state of the volume; with equal generations nothing was written between two snapshots.
        ready: False for a snapshot that is bound but not ready to use.
        has_status: False for a VolumeSnapshot that no controller has processed yet.
    """

    name: str
    generation: int
    created: datetime
    ready: bool = True
    has_status: bool = True


@dataclass(frozen=True, slots=True)
class DemoVolume:
    """A PersistentVolumeClaim, its volume and its snapshots, oldest first."""

    namespace: str
    claim: str
    driver: str
    volume: Volume
    snapshots: tuple[DemoSnapshot, ...]

    @property
    def volume_handle(self) -> str:
        """The volume handle."""
        return f"vol-{key('volume', self.namespace, self.claim):016x}"

    def snapshot_handle(self, snapshot: DemoSnapshot) -> str:
        """Return the snapshot handle of a snapshot."""
        return f"snap-{key('snapshot', self.namespace, self.claim, snapshot.name):016x}"


def demo_volumes(seed: int) -> tuple[DemoVolume, ...]:
    """Return all volumes; ``seed`` changes their contents, not the names."""
    return tuple(
        replace(demo, volume=replace(demo.volume, seed=seed))
        for demo in (_data(), _postgres(), _uploads(), _windows(), _scratch(), _legacy(), _unfinished())
    )


def _series(names: str, first: datetime, every: timedelta) -> tuple[DemoSnapshot, ...]:
    return tuple(DemoSnapshot(name, index, first + index * every) for index, name in enumerate(names.split()))


def _file_system(capacity: int, grain: int) -> tuple[Layer, ...]:
    """Metadata at the start of each block group of 128 MiB: written once, then updated occasionally."""
    group = 128 * MIB // grain
    many, few = max(64 * KIB // grain, 1), max(16 * KIB // grain, 1)
    end = capacity // grain
    return (
        Scatter(0, end, group, 1.0, many, many, jitter=False, initial=True),
        Scatter(0, end, group, 0.3, 1, few, jitter=False, hot_span=32),
    )


def _data() -> DemoVolume:
    """A general file system. Nothing is written between snap-c and snap-d."""
    capacity, grain = 64 * GIB, 4 * KIB
    mib = MIB // grain
    gib = GIB // grain
    layers = (
        *_file_system(capacity, grain),
        Scatter(gib, 40 * gib, 16 * mib, 0.7, mib, 16 * mib, initial=True),
        Scatter(gib, 40 * gib, 4 * mib, 0.2, 1, mib, hot_span=128),
        Append(44 * gib, 2 * gib, 700 * mib),
    )
    snapshots = _series("snap-a snap-b snap-c", MONDAY, timedelta(hours=6))
    still = DemoSnapshot("snap-d", 2, MONDAY + timedelta(hours=18))
    volume = Volume("data", capacity, grain, 4 * gib, layers)
    return DemoVolume("default", "data", PAGES_DRIVER, volume, (*snapshots, still))


def _postgres() -> DemoVolume:
    """A database: page updates everywhere, a hot table and its index, a log in a ring, and growth."""
    capacity, grain = 200 * GIB, 8 * KIB
    mib = MIB // grain
    gib = GIB // grain
    layers = (
        *_file_system(capacity, grain),
        Scatter(gib, 112 * gib, 64 * mib, 0.97, 56 * mib, 64 * mib, initial=True),
        Scatter(gib, 112 * gib, 128, 0.1, 1, 4, hot_span=4096),
        Scatter(30 * gib, 34 * gib, 8, 0.75, 4, 8),
        Scatter(70 * gib, 73 * gib, 8, 0.95, 5, 8),
        Ring(116 * gib, 124 * gib, 900 * mib),
        Append(126 * gib, 3 * gib, 400 * mib),
    )
    days = _series("pg-mon pg-tue pg-wed pg-thu pg-fri pg-sat pg-sun", MONDAY, timedelta(days=1))
    return DemoVolume("shop", "postgres", PAGES_DRIVER, Volume("postgres", capacity, grain, 4 * gib, layers), days)


def _uploads() -> DemoVolume:
    """An append-only file store with an index at its start."""
    capacity, grain = 2 * TIB, 4 * KIB
    gib = GIB // grain
    layers = (
        *_file_system(capacity, grain),
        Scatter(gib, 16 * gib, 16, 0.9, 12, 16, initial=True),
        Scatter(gib, 16 * gib, 64, 0.3, 1, 4, hot_span=1024),
        Append(20 * gib, 840 * gib, 52 * gib),
    )
    weeks = _series("uploads-w1 uploads-w2 uploads-w3 uploads-w4", MONDAY - timedelta(weeks=3), timedelta(weeks=1))
    return DemoVolume("shop", "uploads", PAGES_DRIVER, Volume("uploads", capacity, grain, 32 * gib, layers), weeks)


def _windows() -> DemoVolume:
    """A virtual machine's disk: file table and registry, page file, scattered documents."""
    capacity, grain = 256 * GIB, 64 * KIB
    mib = MIB // grain
    gib = GIB // grain
    layers = (
        Scatter(0, 2 * gib, 4, 0.95, 3, 4, initial=True),
        Scatter(2 * gib, 150 * gib, 64 * mib, 0.6, 16 * mib, 64 * mib, initial=True),
        Append(24 * gib, 12 * gib),
        Scatter(0, 2 * gib, 4, 0.2, hot_span=256),
        Ring(24 * gib, 36 * gib, 900 * mib),
        Scatter(40 * gib, 150 * gib, 32 * mib, 0.2, 1, 8 * mib, hot_span=64),
    )
    hours = _series("win-0900 win-1000 win-1100 win-1200", MONDAY + timedelta(days=7, hours=7), timedelta(hours=1))
    volume = Volume("windows", capacity, grain, 4 * gib, layers, fixed_length=True)
    return DemoVolume("vms", "windows", BLOCKS_DRIVER, volume, hours)


def _scratch() -> DemoVolume:
    """16 TiB written everywhere: one run in every MiB, more than 16 million extents."""
    capacity, grain = 16 * TIB, 4 * KIB
    mib = MIB // grain
    gib = GIB // grain
    end = capacity // grain
    layers = (
        Scatter(0, end, 256 * mib, 0.5, 32 * mib, 256 * mib, initial=True),
        Scatter(0, end, mib, 1.0, 1, 16),
    )
    two = _series("scratch-1 scratch-2", MONDAY, timedelta(days=1))
    return DemoVolume("vms", "scratch", PAGES_DRIVER, Volume("scratch", capacity, grain, 32 * gib, layers), two)


def _legacy() -> DemoVolume:
    volume = Volume("archive", 32 * GIB, 4 * KIB, 4 * GIB // (4 * KIB), ())
    old = _series("archive-old", MONDAY, timedelta(days=1))
    return DemoVolume("legacy", "archive", LEGACY_DRIVER, volume, old)


def _unfinished() -> DemoVolume:
    """One snapshot that is not ready and one without status: neither can be queried."""
    volume = Volume("queue", 8 * GIB, 4 * KIB, 4 * GIB // (4 * KIB), ())
    snapshots = (
        DemoSnapshot("queue-pending", 0, MONDAY, ready=False),
        DemoSnapshot("queue-new", 0, MONDAY, has_status=False),
    )
    return DemoVolume("legacy", "queue", PAGES_DRIVER, volume, snapshots)
