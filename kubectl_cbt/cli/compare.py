"""``compare``: what only one of two lists of extents has, and what both have, without a cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_cbt.cli.compare_files import ComparisonArguments, compare_files
from kubectl_cbt.cli.file_flags import FileFlags
from kubectl_cbt.cli.options import MapFlags, MaxMessageSize, PictureFlags, TerminalFlags, parsed_size
from kubectl_cbt.output.comparison.comparison_formats import ComparisonFormat
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES


def compare(
    left: Annotated[str, typer.Argument(metavar="LEFT", help="A saved document or a recording; - for standard input.")],
    right: Annotated[str, typer.Argument(metavar="RIGHT", help="The list to compare it with.")],
    file_flags: FileFlags,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    picture: PictureFlags,
    output: Annotated[
        ComparisonFormat | None,
        typer.Option("--output", "-o", help="Output format (default: the map on a terminal, otherwise summary)."),
    ] = None,
    covers: Annotated[
        bool,
        typer.Option(
            "--covers",
            help="Check only whether LEFT contains RIGHT, of a volume of the same size; list what it lacks.",
        ),
    ] = False,
    grain: Annotated[
        int,
        typer.Option(
            "--grain",
            parser=parsed_size,
            show_default=False,
            metavar="SIZE",
            help="Round all extents outwards to multiples of this size first.",
        ),
    ] = 1,
    max_message_size: MaxMessageSize = MAX_MESSAGE_BYTES,
) -> None:
    """Compare two lists of extents of a volume.

    Reports the ranges that only LEFT has, that both have, and that only RIGHT has. Reads all files that "kubectl cbt
    open" reads. On a terminal this opens a map of the volume; elsewhere, or with -o, it prints. What is unknown is
    never equal: an incomplete list is compared as far as it goes, and different capacities or a list without a capacity
    are reported.

    Exit status: 0 equal; with --covers, LEFT contains RIGHT; 1 different; with --covers, LEFT lacks something, or the
    capacities differ; 2 trouble, or no difference was found but not everything was compared, also because the map was
    closed before.

    \b
    Examples:
      # The same delta from the old and the new version of a driver
      kubectl cbt compare before.json after.json

    \b
      # Would a backup by our delta miss what another tool reports?
      kubectl cbt compare --covers delta.json other.json

    \b
      # One driver tracks 4 KiB, the other 64 KiB
      kubectl cbt compare fine.json coarse.json --grain 64Ki -o table

    \b
      # The map as a picture, for a ticket
      kubectl cbt compare before.json after.json -o svg > differences.svg
    """
    picture.check(output)
    arguments = ComparisonArguments(left, right, covers, grain, max_message_size)
    raise typer.Exit(compare_files(arguments, file_flags, output, terminal, map_flags, picture))
