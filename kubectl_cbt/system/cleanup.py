"""What has to be deleted before the command ends, whatever ends it.

A signal becomes an exception at an arbitrary place (``cli/signals.py``). One that falls between the making of a
folder and the first line that knows of it, or into its removal, would leave the folder behind. So both happen
undisturbed, and what is left all the same is removed at the very end.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_lock = threading.Lock()
_undisturbed = 0
_folders: set[str] = set()


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """No signal raises inside the block; it raises soon after. For blocks that cannot wait for anybody."""
    global _undisturbed  # one count for the process, as signals are
    with _lock:
        _undisturbed += 1
    try:
        yield
    finally:
        with _lock:
            _undisturbed -= 1


def is_undisturbed() -> bool:
    """Whether any thread is inside :func:`undisturbed`. Takes no lock: signal handlers call it."""
    return _undisturbed > 0


@contextlib.contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A new folder that only this user may enter, deleted when the block is left.

    Raises:
        OSError: no folder can be made.
    """
    # Here, as every command imports this module, and before it heeds signals.
    import tempfile
    from pathlib import Path

    path = ""
    try:
        with undisturbed():
            path = tempfile.mkdtemp(prefix=prefix)
            _folders.add(path)
        yield Path(path)
    finally:
        if path:
            with undisturbed():
                _remove(path)


def remove_leftovers() -> None:
    """Delete the temporary folders whose removal a second signal cut short."""
    for path in tuple(_folders):
        _remove(path)


def _remove(path: str) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)
    _folders.discard(path)
