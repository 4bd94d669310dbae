"""``check``: run the conformance suite against a driver."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.backend import command_session, snapshot_ref, with_environment
from kubectl_cbt.cli.check_flags import CheckFlags
from kubectl_cbt.cli.check_recording import check_recording, is_recording
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.explain_check import explanation_of, list_of, wrapped
from kubectl_cbt.cli.given_flags import refuse_flags
from kubectl_cbt.cli.options import MAY_NAME_A_FILE, ClusterFlags, TerminalFlags
from kubectl_cbt.cli.print_findings import print_report
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.core.check_target import CheckArguments
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.utf8 import require_utf8

if TYPE_CHECKING:
    from kubectl_cbt.checks.conformance.cases import Case
    from kubectl_cbt.core.check_target import DriverUnderTest

_OF_RECORDINGS = ("third", "only", "skip", "listed", "explain", "output", "max_message_size")
"""Fields of flags that apply to recordings, or are refused by :func:`check_recording`."""


def check(
    flags: CheckFlags,
    cluster: ClusterFlags,
    service: ServiceOptions,
    terminal: TerminalFlags,
    first: Annotated[
        str | None,
        typer.Argument(metavar="BASE", help="A snapshot; with TARGET the base of a delta. Or a recording."),
        MAY_NAME_A_FILE,
    ] = None,
    second: Annotated[str | None, typer.Argument(metavar="TARGET", help="A newer snapshot of the same volume.")] = None,
) -> None:
    """Run the conformance suite against a driver.

    Queries a driver in many ways, and compares its answers with the CSI spec and with each other: a delta that loses a
    block is detected. Nothing is changed. One snapshot is checked for its allocated extents, two for their delta as
    well; cases that need a third snapshot of the volume find one.

    Exit status: 0 every MUST passed; 1 one failed, or nothing could be checked; 2 usage error.

    \b
    Examples:
      # Through the sidecar of a cluster
      kubectl cbt check pg-mon pg-tue -n shop

    \b
      # At the driver's own socket, without Kubernetes, for CI
      kubectl cbt check SNAP-1 SNAP-2 --csi-endpoint unix:///csi/csi.sock -o junit > report.xml

    \b
      # A recording
      kubectl cbt check stream.cbtrec

    \b
      # Explain a finding
      kubectl cbt check --explain resume-unaligned

    \b
      # Try it
      kubectl cbt check snap-a snap-b --demo
    """
    from kubectl_cbt.checks.conformance.cases import select_cases

    if flags.explain:
        write_stdout(wrapped(explanation_of(flags.explain), terminal))
        return
    cases = select_cases(flags.only or (), flags.skip or ())
    if not cases:
        raise UsageError("--only and --skip leave no case", hint="kubectl cbt check --list")
    if flags.listed:
        write_stdout(list_of(cases))
        return
    if first is None:
        raise UsageError("check needs one snapshot, or two: BASE TARGET", hint="kubectl cbt snapshots lists them")
    if is_recording(first):
        why = "cannot be used with a recording, which queries nothing"
        refuse_flags(why, flags, cluster, service, used=_OF_RECORDINGS)
        raise typer.Exit(
            check_recording(first, (second, flags.third), cases, flags.output, terminal, service.max_message_size)
        )
    require_utf8("BASE", first)
    if flags.hostile:
        Diagnostics().warning(
            "--hostile sends negative and out-of-range values, which can make a driver hang: check its CPU usage"
        )
    arguments = CheckArguments(first, second, flags.third)
    with _driver(arguments, cluster, service, terminal) as driver:
        raise typer.Exit(_run(cases, driver, flags, terminal))


@contextlib.contextmanager
def _driver(
    arguments: CheckArguments, cluster: ClusterFlags, service: ServiceOptions, terminal: TerminalFlags
) -> Iterator[DriverUnderTest]:
    """The driver at its socket, or through the sidecar of a cluster; connections are closed with the block."""
    from kubectl_cbt.core.check_target import driver_at_socket, driver_in_cluster
    from kubectl_cbt.core.csi_connector import connect_csi

    service = with_environment(service, cluster)
    with contextlib.ExitStack() as stack:
        if service.csi_endpoint:
            yield driver_at_socket(arguments, connect_csi(service), stack)
            return
        session = stack.enter_context(command_session(cluster, terminal.verbosity))
        base = snapshot_ref(arguments.base, session.namespace) if arguments.base else None
        names = SnapshotNames(snapshot_ref(arguments.target, session.namespace), base, verb="check")
        yield driver_in_cluster(arguments, names, session, service, stack)


def _run(cases: Sequence[Case], driver: DriverUnderTest, flags: CheckFlags, terminal: TerminalFlags) -> int:
    from kubectl_cbt.checks.conformance.driver_context import DriverContext, SnapshotSeries
    from kubectl_cbt.checks.runner import run

    context = DriverContext(
        driver.source,
        SnapshotSeries(driver.target, driver.base, driver.in_order),
        deadline_seconds=flags.deadline,
        refused_source=driver.refused_source,
        hostile=flags.hostile,
    )
    return print_report(
        lambda on_start: run(cases, context, on_start), flags.output, f"check {driver.title}", driver.about, terminal
    )
