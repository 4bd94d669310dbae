"""Standard output: data, unbuffered, and the ways it can fail."""

from __future__ import annotations

import os
import sys

from kubectl_cbt.errors import OutputError


class ReaderGone(Exception):  # no error: the reader has seen enough
    """The other end of the pipe was closed, as ``head`` does."""


def write_stdout(text: str) -> None:
    """Write all of it, at once: a reader sees each batch when it comes, and a full pipe blocks us.

    Raises:
        ReaderGone: nobody reads any more.
        OutputError: a full disk, a closed descriptor.
    """
    data = memoryview(text.encode())
    try:
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]
    except BrokenPipeError as error:
        raise ReaderGone from error
    except (OSError, ValueError, AttributeError) as error:
        # A closed stdout is None, or a ValueError, in Python.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is closed"
        raise OutputError(f"cannot write to standard output: {reason}") from error
