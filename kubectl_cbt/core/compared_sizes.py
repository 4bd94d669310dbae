"""Where a comparison of an answer with devices ends, and what the sizes mean for its result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_cbt.devices.device import Device
from kubectl_cbt.units import human_bytes, human_sizes


@dataclass(frozen=True, slots=True)
class ComparedSizes:
    """The sizes of a volume and of the devices that were restored from its snapshots.

    Attributes:
        volume_bytes: from the stream, else the target snapshot's restoreSize; None if neither is known.
        target: restored from the target snapshot, or from the only one.
    """

    volume_bytes: int | None
    target: Device

    @property
    def end(self) -> int:
        """Where the comparison ends: with the volume, as far as there is data; with the device if it is unknown."""
        return min(self.volume_bytes or self.target.size_bytes, self.target.size_bytes)

    def problems(self, last_end: int) -> Iterator[str]:
        """Why the volume is not compared to its end, a sentence each.

        Args:
            last_end: the end of the last extent; 0 without extents.
        """
        size = self.target.size_bytes
        if self.volume_bytes is not None and size < self.volume_bytes:
            less = human_bytes(self.volume_bytes - size)
            yield f"{self.target.name} has {less} less than the volume, so that the end of the volume was not compared"
        elif self.volume_bytes is None and last_end > size:
            # Beyond a known capacity an extent breaks a rule, and describes nothing that could be compared.
            last, end = human_sizes([last_end, size])
            name = f"{self.target.name} ({end})"
            yield f"the answer has extents up to {last}: after the end of {name} nothing was compared"

    def notes(self) -> Iterator[str]:
        """What to know about the sizes of a complete comparison, a sentence each."""
        if self.volume_bytes is None:
            size = human_bytes(self.target.size_bytes)
            yield f"the capacity of the volume is unknown: its end is taken to be that of {self.target.name} ({size})"
