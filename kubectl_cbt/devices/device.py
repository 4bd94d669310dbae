"""One block device or image file, opened read-only."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from typing import Self

import numpy as np
import numpy.typing as npt

from kubectl_cbt.devices.mounts import mounted_writable
from kubectl_cbt.errors import DeviceError
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.system.paths import EMPTY_NAME, expanded

_KINDS = (
    (stat.S_ISDIR, "is a directory", "name the image file in it"),
    (stat.S_ISCHR, "is a character device", "name a block device or an image file"),
    (stat.S_ISFIFO, "is a pipe", "it must be read in any order: save it to a file first"),
    (stat.S_ISSOCK, "is a socket", "name a block device or an image file"),
)
"""What cannot be read at any offset."""


class Device:
    """A block device or an image file. Its reads may be made in several threads.

    Args:
        path: as the user gave it.

    Attributes:
        name: of the path in messages.
        size_bytes: when it was opened.
        is_block: whether it is a block device.

    Raises:
        DeviceError: it cannot be opened, or must not be compared: it is mounted, or not a device or file.
    """

    def __init__(self, path: str) -> None:
        self.name = path
        if not path:
            raise DeviceError("the name of a device is empty", hint=EMPTY_NAME)
        try:
            # A pipe without a writer would block.
            self._descriptor = os.open(expanded(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise DeviceError(f"{path} cannot be opened: {error.strerror}", hint=_hint(error)) from error
        try:
            self._state = os.fstat(self._descriptor)
            self.is_block = stat.S_ISBLK(self._state.st_mode)
            self._check()
            self.size_bytes = self._size()
            if not self.size_bytes:
                what = "has no size" if self.is_block else "is empty"
                attached = "is the volume attached, and is a medium in the device?"
                raise DeviceError(
                    f"{path} {what}", hint=attached if self.is_block else "name a block device or an image"
                )
        except BaseException:
            os.close(self._descriptor)
            raise
        self._has_holes = not self.is_block
        self._data = 0, 0

    def close(self) -> None:
        """Close it; more than once is fine."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def is_same(self, other: Device) -> bool:
        """Whether both are one block device, or one file."""
        if self.is_block and other.is_block:
            return self._state.st_rdev == other._state.st_rdev
        return os.path.samestat(self._state, other._state)

    def read_into(self, offset: int, buffer: npt.NDArray[np.uint8]) -> None:
        """Fill a buffer from an offset; after the end of the device with zeros.

        Raises:
            OSError: it cannot be read there.
            EOFError: it ends before the size that it had when it was opened.
        """
        wanted = max(min(len(buffer), self.size_bytes - offset), 0)
        done, view = 0, buffer.data
        while done < wanted:
            count = os.preadv(self._descriptor, [view[done:wanted]], offset + done)
            if not count:
                raise EOFError
            done += count
        if done < len(buffer):
            buffer[done:] = 0

    def data_ranges(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The parts of ``[start, end)`` that may be other than zero: all but the holes of a sparse file."""
        end = min(end, self.size_bytes)
        while start < end:
            first, last = self._data_from(start)
            if first >= end:
                return
            yield max(first, start), min(last, end)
            start = last

    def next_data(self, start: int) -> int:
        """The first byte from ``start`` on that may be other than zero; :data:`INT64_MAX` if there is none."""
        return self._data_from(start)[0]

    def changes(self) -> str:
        """What changed since it was opened, as a sentence; empty if nothing did. A device's writes leave no trace."""
        now = os.fstat(self._descriptor)
        size = self._size()
        if size != self.size_bytes:
            return f"the size of {self.name} changed from {self.size_bytes} to {size} bytes while it was read"
        if not self.is_block and now.st_mtime_ns != self._state.st_mtime_ns:
            return f"{self.name} was written while it was read"
        return ""

    def read_sequentially(self) -> None:
        """Announce that it is read from start to end."""
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)

    def _check(self) -> None:
        for is_kind, what, hint in _KINDS:
            if is_kind(self._state.st_mode):
                raise DeviceError(f"{self.name} {what}, not a block device or an image file", hint=hint)
        place = mounted_writable(self._state.st_rdev) if self.is_block else None
        if place is not None:
            raise DeviceError(
                f"{self.name} is mounted at {place}, and changes while it is read",
                hint=f"unmount it, or mount it read-only: mount -o remount,ro {place}",
            )

    def _size(self) -> int:
        return os.lseek(self._descriptor, 0, os.SEEK_END) if self.is_block else os.fstat(self._descriptor).st_size

    def _data_from(self, start: int) -> tuple[int, int]:
        """The data that contains ``start``, or the next after it; :data:`INT64_MAX` if there is none."""
        first, last = self._data
        # Most queries are for the rest of the same data. To find its end, the system looks at all of it.
        if not first <= start < last:
            first = self._seek(start, os.SEEK_DATA)
            last = self._seek(first, os.SEEK_HOLE) if first < INT64_MAX else INT64_MAX
            self._data = first, last
        return max(first, start), last

    def _seek(self, start: int, what: int) -> int:
        if start >= self.size_bytes:
            return INT64_MAX
        if self._has_holes:
            try:
                return os.lseek(self._descriptor, start, what)
            except OSError as error:
                if error.errno == errno.ENXIO:
                    return INT64_MAX
                self._has_holes = False  # not every file system knows its holes
        return start if what == os.SEEK_DATA else self.size_bytes


def _hint(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "block devices are read by root and the group disk: run it with sudo, or in a pod with --print-job"
    if isinstance(error, FileNotFoundError):
        return "name a block device (lsblk lists them) or an image file"
    return ""
