"""``open``: show or print a saved document or a recording, without a cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, BinaryIO

import typer

from kubectl_cbt.cli.launch_tui import has_screen, show_map, wants_screen
from kubectl_cbt.cli.options import MapFlags, MaxMessageSize, PictureFlags, TerminalFlags
from kubectl_cbt.cli.print_stream import print_stream
from kubectl_cbt.errors import DocumentError, UsageError
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES
from kubectl_cbt.system.paths import expanded
from kubectl_cbt.units import as_argument

_STDIN = "-"


def open_file(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A saved document or a recording; - for standard input.")],
    terminal: TerminalFlags,
    map_flags: MapFlags,
    picture: PictureFlags,
    output: Annotated[
        StreamFormat | None,
        typer.Option("--output", "-o", help="Output format (default: the map on a terminal, otherwise summary)."),
    ] = None,
    max_message_size: MaxMessageSize = MAX_MESSAGE_BYTES,
    kind: Annotated[
        Operation | None,
        typer.Option(
            "--kind", help="Whether a lister document is a delta or allocated (the format does not record it)."
        ),
    ] = None,
) -> None:
    """Open a saved document or a recording.

    Reads the output of -o json and -o ndjson, exports of the map, recordings made with --record, and the messages
    printed by snapshot-metadata-lister -o json or grpcurl. Of a truncated document, everything before the end is shown.
    With -o, prints it in another format.

    Exit status: 0 success; 1 the document is invalid or incomplete; 2 usage error.

    \b
    Examples:
      kubectl cbt delta pg-mon pg-tue -n shop -o json > delta.json
      kubectl cbt open delta.json

    \b
      # Watch a stream while it is being saved
      kubectl cbt delta pg-mon pg-tue -n shop -o ndjson | tee delta.ndjson | kubectl cbt open -

    \b
      # Convert to another format
      kubectl cbt open delta.json -o csv
    """
    from kubectl_cbt.core.file_backend import FileBackend

    picture.check(output)
    shown = wants_screen(output) or (file == _STDIN and output is None and has_screen())
    with _opened(file, keyboard=shown) as (data, name):
        opened = FileBackend(data, name, kind, max_message_size).open()
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


@contextmanager
def _opened(file: str, *, keyboard: bool) -> Iterator[tuple[BinaryIO, str]]:
    """The file, and its name for messages.

    Args:
        keyboard: whether standard input is needed for keys; the document then moves to another descriptor.
    """
    if file == _STDIN:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("there is no document on standard input", hint="kubectl cbt open FILE")
        with _standard_input(keyboard=keyboard) as data:
            yield data, "standard input"
        return
    try:
        data = expanded(file).open("rb")
    except OSError as error:
        raise DocumentError(f"{file} cannot be opened: {error.strerror}", hint=_unreadable(error, file)) from error
    with data:
        yield data, file


def _unreadable(error: OSError, file: str) -> str:
    if isinstance(error, IsADirectoryError):
        return "name one of the files in the folder"
    if isinstance(error, FileNotFoundError) and "/" not in file:
        return f"open reads files; if {file} is a VolumeSnapshot: kubectl cbt allocated {as_argument(file)}"
    return ""


def _standard_input(*, keyboard: bool) -> BinaryIO:
    if not keyboard:
        return os.fdopen(os.dup(0), "rb", buffering=0)
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        raise UsageError("there is no terminal to read keys from", hint="print it instead: -o summary") from error
    data = os.fdopen(os.dup(0), "rb", buffering=0)
    os.dup2(terminal, 0)
    os.close(terminal)
    return data
