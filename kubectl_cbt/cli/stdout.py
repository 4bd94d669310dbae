"""Standard output: data, unbuffered, and the ways it can fail."""

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
"""As much as an empty pipe takes on Linux: a reader that takes anything at all is seen to do so."""


class StdoutClosed(Exception):  # no error: the reader has seen enough
    """The other end of the pipe was closed, as ``head`` does."""


class StandardOutput:
    """Writes everything it is given, at once: a reader sees each batch when it comes, and a full pipe blocks us.

    Args:
        stop: when given, a reader that takes nothing any more cannot hold up a command that is to stop.
    """

    def __init__(self, stop: GracefulStop | None = None) -> None:
        self._stop = stop

    def write(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            ReaderGone: nobody reads any more.
            Stopped: a reader takes nothing any more, and the command is to stop.
            OutputError: a full disk, a closed descriptor.
        """
        rest = memoryview(data)
        try:
            descriptor = sys.stdout.fileno()
            while rest:
                rest = rest[self._write_some(descriptor, rest[:_AT_ONCE_BYTES]) :]
        except BrokenPipeError as error:
            raise StdoutClosed from error
        except (OSError, ValueError, AttributeError) as error:
            # A closed stdout is None, or a ValueError, in Python.
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
            # Whoever shares the other end's descriptor with us has made it so.
            select.select((), (descriptor,), ())


def write_stdout(text: str, *, is_document: bool = False) -> None:
    """Write all of a text that is not a stream; raises as :meth:`StandardOutput.write`.

    Args:
        is_document: for a program, so it is UTF-8 whatever the locale.
    """
    data = text.encode()
    StandardOutput().write(data if is_document else as_text(data))
