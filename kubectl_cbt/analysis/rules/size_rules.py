"""Rules about the sizes of extents."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.analysis.rules.rule import FIXED_LENGTH, SPEC, Mask, Rule
from kubectl_cbt.model.record import Records
from kubectl_cbt.model.results import WARNING


class PositiveSize(Rule):
    """R1."""

    id = "R1"
    title = "size_bytes is greater than 0"
    rationale = "An empty extent carries no information; a reader that relies on its size may loop or divide by zero."
    usual_bug = (
        "A run of blocks opened and closed at the same block: the end is inclusive in one place and exclusive in "
        "another."
    )
    source = f"{SPEC}, size_bytes of BlockMetadata"

    def check(self, records: Records) -> None:
        if len(records) and records.sizes.min() <= 0:
            self.extents_break(records, (records.sizes <= 0, "size is not greater than 0"))


class _FixedSize(Rule):
    """Which extents of a FIXED_LENGTH stream have a size other than its first extent's."""

    _size: int | None = None

    def _fixed(self, records: Records) -> Mask:
        """Which extents came in messages of that type: bool[n], or bool[1] where the messages agree."""
        fixed = records.for_extents(records.block_metadata_types) == FIXED_LENGTH
        if self._size is None and len(records) and fixed.any():
            self._size = int(records.sizes[int(np.argmax(fixed))])
        return np.asarray(fixed)

    def _odd_ones(self, records: Records) -> Mask:
        fixed = self._fixed(records)
        if self._size is None or not fixed.any():
            return np.zeros(1, dtype=np.bool_)
        return np.asarray((records.sizes != self._size) & fixed)

    def _short_tails(self, records: Records) -> Mask:
        at_capacity = records.ends == records.for_extents(records.capacities)
        return np.asarray(at_capacity & (records.sizes < (self._size or 0)))


class OneSize(_FixedSize):
    """R5."""

    id = "R5"
    title = "FIXED_LENGTH: every extent of the stream has the same size"
    rationale = "A reader of a FIXED_LENGTH stream may multiply where it would otherwise have to add."
    usual_bug = "Adjacent blocks are merged in a stream declared as FIXED_LENGTH. Declare VARIABLE_LENGTH instead."
    source = f"{SPEC}, block_metadata_type of the responses"

    def check(self, records: Records) -> None:
        odd = self._odd_ones(records)
        if odd.any():
            broken = odd & ~self._short_tails(records)
            self.extents_break(records, (broken, f"the first extent had {self._size} bytes"))


class ShortTail(_FixedSize):
    """R5b: the spec has no exception for a volume that ends inside a block, yet cutting the block is harmless."""

    id = "R5b"
    level = WARNING
    title = "FIXED_LENGTH: the last extent is not shortened at the capacity"
    rationale = "The spec has no exception for a volume that ends inside a block; strict readers may reject the extent."
    usual_bug = "The last block is cut at the capacity. Declare VARIABLE_LENGTH, or send the whole block."

    def check(self, records: Records) -> None:
        odd = self._odd_ones(records)
        if odd.any():
            broken = odd & self._short_tails(records)
            self.extents_break(records, (broken, f"the first extent had {self._size} bytes"))


class Aligned(_FixedSize):
    """W3: not in the spec, but a block starts at a multiple of the block size."""

    id = "W3"
    level = WARNING
    title = "FIXED_LENGTH: offsets are multiples of the size"
    rationale = "A block starts at a multiple of the block size; an extent that does not is probably shifted."
    usual_bug = "The offset is counted in a different unit than the size: sectors in one place, blocks in the other."

    def check(self, records: Records) -> None:
        fixed = self._fixed(records)
        if self._size is not None and fixed.any():
            # By the stream's size, not the extent's own: a short tail starts at a multiple of a whole block.
            unaligned = (records.offsets % max(self._size, 1) != 0) & fixed
            self.extents_break(records, (unaligned, "offset is not a multiple of the size"))
