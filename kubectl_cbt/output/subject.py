"""What a map is of: its snapshots, and when they were taken."""

from __future__ import annotations

from kubectl_cbt.model.refs import UNKNOWN_NAMESPACE
from kubectl_cbt.model.resolved_query import ResolvedQuery, Snapshot
from kubectl_cbt.units import utc_minute


def subject_title(resolved: ResolvedQuery) -> str:
    """The snapshot, or base and target."""
    target = resolved.target.ref.name
    if resolved.query.base is None or resolved.target.ref.namespace == UNKNOWN_NAMESPACE:
        return target
    base = resolved.base.ref.name if resolved.base else f"handle {resolved.query.base}"
    by_change_id = " (by change id)" if resolved.base and resolved.base.change_id else ""
    return f"{base}{by_change_id} → {target}"


def volume_title(snapshot: Snapshot) -> str:
    """The volume's claim with its namespace, or the namespace; empty if neither is known."""
    namespace = "" if snapshot.ref.namespace == UNKNOWN_NAMESPACE else snapshot.ref.namespace
    return f"{namespace}/{snapshot.claim}" if snapshot.claim else namespace


def taken_words(resolved: ResolvedQuery) -> str:
    """When the snapshots were taken; empty if that is not known of all of them."""
    times = [one.created for one in (resolved.base, resolved.target) if one is not None]
    known = [time for time in times if time is not None]
    if len(known) < len(times) or (resolved.query.base is not None and resolved.base is None):
        return ""
    return " → ".join(map(utc_minute, known)) + " UTC"
