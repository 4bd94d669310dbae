"""The speed of ``verify``, against ``cmp`` and ``cat`` on the same files."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measuring import BIN, Measured, Row, measure

DELTA_TIMES, ALLOCATED_TIMES, COLD_TIMES, VERIFYING_MB = 2.0, 1.5, 0.95, 160.0
_PIECE_BYTES = 2**26
_PAGE_BYTES = 4096


def verifying(size_bytes: int, runs: int) -> Iterator[Row]:
    """Measure two images that are equal but for some pages at their end, and one that is zero but for some pages.

    The pages are at the end because ``cmp`` stops at the first difference. The images are in the page cache, except in
    the last row. Throughput is that beyond the start of the command, which is measured with an empty image.
    """
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name:
        folder = Path(name)
        pages = [(size_bytes - distance * _PAGE_BYTES, _PAGE_BYTES) for distance in (9, 7, 5, 1)]
        base, target, zero = (str(folder / one) for one in ("base", "target", "zero"))
        _write_images(size_bytes, pages, base, target, zero)
        answer = _answer(folder / "answer.json", size_bytes, pages)
        verify = (str(BIN / "kubectl-cbt"), "verify", "--from", answer, "-o", "json")
        delta = (*verify, "--kind", "delta", "--base-device", base, "--target-device", target)
        allocated = (*verify, "--kind", "allocated", "--device")
        empty = str(folder / "empty")
        Path(empty).write_bytes(bytes(_PAGE_BYTES))
        nothing = _answer(folder / "nothing.json", _PAGE_BYTES, [])
        start = (str(BIN / "kubectl-cbt"), "verify", "--from", nothing, "-o", "json", "--kind", "allocated")
        start = (*start, "--device", empty)
        yield from _compared("verify a delta", size_bytes, (delta, ("cmp", base, target), start), DELTA_TIMES, runs)
        commands = (*allocated, zero), ("cmp", zero, "/dev/zero"), start
        yield from _compared("verify allocated extents", size_bytes, commands, ALLOCATED_TIMES, runs)
        found = measure((*allocated, zero), ("cat", zero), start, runs=runs, before=lambda: _evict(zero))
        yield _row("verify cold data", size_bytes, found, "cat", COLD_TIMES)


def _compared(
    work: str, size_bytes: int, commands: tuple[tuple[str, ...], ...], goal: float, runs: int
) -> Iterator[Row]:
    found = measure(*commands, runs=runs, expected=(0, 1))
    ours = found[0]
    yield _row(work, size_bytes, found, commands[1][0], goal)
    peak = ours.peak_mib * 2**20 / 1e6
    yield Row(
        f"{work}: peak",
        f"{ours.peak_mib:.0f} MiB for {size_bytes / 2**30:.1f} GiB",
        "",
        f"{peak:.0f} MB",
        f"< {VERIFYING_MB:.0f} MB",
        peak < VERIFYING_MB,
    )


def _row(work: str, size_bytes: int, found: list[Measured], name: str, goal: float) -> Row:
    """One comparison of throughput.

    Args:
        found: our command, the other one, and our command with nothing to read.
    """
    ours, theirs, start = (one.median for one in found)
    speed, their_speed = size_bytes / max(ours - start, 1e-3) / 1e9, size_bytes / theirs / 1e9
    ratio = speed / their_speed
    return Row(
        work,
        f"{ours:.2f} s: {speed:.1f} GB/s after the start of {start:.2f} s",
        f"{name} {theirs:.2f} s: {their_speed:.1f} GB/s",
        f"{ratio:.1f}×",
        f"≥ {goal:g}× the throughput",
        ratio >= goal,
    )


def _write_images(size_bytes: int, pages: list[tuple[int, int]], base: str, target: str, zero: str) -> None:
    piece = os.urandom(_PIECE_BYTES)
    for path, content in ((base, piece), (target, piece), (zero, bytes(_PIECE_BYTES))):
        with Path(path).open("wb") as file:
            for _ in range(0, size_bytes, _PIECE_BYTES):
                file.write(content)
            file.truncate(size_bytes)
    for path in (target, zero):
        with Path(path).open("r+b") as file:
            for offset, length in pages:
                file.seek(offset)
                file.write(os.urandom(length))


def _answer(path: Path, size_bytes: int, pages: list[tuple[int, int]]) -> str:
    """An answer that contains the pages, as snapshot-metadata-lister prints it."""
    extents = [{"byte_offset": offset, "size_bytes": length} for offset, length in pages]
    message = {"block_metadata_type": 2, "volume_capacity_bytes": size_bytes, "block_metadata": extents}
    path.write_text(json.dumps([message]), encoding="utf-8")
    return str(path)


def _evict(path: str) -> None:
    """Drop a file from the page cache."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
