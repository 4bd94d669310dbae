"""A command on a pseudo-terminal, read by a terminal emulator."""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable

import pyte
from conftest import COMMAND, after, command_environment, warm_command
from warm import WarmCommand, WarmProcess

PATIENCE_SECONDS = 60
"""Only a hang takes so long; no test is about time."""


class Terminal:
    """A command on a terminal of its own.

    The screen is what a terminal emulator makes of everything written so far.

    Args:
        installed: run the installed script, and not a fork of a process that has its imports done.
    """

    def __init__(
        self,
        *arguments: str,
        columns: int = 100,
        rows: int = 30,
        stdin=None,
        installed: bool = False,
        **environment: str,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._lines: dict[int, str] = {}
        self.written = b""
        self._controller, self._terminal = pty.openpty()
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(self._terminal)
        environment = command_environment(TERM="xterm-256color", COLORTERM="truecolor") | environment
        start = self._start_installed if installed or not WarmCommand.takes(environment) else self._start_warm
        self.process = start(list(arguments), environment, stdin)

    def _start_warm(self, arguments: list[str], environment: dict[str, str], stdin) -> WarmProcess:
        keyboard = self._terminal if stdin is None else stdin.fileno()
        descriptors = (keyboard, self._terminal, self._terminal)
        return warm_command().start(arguments, environment, descriptors, leads_terminal=True)

    def _start_installed(self, arguments: list[str], environment: dict[str, str], stdin) -> subprocess.Popen:
        return subprocess.Popen(
            after("import fcntl, termios; fcntl.ioctl(1, termios.TIOCSCTTY, 0)", COMMAND, *arguments),
            env=environment,
            stdin=self._terminal if stdin is None else stdin,
            stdout=self._terminal,
            stderr=self._terminal,
            start_new_session=True,
        )

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._controller, keys.encode())

    def read(self) -> None:
        """Take what is there, and wait a moment for something if nothing is."""
        data = b""
        # A terminal hands over 4 KiB at a time.
        while len(data) < 65536 and select.select([self._controller], [], [], 0 if data else 0.1)[0]:
            data += os.read(self._controller, 65536)
        self.written += data
        # An emulator of 2015 does not know the newest of keyboard protocols.
        self._stream.feed(re.sub(rb"\x1b\[[<>=?][0-9;]*u", b"", data))

    def settle(self) -> None:
        """Read until nothing more comes for a while."""
        before = -1
        while before != len(self.written):
            before = len(self.written)
            for _ in range(3):
                self.read()

    def wait_for(self, text: str) -> str:
        """The screen, once it shows a text."""
        self.wait_until(lambda: text in self.text, text)
        return self.text

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        """Read until something holds."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < until, f"never saw {what!r}:\n{self.text}"
            assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.text}"
            self.read()

    def ground_of(self, text: str) -> str:
        """The background behind a text: what tells which of the choices has the keyboard."""
        row, line = next((row, line) for row, line in enumerate(self.lines) if text in line)
        return self.screen.buffer[row][line.index(text)].bg

    def grounds_between(self, text: str, other: str) -> list[str]:
        """The backgrounds between two texts of one line."""
        row, line = next((row, line) for row, line in enumerate(self.lines) if text in line and other in line)
        columns = range(line.index(text) + len(text), line.index(other))
        return [self.screen.buffer[row][column].bg for column in columns]

    @property
    def lines(self) -> list[str]:
        """The lines of the screen; the emulator's own ``display`` makes all of them again, cell by cell."""
        for row in self.screen.dirty:
            cells = self.screen.buffer[row]
            self._lines[row] = "".join(cells[column].data for column in range(self.screen.columns))
        self.screen.dirty.clear()
        return [self._lines[row] for row in range(self.screen.lines)]

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self.lines)

    def end(self) -> int:
        """The exit code, once it has ended."""
        until = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < until, f"does not end:\n{self.text}"
            self.read()
        while select.select([self._controller], [], [], 0)[0]:
            self.read()
        return self.process.returncode

    @property
    def after_the_screen(self) -> bytes:
        """What was written once the terminal had its own screen back."""
        written = self.written[self.written.rfind(b"\x1b[?1049l") :]
        return re.sub(rb"\x1b\[[?>=]?[0-9;]*[a-zA-Z]|\x1b\][^\x07]*\x07", b"", written).strip()

    @property
    def is_restored(self) -> bool:
        """Whether the terminal is as it was: line by line, echoing, its own screen, its cursor, its mouse."""
        return (
            termios.tcgetattr(self._terminal) == self.before
            and self.written.rfind(b"\x1b[?1049l") > self.written.rfind(b"\x1b[?1049h")
            and self.written.rfind(b"\x1b[?25h") > self.written.rfind(b"\x1b[?25l")
            and self.written.rfind(b"\x1b[?1000l") >= self.written.rfind(b"\x1b[?1000h")
        )

    def waiting_bytes(self) -> int:
        """How much was written that nobody has read."""
        return struct.unpack("i", fcntl.ioctl(self._controller, termios.FIONREAD, b"\0" * 4))[0]

    def hang_up(self) -> None:
        """The viewport is closed; the terminal of the process is gone."""
        os.close(self._terminal)
        os.close(self._controller)
        self._controller = self._terminal = -1

    def close(self) -> None:
        """Whatever happened."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        for descriptor in {self._controller, self._terminal} - {-1}:
            os.close(descriptor)
