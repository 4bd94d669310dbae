"""``doctor``: diagnose Changed Block Tracking, hop by hop."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.backend import command_session, snapshot_ref, with_environment
from kubectl_cbt.cli.options import ClusterFlags, TerminalFlags
from kubectl_cbt.cli.print_findings import OnStart, print_report
from kubectl_cbt.core.connect import ServiceConnector
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.output.report import ReportFormat

if TYPE_CHECKING:
    from kubectl_cbt.checks.doctor.diagnosis_context import ClusterSession
    from kubectl_cbt.model.finding import Finding


def doctor(
    cluster: ClusterFlags,
    service: ServiceOptions,
    terminal: TerminalFlags,
    first: Annotated[
        str | None, typer.Argument(metavar="SNAPSHOT", help="A snapshot; with TARGET the base of a delta.")
    ] = None,
    second: Annotated[str | None, typer.Argument(metavar="TARGET", help="A newer snapshot of the same volume.")] = None,
    output: Annotated[ReportFormat, typer.Option("--output", "-o", help="Output format.")] = ReportFormat.TABLE,
) -> None:
    """Diagnose Changed Block Tracking, from kubeconfig to driver.

    Checks each hop from the kubeconfig to the extents, and reports what it found, or what is wrong and how to fix it.
    Hops that do not depend on a broken one are still checked. Without a snapshot it checks the cluster: which drivers
    have snapshots, which of them have a service, and which services respond. Nothing is changed.

    Exit status: 0 no problem found; 1 at least one hop failed; 2 usage error.

    \b
    Examples:
      kubectl cbt doctor
      kubectl cbt doctor pg-tue -n shop
      kubectl cbt doctor pg-mon pg-tue -n shop -o json
      kubectl cbt doctor --csi-endpoint unix:///csi/csi.sock
      kubectl cbt doctor snap-b --demo
    """
    names = tuple(name for name in (first, second) if name is not None)
    title, findings = diagnosis(names, cluster, service, terminal)
    raise typer.Exit(print_report(findings, output, title, {}, terminal, shows_evidence=True))


def diagnosis(
    names: tuple[str, ...], cluster: ClusterFlags, service: ServiceOptions, terminal: TerminalFlags
) -> tuple[str, Callable[[OnStart], Iterator[Finding]]]:
    """The title of a diagnosis, and the function that runs it: of a CSI socket, or of a cluster.

    Args:
        names: of at most two snapshots.
    """
    service = with_environment(service, cluster)
    endpoint = service.csi_endpoint
    if endpoint:
        return f"doctor {endpoint}", lambda on_start: _at_socket(endpoint, names, service, on_start)
    title = "doctor " + (" → ".join(names) or "of the cluster")
    return title, lambda on_start: _in_cluster(names, cluster, service, terminal, on_start)


def _in_cluster(
    names: tuple[str, ...], cluster: ClusterFlags, service: ServiceOptions, terminal: TerminalFlags, on_start: OnStart
) -> Iterator[Finding]:
    from kubectl_cbt.checks.doctor.diagnosis_context import ClusterSession, DiagnosisContext
    from kubectl_cbt.checks.doctor.hop_sequences import diagnose

    def log_in(stack: contextlib.ExitStack) -> ClusterSession:
        session = stack.enter_context(command_session(cluster, terminal.verbosity))
        about = f"{session.about}, namespace {session.namespace}"
        connector = ServiceConnector(session, service)
        return ClusterSession(session.api, session.catalogue, session.namespace, connector, about, session.authority)

    with contextlib.ExitStack() as stack:
        plain_names = tuple(snapshot_ref(name, "").name for name in names)
        yield from diagnose(DiagnosisContext(log_in, stack, plain_names, service.service), on_start)


def _at_socket(endpoint: str, names: tuple[str, ...], service: ServiceOptions, on_start: OnStart) -> Iterator[Finding]:
    from kubectl_cbt.checks.doctor.socket_hops import SocketContext, diagnose_socket
    from kubectl_cbt.core.csi_connector import read_secrets

    secrets = read_secrets(service.secrets_file) if service.secrets_file else {}
    with contextlib.ExitStack() as stack:
        yield from diagnose_socket(SocketContext(endpoint, names, secrets, stack, service.max_message_size), on_start)
