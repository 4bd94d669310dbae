"""``check``: does a driver keep the contract?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.backend import command_session, snapshot_ref, with_environment
from kubectl_cbt.cli.check_recording import check_recording, is_recording
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.options import MAY_NAME_A_FILE, ClusterFlags, Terminal, parsed_duration
from kubectl_cbt.cli.print_findings import print_report
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.core.check_target import CheckArguments
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.output.report import ReportFormat
from kubectl_cbt.utf8 import require_utf8

if TYPE_CHECKING:
    from kubectl_cbt.checks.conformance.case import Case
    from kubectl_cbt.core.check_target import DriverUnderTest

_LINE_LENGTH = 100


def check(
    cluster: ClusterFlags,
    service: ServiceOptions,
    terminal: Terminal,
    first: Annotated[
        str | None,
        typer.Argument(metavar="BASE", help="A snapshot, with TARGET the older one of two; or a recording."),
        MAY_NAME_A_FILE,
    ] = None,
    second: Annotated[str | None, typer.Argument(metavar="TARGET", help="The newer one, of the same volume.")] = None,
    third: Annotated[
        str,
        typer.Option(
            "--third",
            metavar="SNAPSHOT",
            help="Third snapshot of the volume, for the checks over three; found automatically in a cluster. With "
            "--csi-endpoint it must be newer than TARGET.",
        ),
    ] = "",
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="CASE", help="Only these, resume-*; may be repeated.")
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="CASE", help="Not these; may be repeated.")
    ] = None,
    hostile: Annotated[
        bool,
        typer.Option(
            "--hostile", help="Also send negative and out-of-range values. Known to hang at least one driver."
        ),
    ] = False,
    deadline: Annotated[
        float,
        typer.Option(
            "--deadline",
            parser=parsed_duration,
            show_default="60s",
            metavar="DURATION",
            help="How long a whole answer may take.",
        ),
    ] = 60.0,
    listed: Annotated[bool, typer.Option("--list", help="List the cases, and check nothing.")] = False,
    explain: Annotated[
        str, typer.Option("--explain", metavar="CASE", help="What a case checks, why, and the usual bug behind it.")
    ] = "",
    output: Annotated[ReportFormat, typer.Option("--output", "-o", help="Format.")] = ReportFormat.TABLE,
) -> None:
    """Check that a driver keeps the contract.

    Asks a driver about snapshots that exist, in many ways, and compares its answers with the CSI spec and with each
    other: a delta that loses a block gives itself away. Nothing is written anywhere. With one snapshot what it holds is
    checked, with two what changed as well, and laws that need a third find one.

    Exit status: 0 every MUST was kept; 1 one was not, or nothing could be checked; 2 usage.

    \b
    Examples:
      # Through the sidecar of a cluster
      kubectl cbt check pg-mon pg-tue -n shop

    \b
      # At the driver's own socket, with no Kubernetes, for CI
      kubectl cbt check SNAP-1 SNAP-2 --csi-endpoint unix:///csi/csi.sock -o junit > report.xml

    \b
      # What somebody else has recorded
      kubectl cbt check stream.cbtrec

    \b
      # What is behind a finding
      kubectl cbt check --explain resume-unaligned

    \b
      # See it work
      kubectl cbt check snap-a snap-b --demo
    """
    from kubectl_cbt.checks.conformance.case_runner import chosen
    from kubectl_cbt.checks.conformance.cases import CASES

    if explain:
        write_stdout(_wrapped(explanation_of(explain), terminal))
        return
    cases = chosen(CASES, only or (), skip or ())
    if not cases:
        raise UsageError("--only and --skip leave no case", hint="kubectl cbt check --list")
    if listed:
        write_stdout("".join(f"{case.id:<24} {case.level:<7} {case.title}\n" for case in cases))
        return
    if first is None:
        raise UsageError("check takes a snapshot, or two: BASE TARGET", hint="kubectl cbt snapshots lists them")
    if is_recording(first):
        raise typer.Exit(check_recording(first, (second, third), cases, output, terminal, service.max_message_size))
    require_utf8("BASE", first)
    if hostile:
        Diagnostics().warning(
            "--hostile sends what nobody should: a driver may stay busy with it for good. Look at its CPU afterwards"
        )
    arguments = CheckArguments(first, second, third)
    with _driver(arguments, cluster, service, terminal) as driver:
        raise typer.Exit(_run(cases, driver, deadline, output, terminal, hostile=hostile))


@contextlib.contextmanager
def _driver(
    arguments: CheckArguments, cluster: ClusterFlags, service: ServiceOptions, terminal: Terminal
) -> Iterator[DriverUnderTest]:
    """At a driver's socket, or through the sidecar of a cluster; all connections end with the block."""
    from kubectl_cbt.core.check_target import driver_at_socket, driver_in_cluster
    from kubectl_cbt.core.csi_connector import connect_csi

    service = with_environment(service, cluster)
    with contextlib.ExitStack() as stack:
        if service.csi_endpoint:
            yield driver_at_socket(arguments, connect_csi(service), stack)
            return
        session = stack.enter_context(command_session(cluster, terminal.verbosity))
        base = snapshot_ref(arguments.base, session.namespace) if arguments.base else None
        names = SnapshotNames(snapshot_ref(arguments.target, session.namespace), base)
        yield driver_in_cluster(arguments, names, session, service, stack)


def _run(
    cases: list[Case],
    driver: DriverUnderTest,
    deadline_seconds: float,
    output: ReportFormat,
    terminal: Terminal,
    *,
    hostile: bool,
) -> int:
    from kubectl_cbt.checks.conformance.case import Needs
    from kubectl_cbt.checks.conformance.case_runner import run
    from kubectl_cbt.checks.conformance.driver_context import DriverContext, SnapshotSeries

    volume = SnapshotSeries(driver.target, driver.base, driver.in_order)
    context = DriverContext(
        driver.source, volume, deadline_seconds=deadline_seconds, refused_source=driver.refused_source
    )
    missing = {
        Needs.DELTA: driver.base is None,
        Needs.THREE: not driver.in_order,
        Needs.HOSTILE: not hostile,
        Needs.SIDECAR: driver.refused_source is None,
    }
    unmet = frozenset(need for need, is_missing in missing.items() if is_missing)
    return print_report(
        lambda on_start: run(cases, context, unmet, lambda case: on_start(case.id)),
        output,
        f"check {driver.title}",
        driver.about,
        terminal,
    )


def _wrapped(text: str, terminal: Terminal) -> str:
    """For a person's screen; a pipe gets each paragraph as one line."""
    import textwrap

    from kubectl_cbt.cli.terminal import stdout_target

    screen = stdout_target(terminal.color)
    if not screen.is_terminal:
        return text
    width = min(screen.width, _LINE_LENGTH)
    return "".join(textwrap.fill(line, width, break_on_hyphens=False) + "\n" for line in text.splitlines())


def explanation_of(case_id: str) -> str:
    """What a case checks, why it matters, and the usual bug behind it.

    Raises:
        UsageError: there is no such case.
    """
    import difflib

    from kubectl_cbt.checks.conformance.cases import CASES

    found = next((case for case in CASES if case.id == case_id), None)
    if found is None:
        close = difflib.get_close_matches(case_id, [case.id for case in CASES], n=3)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise UsageError(f'there is no case "{case_id}"', hint=f"{hint}kubectl cbt check --list shows all")
    rule = f", {found.rule}" if found.rule else ""
    parts = [
        f"{found.id} ({found.level}{rule})\n{found.title}",
        f"What it checks\n{found.procedure}",
        f"Why it matters\n{found.rationale}",
        f"The usual bug behind it\n{found.usual_bug}" if found.usual_bug else "",
        f"Where it stands\n{found.source}" if found.source else "",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"
