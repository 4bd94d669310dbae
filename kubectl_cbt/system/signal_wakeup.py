"""Makes every signal end a wait of the main thread.

Python runs the handler of a signal in the main thread, between two of its steps. A signal that comes after the last
step before a wait, or that the system gives to another thread, is handled only when the wait ends, which may be never.
So a thread sends the main thread one more signal, soon after each: it has a handler that does nothing, and ends the
wait.
"""

from __future__ import annotations

import os
import signal
import threading
import time

_WAKEUP = getattr(signal, "SIGURG", None)
"""Nothing else uses it, and it is ignored where it has no handler."""
_AFTER_SECONDS = 0.02, 0.1, 0.4
"""Several times: on a busy machine, the main thread may not have reached its wait yet."""
_LOWEST_DESCRIPTOR = 10
"""Not one of the standard streams, if the caller closed them."""


def wake_on_signals() -> None:
    """Begin; for the rest of the process. Does nothing on systems without such signals."""
    if _WAKEUP is None or not hasattr(signal, "pthread_kill"):
        return
    import fcntl

    ends = os.pipe()
    reading, writing = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _LOWEST_DESCRIPTOR) for end in ends)
    for end in ends:
        os.close(end)
    os.set_blocking(writing, False)
    signal.signal(_WAKEUP, lambda number, frame: None)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_wake, args=(reading, _WAKEUP), name="cbt-signals", daemon=True).start()


def _wake(reading: int, wakeup: int) -> None:
    main = threading.main_thread().ident
    assert main is not None  # noqa: S101  # it runs
    while numbers := os.read(reading, 64):
        if set(numbers) == {wakeup}:
            continue
        for seconds in _AFTER_SECONDS:
            time.sleep(seconds)
            signal.pthread_kill(main, wakeup)
