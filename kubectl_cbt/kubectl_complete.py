"""Entry point of the console script ``kubectl_complete-cbt``, which kubectl runs to complete ``kubectl cbt …``.

Kubectl drops everything from a script that fails, and shells show what one prints on stderr in the middle of the
line being typed. So it always succeeds, silently, with an empty answer at worst.
"""

import contextlib
import os
import signal
import sys
import threading
import warnings

from kubectl_cbt.cli.signals import raise_on_signals

PATIENCE_SECONDS = 5.0
"""Time limit for a whole completion: a login command can wait for input, and there can be several requests."""

_NOTHING = ":4\n"


def main() -> None:
    """Print what the last argument may become, and leave with 0."""
    warnings.simplefilter("ignore")
    raise_on_signals()
    _go_silent()
    alone = _leave_terminal()
    alarm = threading.Timer(PATIENCE_SECONDS, os.kill, (os.getpid(), signal.SIGTERM))
    alarm.daemon = True
    alarm.start()
    try:
        text = _answer(sys.argv[1:])
    except BaseException:  # noqa: BLE001  # no error may interrupt typing
        text = _NOTHING
        if alone:
            _end_children()
    alarm.cancel()
    with contextlib.suppress(OSError):
        _write(text.encode(errors="replace"))
    sys.exit(0)


def _answer(words: list[str]) -> str:
    from kubectl_cbt.cli.app import build_command
    from kubectl_cbt.cli.completion.candidates import complete
    from kubectl_cbt.cli.completion.command_spec import read_tree

    return complete(read_tree(build_command()), words).text()


def _go_silent() -> None:
    """Login commands inherit these, and would ask on the line being typed, or complain there."""
    for descriptor, flags in ((0, os.O_RDONLY), (2, os.O_WRONLY)):
        with contextlib.suppress(OSError):
            null = os.open(os.devnull, flags)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)


def _leave_terminal() -> bool:
    """Into a session of our own: no login command finds the terminal, and all of them can be ended."""
    try:
        os.setsid()
    except OSError:
        return False  # the shell does this; a call without a shell is only a trial
    return True


def _end_children() -> None:
    """A login command that was given up would wait on, one more with each completion."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(os.getpgrp(), signal.SIGTERM)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    main()
