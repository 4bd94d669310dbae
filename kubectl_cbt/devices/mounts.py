"""Whether a block device is mounted."""

from __future__ import annotations

import os
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")


def mounted_writable(device_number: int) -> str | None:
    """Where a block device is mounted for writing; None if it is not, or if the system does not tell.

    Args:
        device_number: ``st_rdev`` of the device.
    """
    try:
        lines = _MOUNTS.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    number = f"{os.major(device_number)}:{os.minor(device_number)}"
    for line in lines:
        # proc(5): the third field is the device, the fifth the mount point, the last the options of the file system.
        fields = line.split(" ")
        if len(fields) > 6 and fields[2] == number and "ro" not in fields[-1].split(","):
            return fields[4].replace("\\040", " ")
    return None
