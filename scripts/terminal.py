"""Run a program on a pseudo-terminal, to get the output that a user sees."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Protocol

COLUMNS = 100
_PATIENCE_SECONDS = 100
"""A limit for a program that waits for a key."""


class Program(Protocol):
    """What is started on a terminal: a ``subprocess.Popen``, or what tests use in its place."""

    def kill(self) -> None: ...

    def wait(self) -> int: ...


def run_on_terminal(
    arguments: Sequence[str], environment: Mapping[str, str], *, stdout: IO[bytes] | None = None
) -> tuple[int, str]:
    """Return the exit code and the terminal's output; ``stdout``, if given, receives standard output instead."""

    def start(terminal: int) -> Program:
        out = terminal if stdout is None else stdout
        return subprocess.Popen(arguments, env=environment, stdin=terminal, stdout=out, stderr=terminal)

    return show_on_terminal(start)


def show_on_terminal(start: Callable[[int], Program]) -> tuple[int, str]:
    """Return the exit code and the terminal's output.

    Args:
        start: starts a program on a terminal, given as a file descriptor.
    """
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, COLUMNS, 0, 0))
    try:
        program = start(terminal)
    finally:
        os.close(terminal)
    watch = threading.Timer(_PATIENCE_SECONDS, program.kill)
    watch.start()
    shown = b""
    # Linux reports the end of a terminal, as an error after its last user has closed it.
    with contextlib.suppress(OSError):
        while data := os.read(controller, 65536):
            shown += data
    watch.cancel()
    os.close(controller)
    return program.wait(), shown.decode().replace("\r\n", "\n")
