"""Reads windows of the devices, and compares them with the extents that an answer reports there."""

from __future__ import annotations

import ctypes
import mmap
import threading
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kubectl_cbt.analysis.set_algebra import ByteRanges
from kubectl_cbt.analysis.window_tally import (
    NO_RANGES,
    UNIT_BYTES,
    Mask,
    WindowData,
    add_read_error,
    covered_bytes,
    covered_units,
)
from kubectl_cbt.devices.device import Device
from kubectl_cbt.model.verification import ReadError

_CHUNK_BYTES = 2**20
"""Read at a time: with the same of a second device it fits the cache. Smaller reads make threads wait for each
other.
"""
_RETRY_BYTES = 2**12
"""Where a chunk cannot be read, pieces of this size are tried."""
_WORD_BYTES = 8
# numpy would write the result of a comparison to memory and read it again, which takes a quarter of the whole time.
_memcmp = ctypes.CDLL(None).memcmp
_memcmp.argtypes = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t


class WindowReader:
    """Reads windows of one device, or of two. Safe in several threads.

    Args:
        target: the device of the target snapshot, or of the only one.
        base: of the base snapshot; None to compare with zeros. After its end it counts as zeros.
        quick: do not read inside reported extents.
    """

    def __init__(self, target: Device, base: Device | None, *, quick: bool) -> None:
        self._devices = (target,) if base is None else (target, base)
        self._quick = quick
        self._buffers = threading.local()
        for device in self._devices:
            device.read_sequentially()

    def skip_to(self, start: int) -> int:
        """The first byte from ``start`` on that is not in a hole of every device."""
        return min(device.next_data(start) for device in self._devices)

    def read(self, start: int, end: int, reported: ByteRanges) -> WindowData:
        """Compare ``[start, end)``.

        Args:
            start: a multiple of the unit.
            reported: the extents in the window.
        """
        units = -(-(end - start) // UNIT_BYTES)
        differs, missing = np.zeros(units, dtype=np.bool_), np.zeros(units, dtype=np.bool_)
        errors: list[ReadError] = []
        data_bytes = read_bytes = 0
        for piece_start, piece_end in self._pieces(start, end, reported):
            data_bytes += piece_end - piece_start
            for chunk in range(piece_start, piece_end, _CHUNK_BYTES):
                stop = min(chunk + _CHUNK_BYTES, piece_end)
                read_bytes += (stop - chunk) * len(self._devices)
                found = self._compare(chunk, stop, errors)
                if found is not None:
                    at = slice((chunk - start) // UNIT_BYTES, (chunk - start) // UNIT_BYTES + len(found))
                    differs[at], missing[at] = found, self._missing(chunk, stop, found, reported)
        wanted = end - start - (reported.size_bytes if self._quick else 0)
        unread = _ranges([(error.start, error.end) for error in errors])
        hole_bytes = max(wanted - data_bytes, 0)
        return WindowData(start, end, differs, missing, unread, errors, read_bytes, hole_bytes)

    def _pieces(self, start: int, end: int, reported: ByteRanges) -> Iterator[tuple[int, int]]:
        """What has to be read, in whole units: all but common holes; with ``quick`` nothing inside the extents."""
        ranges = [piece for device in self._devices for piece in device.data_ranges(start, end)]
        if len(ranges) == 1 and not self._quick:
            wanted = ranges
        else:
            data = _ranges(ranges)
            wanted = (data - reported if self._quick else data).first(len(data) + len(reported) + 1)
        done = start
        for first, last in wanted:
            piece_start = max(first // UNIT_BYTES * UNIT_BYTES, done)
            piece_end = min(-(-last // UNIT_BYTES) * UNIT_BYTES, end)
            if piece_end > piece_start:
                yield piece_start, piece_end
                done = piece_end

    def _compare(self, start: int, stop: int, errors: list[ReadError]) -> Mask | None:
        """bool[units]: which units differ; None if none does. The data stays in the buffers of this thread."""
        target, base, unequal = self._chunk_buffers()
        size = stop - start
        padded = -(-size // UNIT_BYTES) * UNIT_BYTES
        target[size:padded] = base[size:padded] = 0
        try:
            for device, buffer in zip(self._devices, (target, base), strict=False):
                device.read_into(start, buffer[:size])
        except (OSError, EOFError):
            self._read_what_can_be_read(start, stop, errors)
        if _is_zero(target[:padded]) if len(self._devices) == 1 else _are_equal(target[:padded], base[:padded]):
            return None
        words = slice(padded // _WORD_BYTES)
        found = np.not_equal(target.view(np.uint64)[words], base.view(np.uint64)[words], out=unequal[words])
        return np.asarray(found.reshape(-1, UNIT_BYTES // _WORD_BYTES).any(axis=1))

    def _missing(self, start: int, stop: int, differs: Mask, reported: ByteRanges) -> Mask:
        """bool[units]: which of the units that differ have a differing byte outside the extents."""
        if not len(reported):
            return differs
        missing = differs & ~covered_units(reported, start, stop)
        inside = reported.within(start, stop)
        bounds = np.concatenate((inside.starts, inside.ends)) - start
        if not missing.any() or not np.any(bounds[bounds != stop - start] % UNIT_BYTES):
            return missing
        # An extent covers a part of a unit: its bytes decide.
        target, base, _ = self._chunk_buffers()
        size = stop - start
        outside = np.zeros(len(differs) * UNIT_BYTES, dtype=np.bool_)
        outside[:size] = (target[:size] != base[:size]) & ~covered_bytes(inside, start, stop)
        return np.asarray(outside.reshape(-1, UNIT_BYTES).any(axis=1))

    def _read_what_can_be_read(self, start: int, stop: int, errors: list[ReadError]) -> None:
        """Read piece by piece; what one device does not return counts as equal, and is noted."""
        target, base, _ = self._chunk_buffers()
        buffers = (target, base)[: len(self._devices)]
        piece = start
        while piece < stop:
            end = min((piece // _RETRY_BYTES + 1) * _RETRY_BYTES, stop)
            parts = [buffer[piece - start : end - start] for buffer in buffers]
            is_read = True
            for device, part in zip(self._devices, parts, strict=True):
                try:
                    device.read_into(piece, part)
                except (OSError, EOFError) as error:
                    is_read = False
                    reason = "unexpected end" if isinstance(error, EOFError) else error.strerror or str(error)
                    add_read_error(errors, ReadError(device.name, piece, end, reason))
            if not is_read:
                for part in parts:
                    part[:] = 0
            piece = end

    def _chunk_buffers(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], Mask]:
        """The buffers of this thread, of target and base; the second one stays zero without a base."""
        local = self._buffers
        if not hasattr(local, "buffers"):
            # Aligned to a page: to an address that malloc returns, the system copies at a quarter of the speed.
            both = np.frombuffer(mmap.mmap(-1, 2 * _CHUNK_BYTES), dtype=np.uint8).reshape(2, -1)
            local.buffers = both[0], both[1], np.empty(_CHUNK_BYTES // _WORD_BYTES, dtype=np.bool_)
        buffers: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], Mask] = local.buffers
        return buffers


def _are_equal(left: npt.NDArray[np.uint8], right: npt.NDArray[np.uint8]) -> bool:
    """Whether two buffers of the same size hold the same bytes."""
    return not _memcmp(left.ctypes.data, right.ctypes.data, len(left))


def _is_zero(data: npt.NDArray[np.uint8]) -> bool:
    """Whether every byte is zero: the first word is, and each word equals the next."""
    return not data[:_WORD_BYTES].any() and _are_equal(data[:-_WORD_BYTES], data[_WORD_BYTES:])


def _ranges(pieces: list[tuple[int, int]]) -> ByteRanges:
    if not pieces:
        return NO_RANGES
    columns = np.array(pieces, dtype=np.int64).reshape(-1, 2)
    return ByteRanges.of(columns[:, 0], columns[:, 1] - columns[:, 0])
