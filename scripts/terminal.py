"""Run a program on a pseudo-terminal, to get the output that a user sees."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
from collections.abc import Mapping, Sequence
from typing import IO

COLUMNS = 100
_PATIENCE_SECONDS = 100
"""A limit for a program that waits for a key."""


def run_on_terminal(
    arguments: Sequence[str], environment: Mapping[str, str], *, stdout: IO[bytes] | None = None
) -> tuple[int, str]:
    """Return the exit code and the terminal's output; ``stdout``, if given, receives standard output instead."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, COLUMNS, 0, 0))
    with subprocess.Popen(
        arguments, env=environment, stdin=terminal, stdout=terminal if stdout is None else stdout, stderr=terminal
    ) as process:
        os.close(terminal)
        watch = threading.Timer(_PATIENCE_SECONDS, process.kill)
        watch.start()
        shown = b""
        # Linux reports the end of a terminal as an error after its last user has closed it.
        with contextlib.suppress(OSError):
            while data := os.read(controller, 65536):
                shown += data
        watch.cancel()
        os.close(controller)
    return process.returncode, shown.decode().replace("\r\n", "\n")
