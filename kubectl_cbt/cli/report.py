"""``report``: the volumes of a cluster, and what backing them up takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from kubectl_cbt.cli.backend import command_session, with_environment
from kubectl_cbt.cli.given_flags import refuse_flags
from kubectl_cbt.cli.options import ClusterFlags, TerminalFlags
from kubectl_cbt.cli.print_report_job import ReportJobFlags, print_report_job
from kubectl_cbt.cli.report_flags import ReportFlags
from kubectl_cbt.cli.shard_flags import ShardFlags
from kubectl_cbt.core.options import ServiceOptions
from kubectl_cbt.errors import UsageError
from kubectl_cbt.output.volume_report.report_formats import VolumeReportFormat


def report(
    cluster: ClusterFlags,
    service: ServiceOptions,
    terminal: TerminalFlags,
    flags: ReportFlags,
    shards: ShardFlags,
    job: ReportJobFlags,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILES", help="With --merge: the parts; - for standard input.")
    ] = None,
    merge: Annotated[bool, typer.Option("--merge", help="Make one report of the parts that shards wrote.")] = False,
    output: Annotated[VolumeReportFormat, typer.Option("--output", "-o", help="Output format.")] = (
        VolumeReportFormat.TABLE
    ),
) -> None:
    """Report on all volumes: can they be backed up incrementally, and how long will that take.

    For each volume with snapshots: the age of its recovery point (RPO), whether CBT works and if not why, what a full
    and what the next incremental backup read, and the time that takes at --rate. Sums them by driver and namespace,
    and lists the volumes that take longest, change most, or have no usable base.

    Snapshots are listed once, then a few streams are measured at a time. A volume that fails is reported as such. With
    Ctrl-C the report is printed as far as it is known; --resume-from continues it.

    Exit status: 0 done; 1 a volume fails --fail-on (by default: a stream is incomplete); 2 usage error.

    \b
    Examples:
      kubectl cbt report -A
      kubectl cbt report -n shop --chunk 4Mi --rate 500MB/s -o wide

    \b
      # To attach to a ticket
      kubectl cbt report -A -o html > report.html

    \b
      # A nightly guard, which also shows what differs from yesterday
      kubectl cbt report -A --fail-on no-cbt,rpo=24h,window=4h --diff yesterday.json

    \b
      # Continue a report that was interrupted
      kubectl cbt report -A -o json > one.json
      kubectl cbt report -A -o json --resume-from one.json > two.json

    \b
      # Two processes, half of the volumes each
      kubectl cbt report -A --shard 0/2 -o ndjson > 0.ndjson
      kubectl cbt report -A --shard 1/2 -o ndjson > 1.ndjson
      kubectl cbt report --merge 0.ndjson 1.ndjson

    \b
      # Thousands of volumes: in the cluster
      kubectl cbt report -A -n backup --print-job --image IMAGE --shards 16 | kubectl apply -f -

    \b
      # Try it
      kubectl cbt report -A --demo --demo-volumes 40
    """
    job.check()
    if job.print_job:
        if merge or files or output is not VolumeReportFormat.TABLE:
            raise UsageError("--print-job has neither --merge nor -o: its pods write parts, to merge afterwards")
        _print_job(job, cluster, service, flags, shards)
        return
    if merge:
        refuse_flags("cannot be used with --merge, which queries nothing", cluster, service)
        raise typer.Exit(_merge(files or [], flags, shards, terminal, output))
    if files:
        raise UsageError(f"unexpected argument {files[0]}: files are for --merge")
    part = shards.part(output, flags.fail_on)
    from kubectl_cbt.cli.print_report import ReportOutput, print_report
    from kubectl_cbt.core.measured_report import ReportOptions, open_report
    from kubectl_cbt.model.volume_report import ReportScope

    if service.csi_endpoint:
        raise UsageError("report lists the snapshots of a cluster: remove --csi-endpoint")
    conditions = flags.conditions(is_part=part is not None)
    with command_session(cluster, terminal.verbosity) as session:
        namespace = None if flags.all_namespaces else session.namespace
        scope = ReportScope(session.context, namespace, flags.selector, flags.driver)
        earlier, compared = flags.resumed(scope), flags.compared(scope)
        options = ReportOptions(flags.chunk, flags.rate, flags.parallel, flags.max_time, not flags.no_streams, part)
        measured = open_report(session, with_environment(service, cluster), scope, options, earlier)
        printing = ReportOutput(output, terminal, conditions, compared, shards.now, shards.part_folder)
        raise typer.Exit(print_report(measured, scope, printing))


def _print_job(
    job: ReportJobFlags, cluster: ClusterFlags, service: ServiceOptions, flags: ReportFlags, shards: ShardFlags
) -> None:
    """Print the Job of this report."""
    if shards != replace(ShardFlags(), shards=shards.shards):
        raise UsageError("--shard, --now and --part-folder are for the pods: remove them")
    with command_session(cluster) as session:
        print_report_job(job, shards.shards, flags, session.namespace, service, cluster)


def _merge(
    files: list[str], flags: ReportFlags, shards: ShardFlags, terminal: TerminalFlags, output: VolumeReportFormat
) -> int:
    """Merge the parts in these files, and print them as one report."""
    from kubectl_cbt.cli.file_argument import opened_reports
    from kubectl_cbt.cli.print_report import ReportOutput, print_merged
    from kubectl_cbt.documents.report_parts import merge_parts

    if not files:
        raise UsageError("--merge needs the parts: files, or - for standard input")
    flags.check_merge()
    if shards != ShardFlags():
        raise UsageError("--merge reads what shards wrote: remove --shard, --shards, --now and --part-folder")
    merged = merge_parts(opened_reports(files))
    conditions = flags.conditions(is_part=not merged.report.has_streams)
    compared = flags.compared(merged.report.scope)
    return print_merged(merged, ReportOutput(output, terminal, conditions, compared))
