"""``verify``: hold the driver's answer against the data."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.backend import open_backend
from kubectl_cbt.cli.device_flags import DeviceFlags
from kubectl_cbt.cli.file_flags import FileFlags
from kubectl_cbt.cli.given_flags import refuse_flags
from kubectl_cbt.cli.job_flags import refuse_in_pods
from kubectl_cbt.cli.launch_tui import show_map, wants_screen
from kubectl_cbt.cli.options import ClusterFlags, MapFlags, TerminalFlags
from kubectl_cbt.cli.print_verification import VerificationOutput, print_verification
from kubectl_cbt.cli.print_verify_job import VerifyJobFlags, pod_verification, print_verify_job
from kubectl_cbt.cli.saved_answer import saved_answer
from kubectl_cbt.cli.show_query import QueryArguments, names_of
from kubectl_cbt.core.options import QueryOptions, ServiceOptions
from kubectl_cbt.core.query import open_stream
from kubectl_cbt.errors import UsageError
from kubectl_cbt.output.verification.verification_formats import VerificationFormat

if TYPE_CHECKING:
    from kubectl_cbt.model.backend import OpenStream


def verify(
    devices: DeviceFlags,
    file_flags: FileFlags,
    job: VerifyJobFlags,
    cluster: ClusterFlags,
    query: QueryOptions,
    service: ServiceOptions,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    first: Annotated[str | None, typer.Argument(metavar="BASE", help="A snapshot; with TARGET the base.")] = None,
    second: Annotated[str | None, typer.Argument(metavar="TARGET", help="A newer snapshot of the same volume.")] = None,
    saved: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE", help="A saved document, a recording or another tool's list of extents."),
    ] = None,
    output: Annotated[
        VerificationFormat | None,
        typer.Option("--output", "-o", help="Output format (default: summary; of --print-job json, in the log)."),
    ] = None,
    shows_map: Annotated[
        bool, typer.Option("--map", help="Open the map on the missing ranges, if there are any.")
    ] = False,
) -> None:
    """Verify an answer against the data of the snapshots.

    Compares the devices of two snapshots, and verifies that the delta contains every byte that differs: a delta that
    omits one makes a backup that cannot be restored. With one snapshot, verifies that its allocated extents contain
    every byte that is not zero. Also measures how much the driver reports without need. Devices are block devices or
    image files, restored from the snapshots; they are opened read-only, and read while the stream arrives.

    Exit status: 0 the answer is correct; 1 a range is missing, or not all could be compared; 2 usage error.

    \b
    Examples:
      # Volumes restored from two snapshots
      kubectl cbt verify pg-mon pg-tue -n shop --base-device /dev/sdb --target-device /dev/sdc

    \b
      # Allocated extents
      kubectl cbt verify pg-tue -n shop --device /dev/sdc

    \b
      # A saved answer and image files, without a cluster
      kubectl cbt verify --from delta.json --base-device base.img --target-device target.img

    \b
      # In the cluster, on volumes restored from the snapshots
      kubectl cbt verify pg-mon pg-tue -n shop --print-job --image IMAGE | kubectl apply -f -

    \b
      # Try it
      kubectl cbt demo devices /tmp/images
      kubectl cbt verify snap-a snap-b --demo --fault lost-write \\
        --base-device /tmp/images/snap-a.img --target-device /tmp/images/snap-b.img
    """
    job.check()
    base, target = (first, second) if second is not None else (None, first)
    if job.print_job:
        if target is None or saved is not None or shows_map:
            raise UsageError("--print-job needs one snapshot, or two (BASE TARGET), without --from and --map")
        refuse_in_pods(file_flags, map_flags)
        print_verify_job(job, target, base, cluster, service, terminal, pod_verification(devices, query, output))
        return
    if shows_map and not wants_screen(None):
        raise UsageError("--map needs a terminal")
    if not shows_map:
        refuse_flags("requires --map", map_flags)
    with contextlib.ExitStack() as stack:
        if saved is not None:
            if first is not None:
                raise UsageError("--from has the answer: name no snapshots")
            opened = stack.enter_context(saved_answer(saved, file_flags, cluster, query, service))
        elif target is None:
            raise UsageError("verify needs one snapshot, two (BASE TARGET), or --from FILE")
        else:
            refuse_flags("requires --from: the answer of a driver is not a file", file_flags)
            arguments = QueryArguments(target, base=base, verb="verify")
            backend, session = stack.enter_context(open_backend(cluster, service, query, terminal, shows_map=False))
            opened = stack.enter_context(open_stream(backend, names_of(arguments, session, terminal)))
        shown = map_flags if shows_map else None
        printing = VerificationOutput(output or VerificationFormat.SUMMARY, terminal)
        raise typer.Exit(_verify(opened, devices, query, printing, shown))


def _verify(
    opened: OpenStream,
    devices: DeviceFlags,
    query: QueryOptions,
    output: VerificationOutput,
    map_flags: MapFlags | None,
) -> int:
    """Compare and print; then show the missing ranges on the map, if ``map_flags`` are given."""
    from kubectl_cbt.core.verified_stream import VerifiedStream

    operation = opened.resolved.query.operation
    with devices.opened(operation) as data, tempfile.TemporaryFile() as copy:
        verified = VerifiedStream(opened.stream, opened.resolved, data, query.starting_offset, quick=devices.quick)
        if map_flags is None:
            return print_verification(verified, opened.resolved, output, is_live=opened.is_live)
        code = print_verification(verified, opened.resolved, replace(output, copy=copy), is_live=opened.is_live)
        if verified.missing_ranges:
            from kubectl_cbt.core.file_backend import FileBackend

            copy.seek(0)
            show_map(FileBackend(copy, "the verification").open(), None, map_flags, output.terminal)
        return code
