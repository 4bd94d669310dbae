"""Formats for other tools, with the real tools where they are installed."""

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import DELTA
from samples import batch, outcome_of, resolved

from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.demo.driver.images import SnapshotImage
from kubectl_cbt.demo.driver.volumes import KIB, MIB, Append, Ring, Runs, Scatter, Volume
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.output.writer import OutputTarget

needs_ddrescue = pytest.mark.skipif(shutil.which("ddrescue") is None, reason="no ddrescue on PATH (package gddrescue)")
needs_qemu = pytest.mark.skipif(shutil.which("qemu-img") is None, reason="no qemu-img on PATH (package qemu-utils)")

_GRAINS = 32 * MIB // (4 * KIB)
_LAYERS = (
    Scatter(0, _GRAINS, 64, 0.5, 16, 64, initial=True),
    Scatter(0, _GRAINS, 32, 0.3, 1, 32, hot_span=16),
    Ring(_GRAINS // 2, _GRAINS // 2 + 100, 40),
    Append(_GRAINS - 300, 10, 20),
)
VOLUME = Volume("small", 32 * MIB, 4 * KIB, 1024, _LAYERS, seed=3)


def image(folder: Path, generation: int) -> Path:
    path = folder / f"{generation}.img"
    with path.open("xb", buffering=0) as file:
        SnapshotImage(VOLUME, generation, full=True).write(file.fileno(), lambda size_bytes: None)
    return path


def text(form: StreamFormat, stream: list[Runs], *, delta: bool) -> bytes:
    """What ``-o`` prints for a stream of the small volume."""
    parts: list[bytes] = []
    writer = form.writer(parts.append, resolved(delta=delta), OutputTarget())
    for number, (offsets, sizes) in enumerate(stream, 1):
        writer.batch(batch(number, offsets.tolist(), sizes.tolist()))
    outcome = outcome_of(len(stream), sum(len(offsets) for offsets, _ in stream))
    figures = SummaryBuilder().summary(VOLUME.capacity_bytes, complete=True)
    writer.end(replace(outcome, volume_capacity_bytes=VOLUME.capacity_bytes), figures)
    return b"".join(parts)


def ddrescue(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["ddrescue", *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


def test_cmp_finds_bytes_that_differ_in_exactly_the_pages_of_the_delta(tmp_path):
    base, target = image(tmp_path, 0), image(tmp_path, 2)
    found = subprocess.run(["cmp", "-l", base, target], capture_output=True, timeout=120, check=False)
    # Not by its exit status: cmp of diffutils 3.12 exits with 0 although it lists differences of these sparse files.
    assert found.stderr == b""
    differing = np.array([int(line.split(None, 1)[0]) - 1 for line in found.stdout.splitlines()])
    changed = np.zeros(VOLUME.capacity_bytes, dtype=np.bool_)
    for row in text(StreamFormat.CSV, list(VOLUME.delta(0, 2)), delta=True).splitlines()[1:]:
        offset, size = map(int, row.split(b","))
        changed[offset : offset + size] = True
    assert changed[differing].all()
    # Two random bytes may be equal, two pages of them are not.
    pages = changed.reshape(-1, VOLUME.grain_bytes).any(axis=1)
    assert np.unique(differing // VOLUME.grain_bytes).tolist() == np.flatnonzero(pages).tolist()


@needs_ddrescue
def test_ddrescue_copies_exactly_the_delta_onto_a_copy_of_the_base(tmp_path):
    base, target = image(tmp_path, 0), image(tmp_path, 2)
    domain, copy = tmp_path / "delta.map", tmp_path / "copy.img"
    domain.write_bytes(text(StreamFormat.DDRESCUE, list(VOLUME.delta(0, 2)), delta=True))
    shutil.copyfile(base, copy)
    found = ddrescue("--force", "-m", domain, target, copy, tmp_path / "log.map")
    assert found.returncode == 0, found.stderr
    assert copy.read_bytes() == target.read_bytes() != base.read_bytes()
    copied = [line.split() for line in (tmp_path / "log.map").read_text().splitlines() if line.endswith("+")]
    changed = sum(int(sizes.sum()) for _, sizes in VOLUME.delta(0, 2))
    assert sum(int(size, 16) for _, size, _ in copied) == changed


@needs_ddrescue
def test_ddrescue_refuses_an_incomplete_map(tmp_path):
    whole = text(StreamFormat.DDRESCUE, list(VOLUME.delta(0, 2)), delta=True)
    domain = tmp_path / "delta.map"
    domain.write_bytes(whole.replace(b"# complete\n", b"incomplete: the connection broke\n"))
    found = ddrescue("-m", domain, image(tmp_path, 2), tmp_path / "copy.img")
    assert found.returncode == 2
    assert "Error in mapfile" in found.stderr
    assert not (tmp_path / "copy.img").exists()


@needs_ddrescue
def test_ddrescue_reads_the_map_that_the_command_prints(run, tmp_path):
    domain, found = tmp_path / "delta.map", run(*DELTA, "-o", "ddrescue")
    assert (found.returncode, found.stderr) == (0, "")
    domain.write_text(found.stdout)
    listed = subprocess.run(
        ["ddrescuelog", "--list-blocks=+", "-b512", str(domain)], capture_output=True, text=True, check=True
    )
    ranges = [tuple(map(int, line.split())) for line in run(*DELTA, "-o", "ranges").stdout.splitlines()]
    assert len(listed.stdout.split()) * 512 == sum(size for _, size in ranges)


@needs_qemu
@pytest.mark.parametrize("generation", [0, 2])
def test_the_map_of_the_allocated_extents_is_what_qemu_img_prints_for_the_image(tmp_path, generation):
    path = image(tmp_path, generation)
    if not _keeps_holes(path):
        pytest.skip("the file system of the temporary folder does not report holes of 4 KiB")
    ours = text(StreamFormat.QEMU_MAP, list(VOLUME.allocated(generation)), delta=False)
    theirs = subprocess.run(
        ["qemu-img", "map", "--output=json", "-f", "raw", str(path)], capture_output=True, check=True
    ).stdout
    # QEMU prints "compressed" since 8.2.
    if b'"compressed"' not in theirs:
        ours = ours.replace(b', "compressed": false', b"")
    assert ours == theirs


@needs_qemu
def test_the_map_of_a_delta_is_that_of_an_overlay_without_its_base(tmp_path):
    """The clusters of a qcow2 file that are written are its data; the others are not present."""
    path = tmp_path / "overlay.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(path), "1M"], check=True)
    subprocess.run(["qemu-io", "-c", "write 128k 64k", str(path)], capture_output=True, check=True)
    theirs = json.loads(subprocess.run(["qemu-img", "map", "--output=json", str(path)], capture_output=True).stdout)
    ours = json.loads(text(StreamFormat.QEMU_MAP, [(_column(128 * KIB), _column(64 * KIB))], delta=True))
    for one, other in zip(ours[:2], theirs[:2], strict=True):
        # The offset in the file is the one thing that an overlay decides by itself.
        assert {**one, "offset": 0, "compressed": False} == {**other, "offset": 0, "compressed": False}


def _column(number: int):
    return np.array([number], dtype=np.int64)


def _keeps_holes(path: Path) -> bool:
    first = next(iter(VOLUME.allocated(0)))[0][0]
    with path.open("rb") as file:
        return os.lseek(file.fileno(), 0, os.SEEK_DATA) == first
