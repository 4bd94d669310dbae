"""A verification of devices that cannot be read everywhere."""

import ctypes
import mmap
import os

import numpy as np
import pytest
from verifying import answer, image

from kubectl_cbt.analysis.window_tally import NO_RANGES, UNIT_BYTES, WINDOW_BYTES, WindowData, WindowTally
from kubectl_cbt.core.verified_stream import Devices, VerifiedStream
from kubectl_cbt.devices.device import Device
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.model.verification import ReadError, VerificationVerdict

UNMAPPED = ((0, 65536), (299008, 303104))
"""Where the test's memory has no pages: before the lowest address that a user may map, and a page within."""


class OwnMemory(Device):
    """``/proc/self/mem``: its offsets are addresses. Where no page is mapped, a read fails with EIO, for any user.

    A failing device proper takes root: dmsetup's error target, a loop device on a file that shrinks, a mounted FUSE.
    """

    def _size(self) -> int:
        # The file itself has none.
        return 2**20


@pytest.fixture
def memory():
    """The process's first MiB: pages of ``x`` except where there are none."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    start, size = UNMAPPED[0][1], 2**20 - UNMAPPED[0][1]
    fixed_noreplace = 0x100000
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | fixed_noreplace
    assert libc.mmap(start, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0) == start
    ctypes.memset(start, ord("x"), size)
    libc.munmap(UNMAPPED[1][0], UNMAPPED[1][1] - UNMAPPED[1][0])
    with OwnMemory("/proc/self/mem") as device:
        yield device
    libc.munmap(start, size)


def test_what_cannot_be_read_is_named_and_never_equal(memory):
    stream = answer([(0, 2**19)], 2**20, Operation.ALLOCATED)
    run = VerifiedStream(stream, stream.resolved, Devices(memory))
    found = [found for ranges in run for found in ranges.first(len(ranges))]
    result = run.result(None)
    assert found == [(2**19, 2**20)]
    assert [(error.start, error.end) for error in result.unread] == list(UNMAPPED)
    assert {(error.device, error.reason) for error in result.unread} == {("/proc/self/mem", "Input/output error")}
    assert (result.unread_bytes, result.needless_bytes) == (69632, 0)
    assert not result.is_complete
    (problem,) = result.problems
    assert problem == (
        "68 KiB could not be read: /proc/self/mem: Input/output error at offset 0 (65536 bytes);"
        " /proc/self/mem: Input/output error at offset 299008 (4096 bytes)"
    )


def test_the_device_that_cannot_be_read_is_named(tmp_path, memory):
    with Device(image(tmp_path / "good.img", 2**20, [(0, b"x" * 2**20)])) as good:
        for devices in (Devices(good, memory), Devices(memory, good)):
            stream = answer([(0, 512)], 2**20)
            run = VerifiedStream(stream, stream.resolved, devices)
            assert not any(len(ranges) for ranges in run)
            assert [str(error) for error in run.result(None).unread] == [
                "/proc/self/mem: Input/output error at offset 0 (65536 bytes)",
                "/proc/self/mem: Input/output error at offset 299008 (4096 bytes)",
            ]


def test_errors_of_both_devices_are_joined_across_windows_and_the_first_are_kept():
    tally = WindowTally()
    for start in range(0, 2**24, WINDOW_BYTES):
        errors = [
            ReadError(name, at, at + 4096, "Input/output error")
            for at in range(start, start + WINDOW_BYTES, 4096)
            for name in ("a", "b")
        ]
        nothing = np.zeros(WINDOW_BYTES // UNIT_BYTES, dtype=bool)
        tally.add(WindowData(start, start + WINDOW_BYTES, nothing, nothing, read_errors=errors), NO_RANGES)
    assert [str(error) for error in tally.unread] == [
        "a: Input/output error at offset 0 (16777216 bytes)",
        "b: Input/output error at offset 0 (16777216 bytes)",
    ]
    scattered = [ReadError("a", at, at + 4096, "Input/output error") for at in range(2**24 + 4096, 2**25, 8192)]
    tally.add(WindowData(2**24, 2**25, nothing, nothing, read_errors=scattered), NO_RANGES)
    assert len(tally.unread) == WindowTally.MOST_UNREAD
    assert tally.unread[2:] == scattered[: WindowTally.MOST_UNREAD - 2]


def test_a_file_that_shrinks_or_is_written_while_it_is_read_is_incomplete(tmp_path):
    path = tmp_path / "t"
    target = image(path, WINDOW_BYTES, [(0, b"x")])
    device = Device(target)
    os.truncate(path, 2**20)
    stream = answer([(0, 512)], WINDOW_BYTES, Operation.ALLOCATED)
    run = VerifiedStream(stream, stream.resolved, Devices(device))
    assert not any(len(ranges) for ranges in run)
    result = run.result(None)
    assert result.verdict is VerificationVerdict.INCOMPLETE
    assert any("changed from 8388608 to 1048576 bytes while it was read" in problem for problem in result.problems)


def test_a_file_that_ends_early_cannot_be_read_after_its_end(tmp_path):
    path = tmp_path / "t"
    with Device(image(path, WINDOW_BYTES, [(0, b"x")])) as device:
        device._has_holes = False  # a file system that does not know its holes
        os.truncate(path, 2**20)
        stream = answer([(0, 512)], WINDOW_BYTES, Operation.ALLOCATED)
        run = VerifiedStream(stream, stream.resolved, Devices(device))
        assert not any(len(ranges) for ranges in run)
        first = run.result(None).problems[0]
    assert first == f"7 MiB could not be read: {path}: unexpected end at offset 1048576 (7340032 bytes)"
