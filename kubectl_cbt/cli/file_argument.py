"""A file argument: a document, a recording or a list of extents, or ``-`` for standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from kubectl_cbt.errors import DocumentError, UsageError
from kubectl_cbt.system.paths import expanded
from kubectl_cbt.units import as_argument

STDIN = "-"


@contextmanager
def opened_file(file: str, *, keyboard: bool = False) -> Iterator[tuple[BinaryIO, str]]:
    """The file, and its name for messages.

    Args:
        file: its name, or ``-`` for standard input.
        keyboard: whether standard input is needed for keys; the document then moves to another descriptor.

    Raises:
        DocumentError: it cannot be opened.
        UsageError: standard input is a terminal.
    """
    if file == STDIN:
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


def opened_files(files: Iterable[str]) -> Iterator[tuple[BinaryIO, str]]:
    """One file after the other, as :func:`opened_file` opens them; each is closed when the next one is read."""
    for file in files:
        with opened_file(file) as opened:
            yield opened


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
