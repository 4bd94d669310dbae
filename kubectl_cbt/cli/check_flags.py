"""The flags of ``check``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from kubectl_cbt.cli.options import parsed_duration
from kubectl_cbt.output.report import ReportFormat


@dataclass(frozen=True, slots=True)
class CheckFlags:
    """The cases to run, how to run them, and the output format."""

    third: Annotated[
        str,
        typer.Option(
            "--third",
            metavar="SNAPSHOT",
            help="Third snapshot of the volume, for the checks over three; found automatically in a cluster. With "
            "--csi-endpoint it must be newer than TARGET.",
        ),
    ] = ""
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CASE", help="Run only these cases, for example resume-*. Can be repeated."),
    ] = None
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="CASE", help="Skip these cases. Can be repeated.")
    ] = None
    hostile: Annotated[
        bool,
        typer.Option(
            "--hostile", help="Also send negative and out-of-range values. Known to hang at least one driver."
        ),
    ] = False
    deadline: Annotated[
        float,
        typer.Option(
            "--deadline",
            parser=parsed_duration,
            show_default="60s",
            metavar="DURATION",
            help="Time limit for each answer.",
        ),
    ] = 60.0
    listed: Annotated[bool, typer.Option("--list", help="List the cases and exit.")] = False
    explain: Annotated[
        str, typer.Option("--explain", metavar="CASE", help="Explain a case: what it checks, why, and the usual bug.")
    ] = ""
    output: Annotated[ReportFormat, typer.Option("--output", "-o", help="Output format.")] = ReportFormat.TABLE
