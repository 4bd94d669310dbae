"""``demo serve``: run the demo cluster for other clients."""

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

from kubectl_cbt.cli.demo import FAULT, SEED, VOLUMES
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.invocation import command_name
from kubectl_cbt.cli.options import TerminalFlags, parsed_file_to_write
from kubectl_cbt.cli.signals import Terminated
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from kubectl_cbt.demo.demo_cluster import DemoCluster

_POLL_SECONDS = 0.5


class CsiDriver(StrEnum):
    """The drivers of the demo."""

    PAGES = "pages"
    BLOCKS = "blocks"


def serve(
    context: typer.Context,
    terminal: TerminalFlags,
    seed: Annotated[int | None, SEED] = None,
    fault: Annotated[list[str] | None, FAULT] = None,
    volumes: Annotated[int | None, VOLUMES] = None,
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

    Prints the shell command that sets KUBECONFIG; with --csi-socket also commands that query and check the driver.

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
    from kubectl_cbt.demo.many_volumes import many_volumes

    seed = outer_seed if seed is None else seed
    diagnostics = Diagnostics(quiet=terminal.quiet)
    with (
        DemoCluster(seed, faults, many_volumes(volumes, seed) if volumes else None) as cluster,
        _on_socket(cluster, csi_socket, csi_driver or CsiDriver.PAGES) as to_try,
    ):
        write_stdout(f"export KUBECONFIG={cluster.kubeconfig}\n", is_document=True)
        diagnostics.note(
            "contexts, for kubectl --context NAME:",
            "  demo         a ServiceAccount that can read and query everything, but not apply RBAC (the default)",
            "  demo-admin   a user that can also apply RBAC and impersonate; queries need --service-account",
            "  demo-shop    a ServiceAccount with minimal permissions, in namespace shop",
            "  demo-nobody  a ServiceAccount without permissions",
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
    base, target, third = map(volume.snapshot_handle, volume.snapshots[:3])
    try:
        service = cluster.csi_service(path, name)
    except OSError as error:
        raise ConfigError(
            f"cannot create a socket at {path}: {error.strerror}",
            hint="--csi-socket needs a new file in a writable folder; its absolute path has at most 107 bytes",
        ) from error
    with service:
        at_socket = f"--csi-endpoint {service.endpoint}"
        yield [
            f"{name}: {command_name()} delta {base} {target} {at_socket}",
            f"{name}: {command_name()} check {base} {target} --third {third} {at_socket}",
        ]


def _until_stopped(diagnostics: Diagnostics) -> None:
    try:
        # Not signal.pause(): a signal just before it would only be noticed with the next one.
        while True:
            time.sleep(_POLL_SECONDS)
    except Terminated as stopped:
        diagnostics.note("", "stopped")
        if stopped.number != signal.SIGINT:
            raise  # the exit code shows the signal
