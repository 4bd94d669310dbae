"""``demo``: a built-in demo cluster."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.diagnostics import Diagnostics, is_a_terminal
from kubectl_cbt.cli.invocation import command_name
from kubectl_cbt.cli.options import (
    DEFAULT_SEED,
    ClusterFlags,
    MapFlags,
    StreamFlags,
    TerminalFlags,
    parsed_file_to_write,
)
from kubectl_cbt.cli.show_query import QueryArguments, show_query
from kubectl_cbt.cli.signals import Terminated
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import ConfigError, UsageError
from kubectl_cbt.output.object_listing import ListColumn, ListFormat, ListPrinter, ListRow

if TYPE_CHECKING:
    from kubectl_cbt.demo.demo_cluster import DemoCluster
    from kubectl_cbt.demo.driver.faults import Fault


class CsiDriver(StrEnum):
    """The drivers of the demo."""

    PAGES = "pages"
    BLOCKS = "blocks"


_SEED = typer.Option("--seed", metavar="N", help="Seed for the data of the demo's volumes.")
_FAULT = typer.Option(
    "--fault", metavar="NAME[=VALUE]", help="Inject a fault (see kubectl cbt demo faults). Can be repeated."
)

_LOOK_UP_SECONDS = 0.5

_TRY = """\
That was: {command} delta snap-a snap-b --demo
Try:      {command} browse --demo
          {command} snapshots -A --demo
          {command} delta pg-mon pg-tue -n shop --demo
          {command} demo serve     and point kubectl itself at it
          {command} demo faults    and inject one of them"""

_FAULT_COLUMNS = (ListColumn("FAULT"), ListColumn("OF"), ListColumn("MISTAKE"), ListColumn("SHOWS WITH"))


def demo(
    context: typer.Context,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    seed: Annotated[int, _SEED] = DEFAULT_SEED,
    fault: Annotated[list[str] | None, _FAULT] = None,
) -> None:
    """Try kubectl cbt without a cluster.

    Starts a Kubernetes API server and two SnapshotMetadata services on loopback, inside this command, and shows a
    delta. Other commands use the same demo cluster with --demo.

    \b
    Examples:
      kubectl cbt demo
      kubectl cbt delta pg-mon pg-tue -n shop --demo
      kubectl cbt demo serve
      kubectl cbt delta snap-a snap-b --demo --fault unordered
    """
    if context.invoked_subcommand is not None:
        context.obj = (seed, fault or [])  # demo --seed 2 serve
        return
    cluster = ClusterFlags(demo=True, seed=seed, fault=fault)
    code = show_query(
        QueryArguments("snap-b", base="snap-a"), cluster, StreamFlags(), ServiceOptions(), terminal, map_flags
    )
    if is_a_terminal(sys.stderr):
        Diagnostics(quiet=terminal.quiet).note(*_TRY.format(command=command_name()).splitlines())
    raise typer.Exit(code)


def serve(
    context: typer.Context,
    terminal: TerminalFlags,
    seed: Annotated[int | None, _SEED] = None,
    fault: Annotated[list[str] | None, _FAULT] = None,
    csi_socket: Annotated[
        Path | None,
        typer.Option(
            "--csi-socket",
            parser=parsed_file_to_write,
            metavar="FILE",
            help="Also serve a CSI driver on this unix socket.",
        ),
    ] = None,
    csi_driver: Annotated[
        CsiDriver | None,
        typer.Option("--csi-driver", help="Driver to serve on --csi-socket (default pages, which is VARIABLE_LENGTH)."),
    ] = None,
) -> None:
    """Run the demo cluster until Ctrl-C, for kubectl and other clients.

    Prints the shell command that sets KUBECONFIG; with --csi-socket also a command that queries the driver.

    \b
    Examples:
      # In one terminal
      kubectl cbt demo serve
      # In another, paste the output, then
      kubectl get volumesnapshots -A
      kubectl cbt delta snap-a snap-b

    \b
      # A driver without a cluster
      kubectl cbt demo serve --csi-socket /tmp/csi.sock

    \b
      # A driver that loses data
      kubectl cbt demo serve --fault lost-write
    """
    if sys.platform == "win32":
        raise UsageError("demo serve needs a POSIX system")
    if csi_driver and not csi_socket:
        raise UsageError("--csi-driver requires --csi-socket")
    from kubectl_cbt.demo.driver.faults import parse_faults

    outer_seed, outer_faults = context.obj
    faults = parse_faults([*outer_faults, *(fault or [])])
    from kubectl_cbt.demo.demo_cluster import DemoCluster

    diagnostics = Diagnostics(quiet=terminal.quiet)
    with (
        DemoCluster(outer_seed if seed is None else seed, faults) as cluster,
        _on_socket(cluster, csi_socket, csi_driver or CsiDriver.PAGES) as to_try,
    ):
        write_stdout(f"export KUBECONFIG={cluster.kubeconfig}\n", is_document=True)
        diagnostics.note(
            "contexts: demo (a ServiceAccount that can read everything), demo-admin (a user that can also apply RBAC),",
            "          demo-shop (minimal permissions, in namespace shop), demo-nobody (no permissions)",
            *to_try,
            "The demo cluster runs until Ctrl-C.",
        )
        _until_stopped(diagnostics)


@contextlib.contextmanager
def _on_socket(cluster: DemoCluster, path: Path | None, which: CsiDriver) -> Iterator[list[str]]:
    """A driver on its socket for the duration of the block; yields the commands to try it with."""
    from kubectl_cbt.demo.scenarios import BLOCKS_DRIVER, PAGES_DRIVER

    if path is None:
        yield []
        return
    name = BLOCKS_DRIVER if which is CsiDriver.BLOCKS else PAGES_DRIVER
    volume = next(volume for volume in cluster.volumes if volume.driver == name)
    ids = " ".join(map(volume.snapshot_handle, volume.snapshots[:2]))
    try:
        service = cluster.csi_service(path, name)
    except OSError as error:
        raise ConfigError(
            f"cannot create a socket at {path}: {error.strerror}",
            hint="--csi-socket needs a new file in a writable folder; its absolute path has at most 107 bytes",
        ) from error
    with service:
        yield [f"{name}: {command_name()} delta {ids} --csi-endpoint {service.endpoint}"]


def _until_stopped(diagnostics: Diagnostics) -> None:
    try:
        # Not signal.pause(): a signal just before it would only be noticed with the next one.
        while True:
            time.sleep(_LOOK_UP_SECONDS)
    except Terminated as stopped:
        diagnostics.note("", "stopped")
        if stopped.number != signal.SIGINT:
            raise  # the exit code shows the signal


def faults(
    output: Annotated[ListFormat, typer.Option("--output", "-o", help="Output format.")] = ListFormat.TABLE,
) -> None:
    """List the faults that can be injected into the demo.

    Each is a mistake that a real CSI driver or sidecar has made, or could make. Use --fault with any command that
    accepts --demo, or with demo serve. Faults of the driver also apply to its own socket (demo serve --csi-socket).

    \b
    Examples:
      kubectl cbt delta pg-mon pg-tue -n shop --demo --fault unordered
      kubectl cbt delta pg-mon pg-tue -n shop --demo --fault cut-after=3 --fault slow=200
    """
    from kubectl_cbt.demo.driver.faults import FAULTS

    printer = ListPrinter(output, "FaultList", _FAULT_COLUMNS)
    write_stdout(printer.text([_fault_row(fault) for fault in FAULTS]), is_document=printer.is_document)


def _fault_row(fault: Fault) -> ListRow:
    cells = {"FAULT": fault.form, "OF": fault.part.value, "MISTAKE": fault.summary, "SHOWS WITH": fault.shows}
    document = {
        "name": fault.name,
        "value": fault.value.value or None,
        "of": fault.part.value,
        "mistake": fault.summary,
        "showsWith": fault.shows or None,
    }
    return ListRow(cells, fault.name, document)
