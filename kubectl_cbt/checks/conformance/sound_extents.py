"""The extents of a complete answer that describe bytes of a volume. A driver under test may send any numbers."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.model.record import INT64_MAX, Int64Column, saturating_ends
from kubectl_cbt.stream.collect import Collected


def sound_extents(whole: Collected) -> tuple[Int64Column, Int64Column]:
    """Offsets and ends (int64[m]) of the extents that can be of a volume, in the order in which they were sent.

    Offsets derived from negative ones, or from beyond the range of int64, are never sent to a driver: they would test
    whether it rejects them, which is another case.
    """
    ends = saturating_ends(whole.offsets, whole.sizes)
    sound = (whole.offsets >= 0) & (whole.sizes > 0) & (ends < INT64_MAX)
    return whole.offsets[sound], ends[sound]


def grain_bytes(whole: Collected) -> int:
    """The largest size that divides every offset and size, a multiple of the block size; 1 without an extent.

    The last extent of a volume may end inside a block, at the capacity: then its size is ignored.
    """
    offsets, ends = sound_extents(whole)
    sizes = ends - offsets
    inside = ends != (whole.volume_capacity_bytes or 0)
    found = int(np.gcd(np.gcd.reduce(offsets), np.gcd.reduce(sizes[inside])))
    return found or int(np.gcd.reduce(sizes)) or 1
