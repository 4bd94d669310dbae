"""``check``: does a driver keep the contract?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.access import Access
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.driver import csi_endpoint, open_driver
from kubectl_cbt.cli.options import Asking, Cluster, Service, Terminal, parsed_duration
from kubectl_cbt.cli.recorded import check_recording, is_recording
from kubectl_cbt.cli.reporting import print_report
from kubectl_cbt.cli.session import Session, open_session
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.entry import SnapshotEntry, siblings
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.secret import Secret
from kubectl_cbt.output.report import ReportFormat

if TYPE_CHECKING:
    from kubectl_cbt.cli.driver import LiveDriver
    from kubectl_cbt.conformance.case import Case, Needs
    from kubectl_cbt.conformance.exam import Exam, Named
    from kubectl_cbt.model.target import Target

_LINE_LENGTH = 100
_NO_TOKEN = "kubectl-cbt.check.no-token"  # noqa: S105  # shown to a service that has to refuse it


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An exam and how to call it."""

    exam: Exam
    name: str
    about: dict[str, str]
    lacks: frozenset[Needs]


def check(
    cluster: Cluster,
    service: Service,
    terminal: Terminal,
    first: Annotated[
        str | None, typer.Argument(metavar="BASE", help="A snapshot, with TARGET the older one of two; or a recording.")
    ] = None,
    second: Annotated[str | None, typer.Argument(metavar="TARGET", help="The newer one, of the same volume.")] = None,
    third: Annotated[
        str,
        typer.Option(
            "--third",
            metavar="SNAPSHOT",
            help="One more of the volume, for laws over three; found in a cluster. At a socket one newer than TARGET.",
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
        typer.Option("--hostile", help="Send negative and absurd numbers too: one known driver then spins for good."),
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
    from kubectl_cbt.conformance.cases import CASES
    from kubectl_cbt.conformance.runner import chosen

    if explain:
        write_stdout(_wrapped(explained(explain), terminal))
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
        raise typer.Exit(check_recording(first, (second, third), cases, output, terminal))
    if hostile:
        Diagnostics().warning(
            "--hostile sends what nobody should: a driver may stay busy with it for good. Look at its CPU afterwards"
        )
    wanted = _Wanted(first, second, third, deadline, hostile=hostile)
    with _candidate(wanted, cluster, service, terminal) as candidate:
        raise typer.Exit(_run(cases, candidate, output, terminal))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the command line names: of one snapshot the first, of two base and target."""

    first: str
    second: str | None
    third: str
    deadline_seconds: float
    hostile: bool

    @property
    def base(self) -> str | None:
        return self.first if self.second is not None else None

    @property
    def target(self) -> str:
        return self.second if self.second is not None else self.first


def _run(cases: list[Case], candidate: _Candidate, output: ReportFormat, terminal: Terminal) -> int:
    from kubectl_cbt.conformance.runner import run

    return print_report(
        lambda begins: run(cases, candidate.exam, candidate.lacks, lambda case: begins(case.id)),
        output,
        f"check {candidate.name}",
        candidate.about,
        terminal,
    )


@contextlib.contextmanager
def _candidate(wanted: _Wanted, cluster: Cluster, service: Service, terminal: Terminal) -> Iterator[_Candidate]:
    endpoint = csi_endpoint(service, cluster)
    if endpoint:
        with open_driver(endpoint, Asking.of(service)) as driver:
            yield _of_driver(wanted, endpoint, driver)
        return
    with open_session(cluster, terminal.verbosity) as session, contextlib.ExitStack() as stack:
        yield _of_cluster(wanted, session, Access(session, cluster, service), service, stack)


def _of_driver(wanted: _Wanted, endpoint: str, driver: LiveDriver) -> _Candidate:
    from kubectl_cbt.conformance.case import Needs
    from kubectl_cbt.conformance.exam import Exam, Named, Volume

    def named(snapshot_id: str) -> Named:
        return Named(SnapshotRef("", snapshot_id), SnapshotHandle(snapshot_id))

    base = named(wanted.base) if wanted.base else None
    in_order = (base, named(wanted.target), named(wanted.third)) if base and wanted.third else ()
    volume = Volume(named(wanted.target), base, in_order)
    plugin = driver.source.plugin
    about = {"driver": f"{driver.name} {plugin.version if plugin else ''}".strip(), "socket": endpoint}
    exam = Exam(driver.source, volume, deadline_seconds=wanted.deadline_seconds)
    return _Candidate(exam, _title(wanted), about, _lacks(exam, wanted) | {Needs.SIDECAR})


def _of_cluster(
    wanted: _Wanted, session: Session, access: Access, service: Service, stack: contextlib.ExitStack
) -> _Candidate:
    from kubectl_cbt.cli.ask import snapshot_ref
    from kubectl_cbt.cluster.resolve import Wanted, resolve
    from kubectl_cbt.cluster.tokens import kept
    from kubectl_cbt.conformance.exam import Exam, Volume

    target_ref = snapshot_ref(wanted.target, session.namespace)
    base_ref = snapshot_ref(wanted.base, session.namespace) if wanted.base else None
    target = resolve(session.catalogue, Wanted(target_ref, base_ref, service=service.service or None))
    volume = Volume(_named(target, base=False), _named(target, base=True) if base_ref else None)
    if base_ref is not None:
        volume = Volume(volume.target, volume.base, _three(session, wanted, target))
    # A hundred questions take one token; a new one each would be a hundred requests to the API server.
    fresh_token = kept(access.fresh_token(access.endpoint(target.endpoint)))
    source = access.source(target, fresh_token)
    stack.callback(source.close)
    refused = access.source(target, lambda: Secret(_NO_TOKEN))
    stack.callback(refused.close)
    exam = Exam(source, volume, deadline_seconds=wanted.deadline_seconds, refused_source=refused)
    about = {
        "driver": target.snapshot.driver,
        "service": f"{target.endpoint.service} at {target.endpoint.address}",
        "volume": target.snapshot.volume_handle or target.snapshot.claim or "unknown",
    }
    return _Candidate(exam, f"{target_ref.namespace}/{_title(wanted)}", about, _lacks(exam, wanted))


def _named(target: Target, *, base: bool) -> Named:
    from kubectl_cbt.conformance.exam import Named

    snapshot = target.base if base and target.base else target.snapshot
    return Named(snapshot.ref, snapshot.handle)


def _three(session: Session, wanted: _Wanted, target: Target) -> tuple[Named, ...]:
    """Base, target and one more of the volume, oldest first; empty when there is no other."""
    from kubectl_cbt.conformance.exam import Named
    from kubectl_cbt.errors import ApiError

    try:
        entries = session.catalogue.entries(target.snapshot.ref.namespace)
    except ApiError:
        return ()  # who may get snapshots need not be able to list them
    of_volume = siblings(entries, target.snapshot.ref)
    pair = {target.snapshot.ref, target.base.ref if target.base else None}
    others = [entry for entry in of_volume if entry.ref not in pair]
    if wanted.third:
        others = [entry for entry in others if entry.ref.name == wanted.third]
        if not others:
            raise UsageError(f'--third: "{wanted.third}" is no other usable snapshot of the volume')
    if not others:
        return ()
    chosen = {*pair, _nearest(others, target).ref}
    return tuple(Named(entry.ref, SnapshotHandle(entry.handle)) for entry in of_volume if entry.ref in chosen)


def _nearest(others: list[SnapshotEntry], target: Target) -> SnapshotEntry:
    """One between base and target if there is one, else the nearest."""
    ends = [snapshot.created for snapshot in (target.base, target.snapshot) if snapshot and snapshot.created]

    def distance(entry: SnapshotEntry) -> float:
        if not entry.created or len(ends) < 2 or ends[0] < entry.created < ends[1]:
            return 0.0
        return min(abs((entry.created - end).total_seconds()) for end in ends)

    return min(others, key=distance)


def _lacks(exam: Exam, wanted: _Wanted) -> frozenset[Needs]:
    from kubectl_cbt.conformance.case import Needs

    lacks = set()
    if exam.volume.base is None:
        lacks |= {Needs.DELTA}
    if not exam.volume.in_order:
        lacks |= {Needs.THREE}
    if not wanted.hostile:
        lacks |= {Needs.HOSTILE}
    return frozenset(lacks)


def _title(wanted: _Wanted) -> str:
    return wanted.target if wanted.base is None else f"{wanted.base} → {wanted.target}"


def _wrapped(text: str, terminal: Terminal) -> str:
    """For a person's screen; a pipe gets each paragraph as one line."""
    import textwrap

    from kubectl_cbt.cli.screen import screen_of_stdout

    screen = screen_of_stdout(terminal.color)
    if not screen.is_terminal:
        return text
    width = min(screen.width, _LINE_LENGTH)
    return "".join(textwrap.fill(line, width, break_on_hyphens=False) + "\n" for line in text.splitlines())


def explained(case_id: str) -> str:
    """What a case checks, why it matters, and the usual bug behind it.

    Raises:
        UsageError: there is no such case.
    """
    import difflib

    from kubectl_cbt.conformance.cases import CASES

    found = next((case for case in CASES if case.id == case_id), None)
    if found is None:
        close = difflib.get_close_matches(case_id, [case.id for case in CASES], n=3)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise UsageError(f'there is no case "{case_id}"', hint=f"{hint}kubectl cbt check --list shows all")
    rule = f", {found.rule}" if found.rule else ""
    parts = [
        f"{found.id} ({found.level}{rule})\n{found.title}",
        f"What it checks\n{found.checks}",
        f"Why it matters\n{found.matters}",
        f"The usual bug behind it\n{found.usually}" if found.usually else "",
        f"Where it stands\n{found.source}" if found.source else "",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"
