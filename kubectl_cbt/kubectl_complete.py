"""Entry point of the console script ``kubectl_complete-cbt``, which kubectl runs to complete ``kubectl cbt …``.

Kubectl ignores the output of a script that fails, and shells show its stderr in the middle of the line being typed. So
it always succeeds and prints no errors; at worst it prints no candidates.
"""

import contextlib
import os
import signal
import sys
import threading
import warnings

from kubectl_cbt.cli.signals import raise_on_signals

TIME_LIMIT_SECONDS = 5.0
"""For everything together: a login command may wait for input that never comes, and there are several requests."""

_NOTHING = ":4\n"


def main() -> None:
    """Print the completions of the last argument, and exit with 0."""
    warnings.simplefilter("ignore")
    raise_on_signals()
    _go_silent()
    has_own_session = _leave_terminal()
    alarm = threading.Timer(TIME_LIMIT_SECONDS, os.kill, (os.getpid(), signal.SIGTERM))
    alarm.daemon = True
    alarm.start()
    try:
        text = _completions(sys.argv[1:])
    except BaseException:  # noqa: BLE001  # the user continues typing, whatever failed
        text = _NOTHING
        if has_own_session:
            _end_children()
    alarm.cancel()
    with contextlib.suppress(OSError):
        _write(text.encode(errors="replace"))
    sys.exit(0)


def _completions(words: list[str]) -> str:
    from kubectl_cbt.cli.app import build_command
    from kubectl_cbt.cli.completion.candidates import complete
    from kubectl_cbt.cli.completion.command_spec import read_tree

    return complete(read_tree(build_command()), words).text()


def _go_silent() -> None:
    """Redirect stdin and stderr: login commands inherit them, and would prompt or print on the line being typed."""
    for descriptor, flags in ((0, os.O_RDONLY), (2, os.O_WRONLY)):
        with contextlib.suppress(OSError):
            null = os.open(os.devnull, flags)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)


def _leave_terminal() -> bool:
    """Start a new session: login commands then have no terminal, and can all be ended."""
    try:
        os.setsid()
    except OSError:
        return False  # the process leads a job of the shell
    return True


def _end_children() -> None:
    """End login commands: each completion would leave another one waiting."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(os.getpgrp(), signal.SIGTERM)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


if __name__ == "__main__":
    main()
