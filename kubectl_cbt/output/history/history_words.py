"""The cells and sentences of a history that its formats share."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_cbt.analysis.history import recommendations, sums_of
from kubectl_cbt.model.pairing import Pairing
from kubectl_cbt.model.source_volume import SourceVolume
from kubectl_cbt.model.volume_history import BaseState, HistoryRow, VolumeHistory
from kubectl_cbt.output.object_listing import NAMELESS
from kubectl_cbt.output.snapshot_cells import name_of
from kubectl_cbt.units import age, counted, human_bytes, one_line, percent, printable

UNKNOWN = "?"


def volume_title(volume: SourceVolume) -> str:
    """The claim with its namespace, or the volume's handle (untrusted)."""
    return f"{volume.namespace}/{volume.claim or volume.volume_handle or name_of(volume.snapshots[0])}"


def bound(row: HistoryRow, text: str) -> str:
    """A figure of a row: a lower bound while it is incomplete, unknown without an answer."""
    if not row.is_answered:
        return UNKNOWN
    return text if row.is_complete else f"≥ {text}"


def interval_of(row: HistoryRow) -> str:
    """Time between the snapshots, as kubectl's ages."""
    return age(row.pair.base.created, row.pair.target.created)


def changed_of(row: HistoryRow) -> str:
    """Changed bytes."""
    return bound(row, human_bytes(row.changed_bytes))


def share_of(row: HistoryRow) -> str:
    """Changed share of the volume."""
    if not row.is_complete or not row.capacity_bytes:
        return UNKNOWN
    return percent(row.changed_bytes, row.capacity_bytes)


def churn_of(row: HistoryRow) -> str:
    """Changed bytes a day."""
    churn = row.churn_per_day_bytes
    return UNKNOWN if churn is None else bound(row, human_bytes(churn))


def read_of(row: HistoryRow) -> str:
    """What a backup in whole chunks would read."""
    return UNKNOWN if row.cost_bytes is None else bound(row, human_bytes(row.cost_bytes))


def amplification_of(row: HistoryRow) -> str:
    """Bytes read for each changed byte."""
    return UNKNOWN if row.amplification is None or not row.is_complete else f"{row.amplification:.1f}"


def base_of(row: HistoryRow) -> str:
    """Whether the base works."""
    return {BaseState.WORKS: "yes", BaseState.FAILS: "no", BaseState.UNKNOWN: UNKNOWN}[row.base_state]


def status_of(row: HistoryRow, *, is_short: bool = False) -> str:
    """How the stream ended.

    Args:
        is_short: give only the code for a base that fails: all of them usually fail for one reason.
    """
    outcome = row.figures.outcome
    broken = [violation.rule for violation in outcome.violations if violation.level == "MUST"] if outcome else []
    rules = f", BROKEN: {', '.join(broken)}" if broken else ""
    if row.is_complete:
        return f"complete{rules}"
    if is_short and row.base_state is BaseState.FAILS and row.failure and row.failure.code:
        return f"base fails: {row.failure.code}"
    reason = one_line(row.failure.message) if row.failure else "not queried"
    where = f" at {human_bytes(outcome.next_offset)}" if outcome is not None and outcome.messages else ""
    return f"INCOMPLETE{where}: {reason}{rules}"


def sum_lines(history: VolumeHistory) -> Iterator[tuple[str, str]]:
    """Labels and texts after the rows: the sums, the newest snapshot's allocated bytes, what to keep."""
    sums = sums_of(history.rows, history.pairing)
    at_least = "" if sums.is_complete else "≥ "
    if history.rows:
        span = age(history.rows[0].pair.base.created, history.rows[-1].pair.target.created)
        churn = f"{human_bytes(sums.churn_per_day_bytes)} a day" if sums.churn_per_day_bytes is not None else ""
        if sums.changed_bytes is not None and sums.cost_bytes is not None:
            yield (
                "Changed",
                (
                    f"{at_least}{human_bytes(sums.changed_bytes)} in {counted(sums.rows, 'delta')}"
                    f" over {span}{', ' * bool(churn)}{churn}"
                ),
            )
            yield "Read", f"{at_least}{human_bytes(sums.cost_bytes)} in chunks of {human_bytes(history.chunk_bytes)}"
        elif churn:
            yield "Changed", f"{churn}, over {span}"
        if not sums.is_complete:
            yield "Complete", f"{sums.complete_rows} of {counted(sums.rows, 'delta')}"
    yield "Allocated", _allocated(history)
    yield from _unusable(history)
    for number, sentence in enumerate(recommendations(history)):
        yield "" if number else "Bases", one_line(sentence)


def _unusable(history: VolumeHistory) -> Iterator[tuple[str, str]]:
    """The snapshots that no delta can be queried for."""
    unusable = [entry for entry in history.volume.snapshots if not entry.usable]
    if unusable:
        first = f"{printable(unusable[0].ref.name or NAMELESS)} ({one_line(unusable[0].obstacle)})"
        more = f" and {len(unusable) - 1} more" if len(unusable) > 1 else ""
        yield "Unusable", f"{first}{more}"


def _allocated(history: VolumeHistory) -> str:
    figures, newest = history.allocated, history.newest
    name = newest.ref.name if newest else UNKNOWN
    if figures is None or figures.outcome is None or not (figures.outcome.messages or figures.is_complete):
        reason = f": {one_line(figures.failure.message)}" if figures and figures.failure else ""
        return f"unknown{reason}"
    size = human_bytes(figures.covered_bytes)
    if not figures.is_complete:
        reason = f": {one_line(figures.failure.message)}" if figures.failure else ""
        return f"≥ {size} in {name}, INCOMPLETE{reason}"
    capacity = figures.capacity_bytes
    whole = f" of {human_bytes(capacity)}, {percent(figures.covered_bytes, capacity)}" if capacity else ""
    return f"{size}{whole}, in {name}: a full backup"


def figures_title(history: VolumeHistory) -> str:
    """The churn, for the head of a picture; empty if it is unknown."""
    churn = sums_of(history.rows, history.pairing).churn_per_day_bytes
    return f"{human_bytes(churn)} a day" if churn is not None else ""


def pairing_title(pairing: Pairing) -> str:
    """What a row is."""
    return {
        Pairing.NEIGHBOURS: "changed from the snapshot before",
        Pairing.FIRST: "changed from the oldest snapshot",
    }[pairing]
