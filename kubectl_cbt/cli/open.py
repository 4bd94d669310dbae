"""``open``: show or print a saved document or a recording, without a cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from kubectl_cbt.cli.compare_files import ComparisonArguments, compare_files
from kubectl_cbt.cli.file_argument import OPEN, STDIN, opened_file
from kubectl_cbt.cli.file_flags import FileFlags
from kubectl_cbt.cli.launch_tui import has_screen, show_map, wants_screen
from kubectl_cbt.cli.options import MapFlags, MaxMessageSize, PictureFlags, TerminalFlags
from kubectl_cbt.cli.print_stream import print_stream
from kubectl_cbt.errors import UsageError
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES


def open_file(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A saved document, a recording or a list of extents of another tool; - for standard input.",
        ),
    ],
    file_flags: FileFlags,
    terminal: TerminalFlags,
    map_flags: MapFlags,
    picture: PictureFlags,
    output: Annotated[
        StreamFormat | None,
        typer.Option("--output", "-o", help="Output format (default: the map on a terminal, otherwise summary)."),
    ] = None,
    max_message_size: MaxMessageSize = MAX_MESSAGE_BYTES,
    other: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="A second file: show both as kubectl cbt compare does.")
    ] = None,
) -> None:
    """Open a saved document, a recording or a list of extents of another tool.

    Reads the output of -o json, -o ndjson and -o csv, exports of the map, recordings made with --record, the messages
    printed by snapshot-metadata-lister -o json or grpcurl, and the output of rbd diff, qemu-img map, nbdinfo --map,
    filefrag -v, thin_delta, thin_dump, aws ebs and ddrescue; compressed with gzip, bzip2 or xz as well. Of a truncated
    file, everything before the end is shown. With -o, prints it in another format.

    Exit status: 0 success; 1 the document is invalid or incomplete; 2 usage error; of two files that of "kubectl cbt
    compare".

    \b
    Examples:
      kubectl cbt delta pg-mon pg-tue -n shop -o json > delta.json
      kubectl cbt open delta.json

    \b
      # Watch a stream while it is being saved
      kubectl cbt delta pg-mon pg-tue -n shop -o ndjson | tee delta.ndjson | kubectl cbt open -

    \b
      # Two files in one map: what only one of them has, and what both have
      kubectl cbt open before.json after.json

    \b
      # Convert to another format
      kubectl cbt open delta.json -o csv

    \b
      # Open what another tool printed
      qemu-img map --output=json disk.qcow2 | kubectl cbt open - --capacity 64Gi
      kubectl cbt open sectors.txt --from-format ranges --unit 512 --kind delta
    """
    from kubectl_cbt.core.file_backend import FileBackend

    picture.check(output)
    if other is not None:
        if output is not None:
            raise UsageError("-o prints one file", hint="kubectl cbt compare prints what differs between two files")
        arguments = ComparisonArguments(file, other, max_message_bytes=max_message_size)
        raise typer.Exit(compare_files(arguments, file_flags, None, terminal, map_flags, picture))
    options = file_flags.options()
    shown = wants_screen(output) or (file == STDIN and output is None and has_screen())
    with opened_file(file, OPEN, keyboard=shown) as (data, name):
        opened = FileBackend(data, name, options, max_message_size).open()
        if shown:
            raise typer.Exit(show_map(opened, None, map_flags, terminal))
        form = output or StreamFormat.SUMMARY
        if opened.operation is None and form.writer.needs_operation:
            raise UsageError(
                f"{name} does not record whether it is a delta or allocated, and -o {form} needs it",
                hint="add --kind delta or --kind allocated",
            )
        raise typer.Exit(
            print_stream(opened.stream, opened.resolved, output, terminal, map_flags, picture, can_resume=False)
        )
