"""The flags that divide ``report`` into shards."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.options import parser_of
from kubectl_cbt.errors import UsageError
from kubectl_cbt.output.volume_report.report_formats import VolumeReportFormat
from kubectl_cbt.units import parse_time
from kubectl_cbt.utf8 import require_utf8

if TYPE_CHECKING:
    from kubectl_cbt.model.report_part import ReportPart, Shard

INDEX_VARIABLE = "JOB_COMPLETION_INDEX"
"""Kubernetes sets it in the pods of an Indexed Job."""
RUN_VARIABLE = "KUBECTL_CBT_RUN"
"""Identifies the run of a Job; the printed Job sets it."""


@dataclass(frozen=True, slots=True)
class ShardFlags:
    """Which part of the volumes is measured."""

    shard: Annotated[
        str,
        typer.Option(
            "--shard",
            metavar="INDEX/COUNT",
            help="Measure only the volumes of this shard, from 0/COUNT to COUNT-1/COUNT, and write its part of the"
            " report: add -o ndjson.",
        ),
    ] = ""
    shards: Annotated[
        int | None,
        typer.Option(
            "--shards",
            min=1,
            max=10_000,
            metavar="COUNT",
            help=f"The same in a pod of an Indexed Job: the index is ${INDEX_VARIABLE}. With --print-job: number of"
            " shards, a pod each.",
        ),
    ] = None
    now: Annotated[
        datetime | None,
        typer.Option(
            "--now",
            parser=parser_of(parse_time),
            metavar="TIME",
            show_default="now",
            help="The time that ages refer to, as 2025-06-02T08:00:00Z: the same for all shards.",
        ),
    ] = None
    part_folder: Annotated[
        str,
        typer.Option(
            "--part-folder",
            metavar="FOLDER",
            help="With a shard: also write the part to a file in this folder, which appears when it is whole.",
        ),
    ] = ""

    def part(self, form: VolumeReportFormat, fail_on: str) -> ReportPart | None:
        """The part of the report to measure; None for the whole report.

        Raises:
            UsageError: the shard is invalid, or another flag contradicts it.
        """
        shard = self._shard()
        if shard is None:
            if self.part_folder:
                raise UsageError("--part-folder requires --shard or --shards")
            return None
        if form is not VolumeReportFormat.NDJSON:
            raise UsageError("a shard is a part of a report: add -o ndjson, and choose the format with --merge")
        if fail_on:
            raise UsageError("--fail-on judges a whole report: give it with --merge")
        from kubectl_cbt.model.report_part import ReportPart

        run = os.environ.get(RUN_VARIABLE, "")
        require_utf8(RUN_VARIABLE, run)
        return ReportPart(shard, self.now, run)

    def _shard(self) -> Shard | None:
        from kubectl_cbt.model.report_part import Shard

        if self.shard and self.shards is not None:
            raise UsageError("--shard and --shards cannot be combined")
        try:
            if self.shard:
                return Shard.parse(self.shard)
            if self.shards is None:
                return None
            index = os.environ.get(INDEX_VARIABLE, "")
            if not index:
                raise UsageError(
                    f"--shards needs ${INDEX_VARIABLE}, which is set in the pods of an Indexed Job",
                    hint=f"elsewhere, name the shard: --shard 0/{self.shards}",
                )
            return Shard.parse(f"{index}/{self.shards}")
        except ValueError as error:
            raise UsageError(f"{'--shard' if self.shard else f'${INDEX_VARIABLE}'}: {error}") from error
