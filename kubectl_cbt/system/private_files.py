"""Paths for data that libraries and programs read only from files, without leaving a file.

On Linux the data stays in memory, so that a full or read-only file system, or a kill at any moment, does no harm.
Elsewhere it is a file that only this user can read, deleted after use.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from kubectl_cbt.system.cleanup import temporary_folder

_LOWEST_DESCRIPTOR = 10
"""Shells use lower descriptors themselves."""


@contextlib.contextmanager
def readable_path(data: bytes) -> Iterator[str]:
    """A path from which this process can read the data repeatedly, within the block.

    Raises:
        OSError: neither memory nor a temporary folder is available.
    """
    with in_memory(data) as descriptor:
        if descriptor is not None:
            yield f"/proc/self/fd/{descriptor}"
            return
    with temporary_folder("kubectl-cbt-") as folder:
        yield str(private_file(folder, data))


@contextlib.contextmanager
def in_memory(data: bytes) -> Iterator[int | None]:
    """A descriptor of the data in sealed memory; None if the system does not support it.

    It is inherited only if it is passed explicitly, and is closed at the end of the block.
    """
    descriptor = _sealed(data)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def private_file(folder: Path, data: bytes) -> Path:
    """A new file in a private folder."""
    path = folder / "data"
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(data)
    return path


def _sealed(data: bytes) -> int | None:
    if not hasattr(os, "memfd_create"):
        return None
    import fcntl

    try:
        first = os.memfd_create("kubectl-cbt", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            descriptor = fcntl.fcntl(first, fcntl.F_DUPFD_CLOEXEC, _LOWEST_DESCRIPTOR)
        finally:
            os.close(first)
    except OSError:  # a sandbox may forbid it
        return None
    try:
        os.fchmod(descriptor, 0o400)
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        if Path(f"/proc/self/fd/{descriptor}").exists():  # /proc need not be mounted
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None
