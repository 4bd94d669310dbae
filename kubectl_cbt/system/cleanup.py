"""Temporary folders that are deleted before the command ends, however it ends.

A signal becomes an exception at an arbitrary point (``cli/signals.py``). Between the creation of a folder and the
registration of its name, or during its removal, it would leak the folder. So both are protected from signals, and any
remaining folder is removed at exit.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_lock = threading.Lock()
_deferring = 0
_folders: set[str] = set()


@contextlib.contextmanager
def defer_signals() -> Iterator[None]:
    """Delay exceptions of signals until after the block. For short blocks that do not wait."""
    global _deferring  # one count for the process, as signals are
    with _lock:
        _deferring += 1
    try:
        yield
    finally:
        with _lock:
            _deferring -= 1


def signals_are_deferred() -> bool:
    """Whether any thread is inside :func:`defer_signals`. Takes no lock: signal handlers call it."""
    return _deferring > 0


@contextlib.contextmanager
def temporary_folder(prefix: str, parent: Path | None = None) -> Iterator[Path]:
    """A new folder that only this user can access, deleted at the end of the block.

    Args:
        parent: where to create it, for a file that is moved to its place when it is complete; None for the system's
            own place.

    Raises:
        OSError: it cannot be created.
    """
    # Imported here: every command imports this module, before it handles signals.
    import tempfile
    from pathlib import Path

    path = ""
    try:
        with defer_signals():
            path = tempfile.mkdtemp(prefix=prefix, dir=parent)
            _folders.add(path)
        yield Path(path)
    finally:
        if path:
            with defer_signals():
                _remove(path)


def remove_leftovers() -> None:
    """Delete the temporary folders whose removal was interrupted by a second signal."""
    for path in tuple(_folders):
        _remove(path)


def _remove(path: str) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)
    _folders.discard(path)
