"""Data for libraries and programs that read it from a path only, without a file that outlives its use.

On Linux the data stays in memory, so neither a full or read-only file system nor a kill at any moment matters.
Where the system has no such thing it is a file that only we may read, and that is deleted at once.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from kubectl_cbt.system.cleanup import temporary_folder

_LOWEST_DESCRIPTOR = 10
"""Below, shells have descriptors of their own, and some cannot write down higher ones."""


@contextlib.contextmanager
def readable_path(data: bytes) -> Iterator[str]:
    """A path at which this process can read the data, as often as it likes, within the block.

    Raises:
        OSError: there is neither memory nor a folder for temporary files.
    """
    with in_memory(data) as descriptor:
        if descriptor is not None:
            yield f"/proc/self/fd/{descriptor}"
            return
    with temporary_folder("kubectl-cbt-") as folder:
        yield str(private_file(folder, data))


@contextlib.contextmanager
def in_memory(data: bytes) -> Iterator[int | None]:
    """A descriptor of the data in memory, which nothing can change any more; None where the system has no such thing.

    It is not inherited, unless it is handed on by name, and is closed with the block.
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
