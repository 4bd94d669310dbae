"""Rules about where extents lie on the volume, and in which order."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.analysis.rules.rule import SPEC, Rule
from kubectl_cbt.model.record import INT64_MIN, Records
from kubectl_cbt.model.results import WARNING
from kubectl_cbt.model.stream_query import Query


class Ascending(Rule):
    """R2: touching extents are legal, and the rule applies across messages too."""

    id = "R2"
    title = "extents are ascending and do not overlap"
    rationale = (
        "Readers copy extents as they arrive. An extent that is out of order or repeated is copied twice, and a resume "
        "from the last end skips what had not been sent yet. The rule applies across messages; touching extents are "
        "allowed."
    )
    usual_bug = (
        "Results of several workers or bitmap pages are concatenated without sorting; a block on a page boundary "
        "belongs to both pages."
    )
    source = f"{SPEC}, block_metadata of the responses"
    _last: tuple[int, int] | None = None
    """Offset and end of the previous extent; None before the first."""

    def resume(self, query: Query) -> None:
        super().resume(query)
        self._last = None  # what starts before the new starting offset is checked by R7

    def check(self, records: Records) -> None:
        if not len(records):
            return
        last_offset, last_end = self._last or (INT64_MIN, INT64_MIN)
        self._last = int(records.offsets[-1]), int(records.ends[-1])
        overlaps = records.offsets < np.concatenate(([last_end], records.ends[:-1]))
        if records.offsets[0] >= last_offset and records.sizes.min() >= 0 and not overlaps.any():
            return  # what starts after the end of the previous extent starts after its start
        backwards = records.offsets < np.concatenate(([last_offset], records.offsets[:-1]))
        self.extents_break(
            records,
            (backwards, "starts before the previous extent"),
            (overlaps & ~backwards, "overlaps the previous extent"),
        )


class StartingOffset(Rule):
    """R7: the first extent may start before the starting offset, but must end after it."""

    id = "R7"
    title = "no extent ends at or before starting_offset"
    rationale = (
        "A client that resumes would take an extent it has already received for a new one. The first extent may start "
        "before starting_offset, as long as it ends after it."
    )
    usual_bug = (
        "starting_offset is compared with the start of an extent instead of its end, or it is ignored and the whole "
        "stream is sent."
    )
    source = f"{SPEC}, starting_offset of the requests"

    def check(self, records: Records) -> None:
        start = self.query.starting_offset
        if start > 0:
            self.extents_break(records, (records.ends <= start, f"ends at or before the starting offset {start}"))


class NonNegativeOffset(Rule):
    """W1: not in the spec, which has signed offsets and does not restrict their sign."""

    id = "W1"
    level = WARNING
    title = "byte_offset is not negative"
    rationale = "No block lies before the start of the volume."
    usual_bug = "An unsigned offset above 2^63, or an error value of the storage system."

    def check(self, records: Records) -> None:
        if len(records) and records.offsets.min() < 0:
            self.extents_break(records, (records.offsets < 0, "offset is negative"))


class WithinCapacity(Rule):
    """W2: not in the spec; the last block of a volume can extend past its end."""

    id = "W2"
    level = WARNING
    title = "no extent ends beyond the volume's capacity"
    rationale = (
        "There is nothing to read beyond the capacity. A last block that extends past it is harmless to a reader that "
        "expects it."
    )
    usual_bug = "The volume's size is not a multiple of the block size, and the last block is not cut at the capacity."

    def check(self, records: Records) -> None:
        capacities = records.for_extents(records.capacities)
        beyond = records.ends > capacities
        if beyond.any():
            self.extents_break(records, (beyond & (capacities > 0), "ends beyond the capacity {capacity}"))
