"""The flags of a file argument: what the format of the file does not record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from kubectl_cbt.cli.options import parsed_size
from kubectl_cbt.documents.reading_options import FileFormat, ReadingOptions
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.stream_query import Operation


@dataclass(frozen=True, slots=True)
class FileFlags:
    """How to read a saved list of extents."""

    kind: Annotated[
        Operation | None,
        typer.Option("--kind", help="Whether the file is a delta or allocated, if its format does not record it."),
    ] = None
    capacity: Annotated[
        int | None,
        typer.Option(
            "--capacity",
            parser=parsed_size,
            metavar="SIZE",
            help="Size of the volume, for example 10Gi, if the file does not record it.",
        ),
    ] = None
    unit: Annotated[
        int | None,
        typer.Option(
            "--unit",
            parser=parsed_size,
            metavar="SIZE",
            help="With --from-format ranges: bytes per number, for example 512 or 4Ki (default 1).",
        ),
    ] = None
    from_format: Annotated[
        FileFormat | None,
        typer.Option(
            "--from-format",
            help="Format that the file, or one of two files, must have (default: recognized by its content).",
        ),
    ] = None

    def options(self) -> ReadingOptions:
        """The flags as options for the documents.

        Raises:
            UsageError: there is a unit, but the format has none.
        """
        if self.unit is not None and self.from_format is not FileFormat.RANGES:
            raise UsageError("--unit needs --from-format ranges", hint="all other formats record their unit")
        return ReadingOptions(self.kind, self.capacity, self.unit or 1, self.from_format)
