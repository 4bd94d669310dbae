"""Words for the end of a stream."""

from __future__ import annotations

from kubectl_cbt.model.results import Outcome
from kubectl_cbt.units import human_bytes


def reached(outcome: Outcome) -> str:
    """Where the stream ended."""
    return f"at {human_bytes(outcome.next_offset)}" if outcome.messages else "from the start"


def failure_reason(outcome: Outcome) -> str:
    """Why the stream is incomplete."""
    return outcome.failure.message if outcome.failure else "the stream did not finish"
