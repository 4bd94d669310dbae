"""The key "ctrl+z" suspends the command and gives the terminal back; fg continues, with the screen as it was."""

import shlex
import subprocess

import pytest
from conftest import COMMAND, after, command_environment
from pseudo_terminal import Terminal


class Shell(Terminal):
    """A shell with job control on a terminal of its own: only there can a command be suspended."""

    def _start_installed(self, arguments, environment, stdin) -> subprocess.Popen:
        return subprocess.Popen(
            after("import fcntl, termios; fcntl.ioctl(1, termios.TIOCSCTTY, 0)", "/bin/sh", "-i"),
            env=environment | command_environment() | {"PS1": "ready> ", "ENV": ""},
            stdin=self._terminal,
            stdout=self._terminal,
            stderr=self._terminal,
            start_new_session=True,
        )


@pytest.fixture
def shell():
    opened = Shell(installed=True)
    yield opened
    opened.press("\x03")
    opened.close()


def test_ctrl_z_suspends_and_fg_continues_where_it_was(shell):
    shell.wait_for("ready>")
    # The shell and what it starts end with the terminal, whatever happens.
    shell.press(shlex.join([str(COMMAND), "delta", "pg-mon", "pg-tue", "-n", "shop", "--demo"]) + "\r")
    shell.wait_for("complete")
    shell.press("g")
    shell.wait_for("0x0")
    shell.press("\x1a")
    shell.wait_until(lambda: shell.written.rfind(b"ready> ") > shell.written.rfind(b"\x1b[?1049l") > 0, "the prompt")
    assert shell.is_restored
    shell.press("jobs\r")
    shell.wait_until(lambda: b"topped" in shell.written or b"uspended" in shell.written, "a stopped job")
    written = len(shell.written)
    shell.press("fg\r")
    shell.wait_until(lambda: b"\x1b[?1049h" in shell.written[written:], "the map's screen")
    shell.wait_for("0x0")
    shell.press("q")
    shell.wait_until(lambda: shell.written.rfind(b"ready> ") > shell.written.rfind(b"\x1b[?1049h"), "the prompt")
    assert shell.is_restored
    shell.press("exit\r")
    assert shell.end() == 0
