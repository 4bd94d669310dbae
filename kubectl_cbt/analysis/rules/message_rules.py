"""Rules about messages as a whole."""

from __future__ import annotations

import numpy as np

from kubectl_cbt.analysis.rules.rule import FIXED_LENGTH, SPEC, VARIABLE_LENGTH, Rule
from kubectl_cbt.model.record import Records, block_metadata_type_name


class OneType(Rule):
    """R3."""

    id = "R3"
    title = "block_metadata_type is the same in every message, and never UNKNOWN"
    rationale = "The type tells a reader how to interpret the sizes; it prepares its buffers for it once."
    usual_bug = "The type is set in the first response only; proto3 sends 0, UNKNOWN, in all others."
    source = f"{SPEC}, block_metadata_type of the responses"
    _first: int | None = None

    def check(self, records: Records) -> None:
        sent = records.block_metadata_types
        if self._first is None:
            self._first = int(sent[0])
        is_unknown = (sent != FIXED_LENGTH) & (sent != VARIABLE_LENGTH)
        broken = is_unknown | (sent != self._first)
        self.messages_break(records, broken, lambda index: self._text(int(sent[index])))

    def _text(self, sent: int) -> str:
        name = block_metadata_type_name(sent)
        if sent not in (FIXED_LENGTH, VARIABLE_LENGTH):
            return f"type is {name}"
        return f"type is {name}, in the first message it was {block_metadata_type_name(self._first or 0)}"


class OneCapacity(Rule):
    """R4."""

    id = "R4"
    title = "volume_capacity_bytes is the same in every message, and greater than 0"
    rationale = "The capacity is where the volume ends; without it a client cannot tell whether the answer is complete."
    usual_bug = (
        "The capacity is set in the first response only, or the size of the live volume is read for each message while "
        "the volume grows."
    )
    source = f"{SPEC}, volume_capacity_bytes of the responses"
    _first: int | None = None

    def check(self, records: Records) -> None:
        sent = records.capacities
        if self._first is None:
            self._first = int(sent[0])
        broken = (sent <= 0) | (sent != self._first)
        self.messages_break(records, broken, lambda index: self._text(int(sent[index])))

    def _text(self, sent: int) -> str:
        return f"capacity is {sent}" if sent <= 0 else f"capacity is {sent}, in the first message it was {self._first}"


class MaxResults(Rule):
    """R6: 0 leaves the number to the driver."""

    id = "R6"
    title = "a message has at most max_results extents"
    rationale = "The caller sizes its buffers by max_results."
    usual_bug = "The page size of the storage system is used unchanged."
    source = f"{SPEC}, max_results of the requests"

    def check(self, records: Records) -> None:
        limit = self.query.max_results
        if limit > 0:
            held = np.diff(records.bounds)
            self.messages_break(records, held > limit, lambda index: f"{held[index]} extents, max_results is {limit}")
