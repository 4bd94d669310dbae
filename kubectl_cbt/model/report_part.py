"""Shards of a report: each process measures its share of the volumes, and the parts are merged afterwards."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

MOST_SHARDS = 10_000
_SHARD = re.compile(r"([0-9]{1,5})/([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several disjoint sets of volumes.

    Attributes:
        index: from 0.
        count: number of all shards.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_SHARDS:
            raise ValueError(f"{self.count} is not a number of shards from 1 to {MOST_SHARDS}")
        if not 0 <= self.index < self.count:
            raise ValueError(f"{self.index} is not a shard from 0 to {self.count - 1}")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Parse ``INDEX/COUNT``.

        Raises:
            ValueError: it is invalid.
        """
        match = _SHARD.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is not INDEX/COUNT, such as 0/16")
        return cls(int(match[1]), int(match[2]))

    def has(self, key: str) -> bool:
        """Whether the volume with this key is in the shard."""
        return shard_index(key, self.count) == self.index

    def __str__(self) -> str:
        return f"shard {self.index} of {self.count}"


def shard_index(key: str, count: int) -> int:
    """The shard of a volume: BLAKE2b of its key in UTF-8, the first 8 bytes, big-endian, modulo ``count``."""
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % count


@dataclass(frozen=True, slots=True)
class ReportPart:
    """What makes a report one part of several.

    Attributes:
        now: the time that ages refer to, if it was given: the same for all parts; None for each part's own clock.
        run: identifies the run, so that parts of different runs are not merged; empty when unknown.
    """

    shard: Shard
    now: datetime | None = None
    run: str = ""
