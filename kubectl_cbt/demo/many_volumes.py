"""A demo cluster of many small volumes, as large clusters have them: for reports, and for what many streams take.

Everything follows from the number of a volume, so that a cluster of 200 volumes is the first part of one of 2,000.
"""

from __future__ import annotations

from datetime import timedelta

from kubectl_cbt.demo.driver.volumes import GIB, KIB, MIB, Append, Layer, Scatter, Volume
from kubectl_cbt.demo.scenarios import (
    BLOCKS_DRIVER,
    LEGACY_DRIVER,
    MONDAY,
    PAGES_DRIVER,
    DemoSnapshot,
    DemoVolume,
)

NAMESPACES = ("accounts", "billing", "orders", "search", "web")

_WITHOUT_CBT_EVERY = 20
"""One volume in so many is of a driver without a service, and another one has only a snapshot that is not ready."""


def many_volumes(count: int, seed: int) -> tuple[DemoVolume, ...]:
    """The first ``count`` volumes; ``seed`` changes their contents, not the names."""
    return tuple(_volume(number, seed) for number in range(count))


def _volume(number: int, seed: int) -> DemoVolume:
    driver = BLOCKS_DRIVER if number % 3 == 0 else PAGES_DRIVER
    if number % _WITHOUT_CBT_EVERY == _WITHOUT_CBT_EVERY - 1:
        driver = LEGACY_DRIVER
    claim = f"data-{number:05}"
    capacity = GIB << number % 5
    grain = MIB if driver == BLOCKS_DRIVER else 4 * KIB
    volume = Volume(
        claim,
        capacity,
        grain,
        capacity // grain,
        _layers(number, capacity // grain, MIB // grain),
        fixed_length=driver == BLOCKS_DRIVER,
        seed=seed,
    )
    return DemoVolume(NAMESPACES[number % len(NAMESPACES)], claim, driver, volume, _snapshots(number, claim))


def _layers(number: int, grains: int, mib: int) -> tuple[Layer, ...]:
    """Files that grow, and updates all over the volume; some volumes change a lot more than others."""
    share = 2 + number % 7
    return (
        Append(0, grains // share, (grains >> 6) // (1 + number % 11)),
        Scatter(0, grains, 16 * mib, 0.05 * share, 1, mib, hot_span=8),
    )


def _snapshots(number: int, claim: str) -> tuple[DemoSnapshot, ...]:
    if number % _WITHOUT_CBT_EVERY == _WITHOUT_CBT_EVERY // 2:
        return (DemoSnapshot(f"{claim}-1", 0, MONDAY, ready=False),)
    first = MONDAY + timedelta(minutes=number % 1440)
    every = timedelta(hours=(6, 12, 24)[number % 3])
    return tuple(
        DemoSnapshot(f"{claim}-{generation + 1}", generation, first + generation * every)
        for generation in range(1 + number % 4)
    )
