"""Standard output: data, unbuffered."""

from __future__ import annotations

import os
import select
import sys
from typing import TYPE_CHECKING

from kubectl_cbt.cli.charset import as_text
from kubectl_cbt.errors import OutputError

if TYPE_CHECKING:
    from kubectl_cbt.cli.signals import GracefulStop

_AT_ONCE_BYTES = 2**16
"""The size of a pipe on Linux: while the reader reads anything, a write of this size returns."""


class StdoutClosed(Exception):  # not an error: the reader needs no more
    """The other end of the pipe was closed, as ``head`` does."""


class StandardOutput:
    """Writes without a buffer: a reader gets each batch when it arrives, and a full pipe blocks the writer.

    Args:
        stop: if given, a reader that has stopped reading cannot delay the end of the command.
    """

    def __init__(self, stop: GracefulStop | None = None) -> None:
        self._stop = stop

    def write(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            StdoutClosed: the reader closed the pipe.
            Terminated: the reader has stopped reading, and a signal ends the command.
            OutputError: the disk is full, or standard output is closed.
        """
        rest = memoryview(data)
        try:
            descriptor = sys.stdout.fileno()
            while rest:
                rest = rest[self._write_some(descriptor, rest[:_AT_ONCE_BYTES]) :]
        except BrokenPipeError as error:
            raise StdoutClosed from error
        except (OSError, ValueError, AttributeError) as error:
            # In Python, a closed stdout is None or raises ValueError.
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is closed"
            raise OutputError(f"cannot write to standard output: {reason}") from error

    def _write_some(self, descriptor: int, data: memoryview) -> int:
        if self._stop is None:
            return _write_blocking(descriptor, data)
        with self._stop.may_block():
            return _write_blocking(descriptor, data)


def _write_blocking(descriptor: int, data: memoryview) -> int:
    while True:
        try:
            return os.write(descriptor, data)
        except BlockingIOError:
            # Another process that shares the descriptor has made it non-blocking.
            select.select((), (descriptor,), ())


def write_stdout(text: str, *, is_document: bool = False) -> None:
    """Write a whole text; raises the errors of :meth:`StandardOutput.write`.

    Args:
        is_document: the text is for a program, and UTF-8 in every locale.
    """
    data = text.encode()
    StandardOutput().write(data if is_document else as_text(data))
