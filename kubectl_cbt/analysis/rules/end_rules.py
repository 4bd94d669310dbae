"""Rules about the end of a stream. No record shows what should follow it: a second query from there does."""

from __future__ import annotations

from kubectl_cbt.analysis.rules.rule import SPEC, Rule
from kubectl_cbt.model.record import Records
from kubectl_cbt.model.results import WARNING


class _EndRule(Rule):
    """Broken by :meth:`stream_breaks` only."""

    shows_in_records = False

    def check(self, records: Records) -> None:
        """Records cannot break it."""


class WholeStream(_EndRule):
    """R8: broken when a second query finds more, see :meth:`RuleWatch.ended_early`."""

    id = "R8"
    title = "a stream ends with OK only after everything was sent"
    rationale = "A backup that trusts the OK misses the rest, and this goes unnoticed until a restore."
    usual_bug = (
        "Only the first page of the storage system's answer is passed on (a released driver did this), or an error in "
        "the middle is logged and the stream is closed without a status."
    )
    source = f'{SPEC}, "Special considerations for processing a snapshot metadata gRPC stream"'


class KnownEnd(_EndRule):
    """W4: not in the spec, but a driver that rejects a query from the end of a stream leaves it unconfirmed."""

    id = "W4"
    level = WARNING
    title = "a query from the end of a stream confirms that the stream was complete"
    rationale = "When the query is rejected, it stays unknown whether the OK came after everything was sent (R8)."
    usual_bug = "An offset inside the volume but after the last extent is rejected instead of answered with no extents."
