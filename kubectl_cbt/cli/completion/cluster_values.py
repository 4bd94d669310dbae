"""Values from the cluster or the kubeconfig, read with the flags that are on the line."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kubectl_cbt.cli.backend import command_session
from kubectl_cbt.cli.completion.parsed_line import ParsedLine
from kubectl_cbt.cli.completion.protocol import Candidate
from kubectl_cbt.cli.options import ClusterFlags
from kubectl_cbt.errors import Forbidden
from kubectl_cbt.model.refs import SNAPSHOT_KINDS, SnapshotRef
from kubectl_cbt.model.snapshot_entry import SnapshotEntry

if TYPE_CHECKING:
    from kubectl_cbt.core.session import Session
    from kubectl_cbt.kube.kubeconfig import KubeconfigNames

REQUEST_TIMEOUT_SECONDS = 2.0
"""Unless the line has --request-timeout: the user is waiting."""

_KINDS = ("", *(f"{kind}/" for kind in SNAPSHOT_KINDS))
"""Prefixes of a snapshot's name."""

_NAMES_THE_BASE = ("--base-handle", "--choose-base")
"""With one of these, delta has the target as its only argument."""


def contexts(line: ParsedLine, typed: str) -> Iterator[Candidate]:
    """Contexts of the kubeconfig."""
    return map(Candidate, _kubeconfig_names(line).contexts)


def clusters(line: ParsedLine, typed: str) -> Iterator[Candidate]:
    """Clusters of the kubeconfig."""
    return map(Candidate, _kubeconfig_names(line).clusters)


def users(line: ParsedLine, typed: str) -> Iterator[Candidate]:
    """Users of the kubeconfig."""
    return map(Candidate, _kubeconfig_names(line).users)


def palettes(line: ParsedLine, typed: str) -> Iterator[Candidate]:
    """Palettes of the map. Typer does not know them, because the flag has its own parser."""
    from kubectl_cbt.output.palettes import PALETTES

    return (Candidate(palette.name, palette.about) for palette in PALETTES)


def scales(line: ParsedLine, typed: str) -> Iterator[Candidate]:
    """Scales of heat."""
    from kubectl_cbt.analysis.heat_scale import SCALES

    return (Candidate(scale.name, scale.about) for scale in SCALES)


def themes(line: ParsedLine, typed: str) -> Iterator[Candidate]:
    """Themes of the screens."""
    from kubectl_cbt.tui.settings import theme_names

    return map(Candidate, theme_names())


def namespaces(line: ParsedLine, typed: str) -> list[Candidate]:
    """All namespaces; for a user who cannot list them, those with snapshots."""
    with _session(line) as session:
        try:
            return [Candidate(name) for name in _names(session, "namespaces")]
        except Forbidden:
            found = session.catalogue.snapshots(None)
    return [Candidate(namespace) for namespace in sorted({snapshot.ref.namespace for snapshot in found})]


def services(line: ParsedLine, typed: str) -> list[Candidate]:
    """SnapshotMetadataServices."""
    with _session(line) as session:
        return [Candidate(service.name, service.address) for service in session.catalogue.services() if service.name]


def service_accounts(line: ParsedLine, typed: str) -> list[Candidate]:
    """``NAME`` in the line's namespace, or ``NAMESPACE/NAME`` once a namespace was typed."""
    namespace, slash, _ = typed.partition("/")
    with _session(line) as session:
        where = namespace if slash else session.namespace
        names = _names(session, "namespaces", where, "serviceaccounts")
    return [Candidate(f"{namespace}/{name}" if slash else name) for name in names]


def snapshots(line: ParsedLine, typed: str) -> list[Candidate]:
    """The usable snapshots of the namespace, newest first."""
    with _session(line) as session:
        found = session.catalogue.entries(session.namespace)
    return _candidates([entry for entry in found if entry.usable], typed)


def claims(line: ParsedLine, typed: str) -> list[Candidate]:
    """The claims of the namespace that have snapshots, whether they still exist or not."""
    from kubectl_cbt.units import counted

    with _session(line) as session:
        found = Counter(snapshot.claim for snapshot in session.catalogue.snapshots(session.namespace))
    return [Candidate(claim, counted(found[claim], "snapshot")) for claim in sorted(filter(None, found))]


def volumes(line: ParsedLine, typed: str) -> list[Candidate]:
    """The handles of the volumes in the namespace that have snapshots."""
    with _session(line) as session:
        found = session.catalogue.entries(session.namespace)
    named = {entry.volume_handle: entry.claim or "" for entry in found if entry.volume_handle}
    return [Candidate(handle, claim) for handle, claim in sorted(named.items())]


def newer_snapshots(line: ParsedLine, typed: str) -> list[Candidate]:
    """Possible targets for the base on the line: newer snapshots of its volume, newest first."""
    if any(flag.name in line.values for spelling in _NAMES_THE_BASE for flag in line.flags_spelled(spelling)):
        return []
    with _session(line) as session:
        base = SnapshotRef(session.namespace, line.positionals[-1].rpartition("/")[2])
        found = session.catalogue.newer_siblings(base)
    return _candidates(found, typed)


def cluster_options(line: ParsedLine) -> ClusterFlags:
    """The line's flags, parsed as for a verb.

    Raises:
        Exception: typer's error for an invalid value.
    """
    values: dict[str, Any] = {"request_timeout": REQUEST_TIMEOUT_SECONDS}
    flags = {flag.name: flag for verb in line.verbs for flag in verb.flags if flag.name in line.values}
    for field in fields(ClusterFlags):
        if field.name in flags:
            values[field.name] = flags[field.name].parse(line.values[field.name])
    return ClusterFlags(**values)


@contextlib.contextmanager
def _session(line: ParsedLine) -> Iterator[Session]:
    with command_session(cluster_options(line)) as session:
        yield session


def _kubeconfig_names(line: ParsedLine) -> KubeconfigNames:
    from kubectl_cbt.kube.kubeconfig import names

    return names(cluster_options(line).kubeconfig or None)


def _names(session: Session, *segments: str) -> list[str]:
    """The names of the core objects at a path."""
    from kubectl_cbt.kube.object_reader import ObjectReader, items_of

    listing = session.api.get("api", "v1", *segments)
    found = [ObjectReader(item).text("metadata", "name") for item in items_of(listing, "the list")]
    return sorted(name for name in found if name)


def _candidates(entries: Iterable[SnapshotEntry], typed: str) -> list[Candidate]:
    kind = typed[: typed.rfind("/") + 1]
    if kind not in _KINDS:
        return []
    return [
        Candidate(kind + entry.ref.name, _description(entry))
        for entry in sorted(entries, key=_creation_time, reverse=True)
    ]


def _creation_time(entry: SnapshotEntry) -> datetime:
    return entry.created or entry.object_created or datetime.min.replace(tzinfo=UTC)


def _description(entry: SnapshotEntry) -> str:
    from kubectl_cbt.units import age, human_bytes

    size = human_bytes(entry.restore_size_bytes) if entry.restore_size_bytes else ""
    created = entry.created or entry.object_created
    return "  ".join(part for part in (entry.claim, size, f"{age(created)} ago" if created else "") if part)
