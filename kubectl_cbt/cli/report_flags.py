"""The flags of ``report``, and the reports that they name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.file_argument import REPORT, opened_file
from kubectl_cbt.cli.options import DEFAULT_CHUNK_BYTES, parsed_chunk, parsed_duration, parsed_rate
from kubectl_cbt.errors import UsageError
from kubectl_cbt.units import as_argument, human_bytes

if TYPE_CHECKING:
    from kubectl_cbt.analysis.report_guard import Condition
    from kubectl_cbt.model.volume_report import ReportScope, VolumeReport

DEFAULT_RATE = 200_000_000
MOST_PARALLEL = 64


@dataclass(frozen=True, slots=True)
class ReportFlags:
    """What is measured, and what makes the report fail."""

    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Report the volumes of all namespaces.")
    ] = False
    selector: Annotated[
        str,
        typer.Option("--selector", "-l", metavar="LABELS", help="Label selector of the snapshots, for example app=db."),
    ] = ""
    driver: Annotated[
        str, typer.Option("--driver", metavar="NAME", help="Report the volumes of this CSI driver only.")
    ] = ""
    chunk: Annotated[
        int,
        typer.Option(
            "--chunk",
            parser=parsed_chunk,
            show_default="1Mi",
            metavar="SIZE",
            help="Size of the chunks that a backup reads: a power of two.",
        ),
    ] = DEFAULT_CHUNK_BYTES
    rate: Annotated[
        int,
        typer.Option(
            "--rate",
            parser=parsed_rate,
            show_default="200MB/s",
            metavar="SIZE/s",
            help="Speed of a backup, for its window.",
        ),
    ] = DEFAULT_RATE
    parallel: Annotated[
        int,
        typer.Option(
            "--parallel",
            min=1,
            max=MOST_PARALLEL,
            metavar="N",
            help="Streams at a time, at most two of them of one service.",
        ),
    ] = 4
    max_time: Annotated[
        float | None,
        typer.Option(
            "--max-time",
            parser=parsed_duration,
            metavar="DURATION",
            help="Stop measuring after this time; what is left is reported as incomplete.",
        ),
    ] = None
    no_streams: Annotated[
        bool, typer.Option("--no-streams", help="Query no streams: the inventory and the recovery points only.")
    ] = False
    resume_from: Annotated[
        str,
        typer.Option(
            "--resume-from",
            metavar="FILE",
            help="A report in JSON: keep its complete streams as long as the snapshots exist, and query only the rest.",
        ),
    ] = ""
    diff: Annotated[
        str,
        typer.Option("--diff", metavar="FILE", help="An earlier report in JSON: list what differs from it."),
    ] = ""
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            metavar="CONDITIONS",
            help="Exit with status 1 if a volume meets one of these (default incomplete): no-cbt, incomplete,"
            " rpo=24h, window=4h; separated by commas.",
        ),
    ] = ""

    def conditions(self, *, is_part: bool = False) -> tuple[Condition, ...]:
        """The conditions of ``--fail-on``.

        Args:
            is_part: whether the report is a shard's: a volume that fails is left to the merged report.

        Raises:
            UsageError: one is invalid, or needs the streams that ``--no-streams`` leaves out.
        """
        from kubectl_cbt.analysis.report_guard import parse_conditions

        if not self.fail_on:
            return () if self.no_streams or is_part else parse_conditions("incomplete")
        try:
            found = parse_conditions(self.fail_on)
        except ValueError as error:
            raise UsageError(f"--fail-on: {error}") from error
        if self.no_streams and (needing := [one.text for one in found if one.needs_streams]):
            raise UsageError(f"--fail-on {needing[0]} needs streams: remove --no-streams")
        return found

    def check_merge(self) -> None:
        """Refuse flags that measuring needs: parts have their own.

        Raises:
            UsageError: one was given.
        """
        if self != replace(ReportFlags(), fail_on=self.fail_on, diff=self.diff):
            raise UsageError("--merge takes all settings from the parts: only --fail-on, --diff and -o can be added")

    def resumed(self, scope: ReportScope) -> VolumeReport | None:
        """The report of ``--resume-from``; None without one.

        Raises:
            DocumentError: it cannot be read.
            UsageError: it was made with another size of chunks, or of other volumes.
        """
        if not self.resume_from:
            return None
        if self.no_streams:
            raise UsageError("--resume-from needs streams: remove --no-streams")
        earlier = _read(self.resume_from, "--resume-from", scope)
        if earlier.chunk_bytes != self.chunk:
            raise UsageError(
                f"--resume-from: {self.resume_from} was made with chunks of {human_bytes(earlier.chunk_bytes)}",
                hint=f"add --chunk {earlier.chunk_bytes}",
            )
        return earlier

    def compared(self, scope: ReportScope) -> VolumeReport | None:
        """The report of ``--diff``; None without one.

        Raises:
            DocumentError: it cannot be read.
            UsageError: it is of other volumes.
        """
        return _read(self.diff, "--diff", scope) if self.diff else None


def _read(file: str, flag: str, scope: ReportScope) -> VolumeReport:
    from kubectl_cbt.documents.report_document import read_report

    with opened_file(file, REPORT) as (data, name):
        report = read_report(data, name)
    if report.scope.selection != scope.selection:
        raise UsageError(
            f"{flag}: {file} is about other volumes than this report", hint=f"it was made with: {_flags(report.scope)}"
        )
    return report


def _flags(scope: ReportScope) -> str:
    flags = ["-A"] if scope.namespace is None else ["-n", as_argument(scope.namespace)]
    flags += ["-l", as_argument(scope.selector)] if scope.selector else []
    flags += ["--driver", as_argument(scope.driver)] if scope.driver else []
    return " ".join(flags)
