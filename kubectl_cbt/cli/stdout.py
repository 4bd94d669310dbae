"""Standard output: data, unbuffered, and the ways it can fail."""

from __future__ import annotations

import os
import select
import stat
import sys
from typing import TYPE_CHECKING

from kubectl_cbt.errors import OutputError

if TYPE_CHECKING:
    from kubectl_cbt.cli.stopping import StopRequest

_LOOK_UP_MILLISECONDS = 200


class ReaderGone(Exception):  # no error: the reader has seen enough
    """The other end of the pipe was closed, as ``head`` does."""


class StandardOutput:
    """Writes everything it is given, at once: a reader sees each batch when it comes, and a full pipe blocks us.

    Args:
        stop: when given, a reader that takes nothing any more cannot hold up a command that is to stop.
    """

    def __init__(self, stop: StopRequest | None = None) -> None:
        self._stop = stop

    def write(self, text: str) -> None:
        """Write all of it.

        Raises:
            ReaderGone: nobody reads any more.
            Stopped: a reader takes nothing any more, and the command is to stop.
            OutputError: a full disk, a closed descriptor.
        """
        data = memoryview(text.encode())
        try:
            descriptor = sys.stdout.fileno()
            is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
            while data:
                if not is_file:
                    self._wait(descriptor)
                # What a pipe that is ready takes without blocking; a file never blocks.
                data = data[os.write(descriptor, data if is_file else data[: select.PIPE_BUF]) :]
        except BrokenPipeError as error:
            raise ReaderGone from error
        except (OSError, ValueError, AttributeError) as error:
            # A closed stdout is None, or a ValueError, in Python.
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is closed"
            raise OutputError(f"cannot write to standard output: {reason}") from error

    def _wait(self, descriptor: int) -> None:
        ready = select.poll()
        ready.register(descriptor, select.POLLOUT)
        while not ready.poll(_LOOK_UP_MILLISECONDS):
            if self._stop is not None and self._stop.overdue:
                self._stop.give_up()


def write_stdout(text: str) -> None:
    """Write all of a text that is no stream; raises as :meth:`StandardOutput.write`."""
    StandardOutput().write(text)
