"""Deterministic noise: the same numbers for the same seed on every machine and with every numpy.

SplitMix64 over counters. numpy does not guarantee that its generators' streams stay the same across releases, and a
function of an index, unlike a generator, can start in the middle of a volume.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

_GAMMA = np.uint64(0x9E3779B97F4A7C15)


def key(*parts: str | int) -> int:
    """Derive a 64-bit key from names and numbers."""
    digest = hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def uniform(noise_key: int, index: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return one number in [0, 1) per index."""
    z = np.uint64(noise_key) + index.astype(np.uint64) * _GAMMA
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53
