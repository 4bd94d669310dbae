"""What ``delta`` and ``allocated`` share: from the names on the command line to a stream."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cbt.cli.choose import choose_base
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.options import Asking, Cluster, Terminal
from kubectl_cbt.cli.printing import print_stream
from kubectl_cbt.cli.session import Session, open_session
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.question import DEFAULT_MAX_RESULTS, Question
from kubectl_cbt.model.refs import SNAPSHOT_PREFIX, ServiceAccountRef, SnapshotHandle, SnapshotRef

if TYPE_CHECKING:
    from kubectl_cbt.cluster.resolve import Wanted
    from kubectl_cbt.cluster.tokens import FreshToken
    from kubectl_cbt.model.target import Endpoint

_RESOURCE_NAMES = ("vs", "volumesnapshot", "volumesnapshots", SNAPSHOT_PREFIX[:-1])


@dataclass(frozen=True, slots=True)
class Naming:
    """Snapshots as the command line names them: ``snap-a``, ``vs/snap-a``, or what ``-o name`` printed."""

    snapshot: str
    base: str | None = None
    base_handle: str | None = None
    choose_base: bool = False
    force: bool = False


def ask(naming: Naming, cluster: Cluster, asking: Asking, terminal: Terminal) -> int:
    """Resolve, ask, print; returns the exit code."""
    from kubectl_cbt.cluster.resolve import resolve
    from kubectl_cbt.model.results import Asked
    from kubectl_cbt.stream.loop import ExtentStream
    from kubectl_cbt.wire.sidecar import SidecarSource

    with open_session(cluster) as session:
        target = resolve(session.catalogue, _wanted(naming, asking, session, terminal))
        question = Question(
            snapshot=target.snapshot.ref,
            base=target.base_handle,
            starting_offset=asking.starting_offset,
            max_results=DEFAULT_MAX_RESULTS if asking.max_results is None else asking.max_results,
        )
        account = asking.service_account
        if not account and not cluster.demo:
            # The demo has accounts of its own; the variable names one of the user's cluster.
            account = os.environ.get("KUBECTL_CBT_SERVICE_ACCOUNT", "")
        source = SidecarSource(target.endpoint, _fresh_token(session, asking, account, target.endpoint))
        try:
            stream = ExtentStream(source, question, max_results_is_ours=asking.max_results is None)
            return print_stream(stream, Asked(question, target), asking.output, terminal)
        finally:
            source.close()


def _fresh_token(session: Session, asking: Asking, named: str, endpoint: Endpoint) -> FreshToken:
    """Where tokens come from: a file, the ServiceAccount named, or the caller when it is one."""
    from kubectl_cbt.cluster import tokens

    if asking.token_file:
        return tokens.token_from_file(asking.token_file)
    if asking.token_duration < tokens.MIN_DURATION_SECONDS:
        raise UsageError("--token-duration has to be at least 10m: the API server issues no shorter tokens")
    if named:
        try:
            account = ServiceAccountRef.parse(named, session.namespace)
        except ValueError as error:
            raise UsageError(f"--service-account {error}") from error
    else:
        account = tokens.service_account_of_caller(session.api, session.namespace)
    return tokens.token_of_service_account(session.api, account, endpoint.audience, round(asking.token_duration))


def _wanted(naming: Naming, asking: Asking, session: Session, terminal: Terminal) -> Wanted:
    from kubectl_cbt.cluster.resolve import Wanted

    snapshot = _snapshot_ref(naming.snapshot, session.namespace)
    base = _snapshot_ref(naming.base, session.namespace) if naming.base is not None else None
    if naming.choose_base:
        base = choose_base(session, snapshot, Diagnostics(quiet=terminal.quiet))
    return Wanted(
        snapshot=snapshot,
        base=base,
        base_handle=SnapshotHandle(naming.base_handle) if naming.base_handle is not None else None,
        service=asking.service or None,
        force=naming.force,
    )


def _snapshot_ref(text: str, namespace: str) -> SnapshotRef:
    resource, slash, name = text.rpartition("/")
    if not name or (slash and resource not in _RESOURCE_NAMES):
        raise UsageError(f'"{text}" does not name a VolumeSnapshot', hint="give its name; the namespace goes into -n")
    return SnapshotRef(namespace, name)
