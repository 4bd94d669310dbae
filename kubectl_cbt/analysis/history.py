"""The pairs of a volume's history, their sums, and which snapshot to keep as a base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from kubectl_cbt.model.backup_figures import churn_per_day
from kubectl_cbt.model.pairing import Pairing
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.model.source_volume import SourceVolume
from kubectl_cbt.model.volume_history import BaseState, HistoryPair, HistoryRow, VolumeHistory
from kubectl_cbt.units import utc_date


def selected_snapshots(
    volume: SourceVolume, since: datetime | None = None, last: int | None = None
) -> tuple[SnapshotEntry, ...]:
    """The snapshots that can be queried and have a time, oldest first.

    Args:
        since: omit the snapshots that were taken before.
        last: the number of newest ones to keep, at least 1; None for all.
    """
    dated = [entry for entry in volume.usable if entry.created and (since is None or entry.created >= since)]
    return tuple(dated if last is None else dated[-last:])


def pairs_of(snapshots: Sequence[SnapshotEntry], pairing: Pairing) -> tuple[HistoryPair, ...]:
    """The pairs to measure, oldest target first; none for fewer than two snapshots."""
    if pairing is Pairing.FIRST:
        return tuple(HistoryPair(snapshots[0], target) for target in snapshots[1:])
    return tuple(HistoryPair(base, target) for base, target in pairwise(snapshots))


def next_older_base(history: VolumeHistory) -> HistoryPair | None:
    """The next delta to the newest snapshot to query, to find the newest base that works for it.

    Call it when all rows and ``older_bases`` have ended; None when nothing is left to query.
    """
    tried = [*history.rows[-1:], *history.older_bases]
    if not tried or any(row.base_state is not BaseState.FAILS for row in tried):
        return None
    failing = {row.pair.base.ref for row in (*history.rows, *tried) if row.base_state is BaseState.FAILS}
    base = next((entry for entry in reversed(history.snapshots[:-1]) if entry.ref not in failing), None)
    return HistoryPair(base, history.snapshots[-1]) if base is not None else None


@dataclass(frozen=True, slots=True)
class HistorySums:
    """The sums of a history; lower bounds if not all rows are complete.

    Attributes:
        rows: in all.
        complete_rows: of these.
        interval_seconds: from the oldest base to the newest target; None without rows.
        changed_bytes: of all rows. None where all rows have one base: the same change is in several of them then.
        cost_bytes: what backups that read whole chunks would read; None likewise.
        churn_per_day_bytes: by the complete rows; by the newest complete one where all rows have one base. None if no
            row is complete.
    """

    rows: int
    complete_rows: int
    interval_seconds: float | None
    changed_bytes: int | None
    cost_bytes: int | None
    churn_per_day_bytes: int | None

    @property
    def is_complete(self) -> bool:
        """Whether all rows are."""
        return self.complete_rows == self.rows


def sums_of(rows: Sequence[HistoryRow], pairing: Pairing) -> HistorySums:
    """Add up rows, oldest first."""
    complete = [row for row in rows if row.is_complete]
    whole = HistoryPair(rows[0].pair.base, rows[-1].pair.target).interval_seconds if rows else None
    if pairing is Pairing.FIRST:
        churn = complete[-1].churn_per_day_bytes if complete else None
        return HistorySums(len(rows), len(complete), whole, None, None, churn)
    seconds = sum(row.pair.interval_seconds or 0 for row in complete)
    return HistorySums(
        len(rows),
        len(complete),
        whole,
        sum(row.changed_bytes for row in rows),
        sum(row.cost_bytes or 0 for row in rows),
        churn_per_day(sum(row.changed_bytes for row in complete), seconds),
    )


def recommendations(history: VolumeHistory) -> list[str]:
    """Which snapshot to keep as a base, and since when only a full backup is possible: a sentence each."""
    newest = history.newest
    if newest is None:
        return ["No snapshot can be queried, so only a full backup is possible."]
    if not history.rows:
        return [f"Keep {newest.ref.name} as the base, and take another snapshot: a delta needs two."]
    return [*_bases(history, newest), *_unusable(history)]


def _bases(history: VolumeHistory, newest: SnapshotEntry) -> Iterator[str]:
    """The base of the next backup, and the base of a backup that was not continued yet."""
    last = history.rows[-1]
    working = next((row for row in (last, *history.older_bases) if row.base_state is BaseState.WORKS), None)
    if working is not None:
        yield f"Keep {newest.ref.name} as the base of the next incremental backup."
        base, target = working.pair.base.ref.name, newest.ref.name
        if working.is_complete and not working.is_trusted:
            yield f"The delta from {base} to {target} broke a rule of the stream: do not make a backup from it."
        elif working.is_complete:
            yield f"A backup of {base} can be followed by an incremental backup of {target}."
        else:
            yield f"The driver accepts {base} as a base, but the delta to {target} is incomplete."
    elif next_older_base(history) or any(row.base_state is BaseState.UNKNOWN for row in history.older_bases):
        yield f"It is unknown whether an older base works for {newest.ref.name}: not all were queried."
    elif last.base_state is BaseState.FAILS:
        failing = _first_of_failing_end(history.rows)
        since = f"{failing.pair.target.ref.name} ({_date(failing.pair.target)})"
        yield f"Only full backups are possible since {since}: no base works for {newest.ref.name}."
    else:
        yield f"It is unknown whether {last.pair.base.ref.name} works as a base: the delta was not answered."


def _first_of_failing_end(rows: Sequence[HistoryRow]) -> HistoryRow:
    """The first of the rows at the end whose bases all fail."""
    first = rows[-1]
    for row in reversed(rows):
        if row.base_state is not BaseState.FAILS:
            break
        first = row
    return first


def _unusable(history: VolumeHistory) -> Iterator[str]:
    """The bases that fail."""
    failing = list({row.pair.base.ref: row for row in history.rows if row.base_state is BaseState.FAILS}.values())
    if not failing:
        return
    first = failing[0]
    reason = first.failure.message if first.failure else "unknown"
    bases = f"{first.pair.base.ref.name} ({_date(first.pair.base)})"
    if len(failing) > 1:
        last = failing[-1].pair.base
        bases = f"{len(failing)} snapshots from {bases} to {last.ref.name} ({_date(last)})"
    yield f"No incremental backup can follow a backup of {bases}: {reason}."


def _date(entry: SnapshotEntry) -> str:
    return utc_date(entry.created) if entry.created else "unknown date"
