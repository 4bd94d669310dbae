"""Whether a block device is mounted, or a part of it: a partition, or a device built on it (LVM, dm-crypt, RAID)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_BLOCK_DEVICES = Path("/sys/dev/block")


def mounted_writable(device_number: int) -> str | None:
    """Where data of a block device is mounted for writing; None if it is not, or if the system does not tell.

    Args:
        device_number: ``st_rdev`` of the device.
    """
    try:
        lines = _MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    built_on_it = set(_built_on(_shown(device_number)))
    for line in lines:
        # proc(5): the third field is the device, the fifth the mount point; after a hyphen come the type, the source
        # and the options of the file system.
        fields = line.split(" ")
        if len(fields) <= 6 or "ro" in fields[-1].split(","):
            continue
        # Some file systems, such as btrfs, have a number of their own.
        if fields[2] in built_on_it or _number_of(fields[-2]) in built_on_it:
            return fields[4].replace("\\040", " ")
    return None


def _built_on(number: str) -> Iterator[str]:
    """The numbers of a device, of its partitions, and of the devices that are built on any of them."""
    yield number
    folder = _BLOCK_DEVICES / number
    for known in (*folder.glob("*/partition"), *folder.glob("holders/*/dev")):
        try:
            yield from _built_on((known.parent / "dev").read_text(encoding="ascii").strip())
        except OSError:  # it was removed meanwhile
            continue


def _number_of(source: str) -> str:
    """The number of a device by its path; empty for other sources."""
    if not source.startswith("/dev/"):
        return ""
    try:
        return _shown(Path(source).stat().st_rdev)
    except OSError:
        return ""


def _shown(device_number: int) -> str:
    """The number as Linux writes it in its lists."""
    return f"{os.major(device_number)}:{os.minor(device_number)}"
