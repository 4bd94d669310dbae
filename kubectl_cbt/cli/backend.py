"""The backend of a verb: the cluster, the demo, or the CSI socket that its flags name."""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_cbt.cli.diagnostics import Diagnostics, log_entry
from kubectl_cbt.cli.options import SERVICE_ACCOUNT_VARIABLE, ClusterFlags, TerminalFlags
from kubectl_cbt.core.options import ClusterOptions, QueryOptions, ServiceOptions
from kubectl_cbt.errors import ConfigError, UsageError
from kubectl_cbt.model.refs import SNAPSHOT_KINDS, SnapshotRef
from kubectl_cbt.utf8 import require_utf8

if TYPE_CHECKING:
    from kubectl_cbt.core.backends import ClusterBackend, CsiBackend
    from kubectl_cbt.core.browsed_cluster import BrowsedCluster
    from kubectl_cbt.core.session import Session

_CSI_VARIABLE = "CSI_ENDPOINT"


def with_environment(service: ServiceOptions, cluster: ClusterFlags) -> ServiceOptions:
    """The options, with defaults from the environment.

    ``CSI_ENDPOINT``, which is set in the pods of drivers, is used only if no flag names a cluster. The variable for the
    ServiceAccount is not used with the demo, which has its own accounts.

    Raises:
        UsageError: a CSI socket was given together with a cluster, or secrets without a socket.
    """
    named = (cluster.demo, cluster.kubeconfig, cluster.context, cluster.server, cluster.namespace, cluster.fault)
    names_cluster = any(named)
    if service.csi_endpoint and names_cluster:
        raise UsageError("--csi-endpoint queries a driver, not a cluster: remove --demo, -n and kubectl's own flags")
    endpoint = service.csi_endpoint or ("" if names_cluster else os.environ.get(_CSI_VARIABLE, ""))
    require_utf8(_CSI_VARIABLE, endpoint)
    if service.secrets_file and not endpoint:
        raise UsageError("--secrets-file requires --csi-endpoint: in a cluster, the sidecar reads the driver's secrets")
    account = service.service_account
    if not (account or endpoint or cluster.demo):
        account = os.environ.get(SERVICE_ACCOUNT_VARIABLE, "")
        require_utf8(SERVICE_ACCOUNT_VARIABLE, account)
    return replace(service, csi_endpoint=endpoint, service_account=account)


@contextlib.contextmanager
def command_session(cluster: ClusterFlags, verbosity: int = 0) -> Iterator[Session]:
    """Log in; with ``--demo``, start the demo cluster first. Everything is closed with the block.

    Args:
        verbosity: from 6 on requests to the API server are logged, as kubectl does.

    Raises:
        UsageError: ``--demo`` was given together with a kubeconfig, its flags without it, or a fault is unknown.
        ConfigError: there is no usable kubeconfig.
    """
    from kubectl_cbt.core.session import open_session
    from kubectl_cbt.kube.request_log import RequestLog

    with contextlib.ExitStack() as stack:
        if cluster.fault and not cluster.demo:
            raise UsageError("--fault requires --demo: faults can be injected into the demo cluster only")
        if cluster.demo_volumes and not cluster.demo:
            raise UsageError("--demo-volumes requires --demo")
        options = _start_demo(cluster, stack) if cluster.demo else cluster
        yield stack.enter_context(open_session(options, RequestLog(verbosity, log_entry)))


@contextlib.contextmanager
def open_backend(
    cluster: ClusterFlags, service: ServiceOptions, options: QueryOptions, terminal: TerminalFlags, *, shows_map: bool
) -> Iterator[tuple[ClusterBackend | CsiBackend, Session | None]]:
    """The backend that the flags name, and the session if it is a cluster.

    Args:
        shows_map: print warnings about a recording only after the screens are closed.

    Raises:
        CbtError: there is no usable kubeconfig, or no such driver.
    """
    from kubectl_cbt.core.backends import ClusterBackend, CsiBackend
    from kubectl_cbt.core.csi_connector import connect_csi

    service = with_environment(service, cluster)
    if service.csi_endpoint:
        yield CsiBackend(connect_csi(service), options, _warn(shows_map=shows_map)), None
        return
    with command_session(cluster, terminal.verbosity) as session:
        yield ClusterBackend(session, service, options, session.namespace, _warn(shows_map=shows_map)), session


@contextlib.contextmanager
def open_browsed_cluster(
    cluster: ClusterFlags, service: ServiceOptions, options: QueryOptions, terminal: TerminalFlags
) -> Iterator[BrowsedCluster]:
    """The cluster that the flags name, with the snapshots of all namespaces; see :func:`open_backend`."""
    from kubectl_cbt.core.browsed_cluster import BrowsedCluster

    with command_session(cluster, terminal.verbosity) as session, contextlib.ExitStack() as sessions:
        yield BrowsedCluster(session, service, options, None, sessions, _warn(shows_map=True))


def _warn(*, shows_map: bool) -> Callable[[str], None]:
    """Where warnings about a recording go."""
    return _warn_at_exit() if shows_map else Diagnostics().warning


def snapshot_ref(text: str, namespace: str) -> SnapshotRef:
    """Parse a VolumeSnapshot argument: ``snap-a``, ``vs/snap-a``, or the output of ``-o name``.

    Raises:
        UsageError: it names another resource.
    """
    resource, slash, name = text.rpartition("/")
    if not name or (slash and resource not in SNAPSHOT_KINDS):
        raise UsageError(f'"{text}" does not name a VolumeSnapshot', hint="give its name, and the namespace with -n")
    return SnapshotRef(namespace, name)


def _warn_at_exit() -> Callable[[str], None]:
    """Collects warnings while screens are shown, and prints each once, when the command ends."""
    printed = ""

    def warn(text: str) -> None:
        nonlocal printed
        if text != printed:
            # The recorded map may be closed long before the screens are.
            atexit.register(Diagnostics().warning, text)
        printed = text

    return warn


def _start_demo(cluster: ClusterFlags, stack: contextlib.ExitStack) -> ClusterOptions:
    if cluster.kubeconfig or cluster.server:
        raise UsageError("--demo has its own cluster: remove --kubeconfig and --server")
    from kubectl_cbt.demo.driver.faults import parse_faults

    faults = parse_faults(cluster.fault or ())
    from kubectl_cbt.demo.demo_cluster import DemoCluster
    from kubectl_cbt.demo.many_volumes import many_volumes

    volumes = many_volumes(cluster.demo_volumes, cluster.seed) if cluster.demo_volumes else None
    try:
        demo = stack.enter_context(DemoCluster(cluster.seed, faults, volumes))
    except OSError as error:
        raise ConfigError(
            f"the demo cluster cannot start: {error.strerror}",
            hint="it needs a folder for temporary files (TMPDIR) and the loopback address",
        ) from error
    return replace(cluster, kubeconfig=str(demo.kubeconfig))
