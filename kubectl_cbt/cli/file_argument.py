"""A file argument: a document, a recording or a list of extents, or ``-`` for standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from kubectl_cbt.errors import DocumentError, UsageError
from kubectl_cbt.system.paths import EMPTY_NAME, expanded
from kubectl_cbt.units import as_argument

STDIN = "-"


class FileUse(NamedTuple):
    """What a command reads a file for, for the hints of errors.

    Attributes:
        verb: the command.
        arguments: how the file is given.
        for_snapshot: the command for a VolumeSnapshot, whose name may have been given; empty for none.
    """

    verb: str
    arguments: str
    for_snapshot: str = ""


OPEN = FileUse("open", "FILE", "kubectl cbt allocated {}")
COMPARE = FileUse("compare", "LEFT RIGHT", "save its list first: kubectl cbt allocated {} -o json")
VERIFY = FileUse("verify --from", "FILE", "kubectl cbt verify {} --device DEVICE")
REPORT = FileUse("report", "--merge FILE ..., or --diff FILE")
BUG_REPORT = FileUse("bug-report", "--error FILE")


@contextmanager
def opened_file(file: str, use: FileUse, *, keyboard: bool = False) -> Iterator[tuple[BinaryIO, str]]:
    """The file, and its name for messages.

    Args:
        file: its name, or ``-`` for standard input.
        use: for hints.
        keyboard: whether standard input is needed for keys; the document then moves to another descriptor.

    Raises:
        DocumentError: it cannot be opened.
        UsageError: standard input is a terminal, or the name is empty.
    """
    if file == STDIN:
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("there is no document on standard input", hint=f"kubectl cbt {use.verb} {use.arguments}")
        with _standard_input(keyboard=keyboard) as data:
            yield data, "standard input"
        return
    if not file:
        raise UsageError("the name of a file is empty", hint=EMPTY_NAME)
    try:
        data = expanded(file).open("rb")
    except OSError as error:
        raise DocumentError(f"{file} cannot be opened: {error.strerror}", hint=_unreadable(error, file, use)) from error
    with data:
        yield data, file


def opened_reports(files: Iterable[str]) -> Iterator[tuple[BinaryIO, str]]:
    """The files of a report, as :func:`opened_file` opens them; each is closed when the next one is read."""
    for file in files:
        with opened_file(file, REPORT) as opened:
            yield opened


def _unreadable(error: OSError, file: str, use: FileUse) -> str:
    if isinstance(error, IsADirectoryError):
        return "name one of the files in the folder"
    if isinstance(error, FileNotFoundError) and "/" not in file and use.for_snapshot:
        command = use.for_snapshot.format(as_argument(file))
        return f"{use.verb} reads files; if {file} is a VolumeSnapshot: {command}"
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
