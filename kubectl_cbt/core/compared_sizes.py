"""Where a comparison of an answer with devices ends, and what the sizes mean for its result."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_cbt.devices.device import Device
from kubectl_cbt.units import counted, human_bytes, human_sizes


@dataclass(frozen=True, slots=True)
class ComparedSizes:
    """The sizes of a volume and of the devices that were restored from its snapshots.

    Attributes:
        volume_bytes: from the stream, else the target snapshot's restoreSize; None if neither is known.
        target: restored from the target snapshot, or from the only one.
        base: restored from the base snapshot; None for allocated extents.
        base_snapshot_bytes: the base snapshot's restoreSize; None if it is not known.
    """

    volume_bytes: int | None
    target: Device
    base: Device | None = None
    base_snapshot_bytes: int | None = None

    @property
    def end(self) -> int:
        """Where the comparison ends: with the volume, as far as there is data; with the device if it is unknown.

        What a cut base lacks is not known to be zero, so that a difference there proves nothing about the answer.
        """
        cut = self._cut_base
        return self._target_end if cut is None else cut.size_bytes

    @property
    def _target_end(self) -> int:
        return min(self.volume_bytes or self.target.size_bytes, self.target.size_bytes)

    @property
    def _cut_base(self) -> Device | None:
        """The base, if it has less data than its snapshot, of what is to be compared."""
        base, whole = self.base, self.base_snapshot_bytes
        return base if base is not None and whole and base.size_bytes < min(whole, self._target_end) else None

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
        if (cut := self._cut_base) is not None:
            end, whole = human_sizes([cut.size_bytes, self.base_snapshot_bytes or 0])
            yield f"{cut.name} ({end}) is smaller than the base snapshot ({whole}): after its end nothing was compared"

    def notes(self) -> Iterator[str]:
        """What to know about the sizes of a complete comparison, a sentence each."""
        if self.volume_bytes is None:
            size = human_bytes(self.target.size_bytes)
            yield f"the capacity of the volume is unknown: its end is taken to be that of {self.target.name} ({size})"
        base, end = self.base, self._target_end
        whole = "the volume" if end == self.volume_bytes else self.target.name
        for device in (base, self.target):
            if device is not None and device.size_bytes > end:
                more = counted(device.size_bytes - end, "byte")
                yield f"{device.name} is {more} larger than {whole}: its end was not compared"
        if base is not None and base.size_bytes < self.end:
            less = counted(self.target.size_bytes - base.size_bytes, "byte")
            yield f"{base.name} is {less} smaller than {self.target.name}: what it lacks counts as zeros"
