"""What a verification does with devices that are smaller or larger than the volume."""

from dataclasses import replace
from pathlib import Path

import pytest
from verifying import answer, image, verified

from kubectl_cbt.analysis.window_tally import WINDOW_BYTES
from kubectl_cbt.core.verified_stream import Devices, VerifiedStream
from kubectl_cbt.devices.device import Device
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.model.verification import VerificationVerdict


def with_sizes(stream, base_bytes, target_bytes=None):
    """The query of a stream, of snapshots whose restoreSize is known."""
    target = replace(stream.resolved.target, restore_size_bytes=target_bytes)
    return replace(stream.resolved, target=target, base=replace(target, restore_size_bytes=base_bytes))


def test_a_device_smaller_than_the_volume_is_incomplete(tmp_path):
    target = image(tmp_path / "t", 2**20, [])
    result, _ = verified(answer([], 2**21, Operation.ALLOCATED), target)
    assert result.verdict is VerificationVerdict.INCOMPLETE
    assert "1 MiB less than the volume" in result.problems[0]


def test_extents_after_the_end_of_a_device_are_incomplete_if_the_capacity_is_unknown(tmp_path):
    extents = [(0, 4096), (2**20, 65536)]
    target, base = image(tmp_path / "t", 4096, []), image(tmp_path / "b", 4096, [])
    result, _ = verified(answer(extents, 0), target, base)
    assert result.verdict is VerificationVerdict.INCOMPLETE
    assert result.problems == (
        f"the answer has extents up to 1.1 MiB: after the end of {target} (4 KiB) nothing was compared",
    )
    assert result.end == 4096


def test_the_end_of_a_volume_of_unknown_capacity_is_noted(tmp_path):
    target, base = image(tmp_path / "t", 4096, []), image(tmp_path / "b", 4096, [])
    result, _ = verified(answer([(0, 4096)], 0), target, base)
    assert result.verdict is VerificationVerdict.CORRECT
    assert result.notes == (f"the capacity of the volume is unknown: its end is taken to be that of {target} (4 KiB)",)
    known, _ = verified(answer([(0, 4096)], 4096), target, base)
    assert known.notes == ()


@pytest.mark.parametrize("cut_at", [5 * 2**20, 5 * 2**20 + 700])
def test_nothing_is_missing_after_the_end_of_a_base_that_was_cut(tmp_path, cut_at):
    writes = [(2**20, b"x"), (6 * 2**20, b"x" * 512)]
    target, base = image(tmp_path / "t", WINDOW_BYTES, writes), image(tmp_path / "b", cut_at, [])
    stream = answer([], WINDOW_BYTES)
    result, found = verified(stream, target, base, resolved=with_sizes(stream, WINDOW_BYTES))
    assert found == [(2**20, 2**20 + 512)]
    assert (result.end, result.is_complete) == (cut_at, False)
    assert result.problems == (
        f"{base} (5 MiB) is smaller than the base snapshot (8 MiB): after its end nothing was compared",
    )
    assert result.notes == ()


def test_a_base_as_large_as_its_snapshot_is_complete_after_an_expansion(tmp_path):
    target = image(tmp_path / "t", WINDOW_BYTES, [(6 * 2**20, b"x" * 512)])
    base = image(tmp_path / "b", 5 * 2**20, [])
    stream = answer([], WINDOW_BYTES)
    result, found = verified(stream, target, base, resolved=with_sizes(stream, 5 * 2**20))
    assert found == [(6 * 2**20, 6 * 2**20 + 512)]
    assert result.is_complete
    assert len(result.notes) == 1


@pytest.mark.parametrize(
    ("base_bytes", "target_bytes", "capacity", "notes"),
    [
        (2**20, 2**20, 2**20, []),
        (2**20, 2**20 + 4, 2**20, ["t is 4 bytes larger than the volume: its end was not compared"]),
        (2**20 + 1, 2**20, 2**20, ["b is 1 byte larger than the volume: its end was not compared"]),
        (2**20 + 512, 2**20, 0, ["b is 512 bytes larger than t: its end was not compared"]),
        (2**20, 2**20 - 512, 2**20, ["b is 512 bytes larger than t: its end was not compared"]),
        (
            2**20,
            2**20 + 1024,
            2**20 - 1024,
            [
                "b is 1,024 bytes larger than the volume: its end was not compared",
                "t is 2,048 bytes larger than the volume: its end was not compared",
            ],
        ),
        (2**20 - 4, 2**20, 2**20, ["b is 4 bytes smaller than t: what it lacks counts as zeros"]),
    ],
)
def test_unequal_sizes_are_noted(tmp_path, monkeypatch, base_bytes, target_bytes, capacity, notes):
    monkeypatch.chdir(tmp_path)
    # After the end of the volume they differ: nothing there is compared.
    image(Path("t"), target_bytes, [(target_bytes - 1, b"x")] if target_bytes > capacity > 0 else [])
    image(Path("b"), base_bytes, [])
    result, found = verified(answer([], capacity), "t", "b")
    assert [note for note in result.notes if "capacity" not in note] == notes
    assert found == []


def test_a_restore_size_that_is_rounded_up_does_not_make_a_base_incomplete(tmp_path):
    capacity = WINDOW_BYTES - 4096
    target, base = image(tmp_path / "t", capacity, []), image(tmp_path / "b", capacity, [])
    stream = answer([], capacity)
    result, _ = verified(stream, target, base, resolved=with_sizes(stream, WINDOW_BYTES))
    assert (result.verdict, result.notes) == (VerificationVerdict.CORRECT, ())


def test_the_capacity_that_a_stream_lacks_is_the_restore_size_of_the_snapshot(tmp_path):
    target, base = image(tmp_path / "t", 2**20, []), image(tmp_path / "b", 2**21, [])
    stream = answer([], 0)
    result, _ = verified(stream, target, base, resolved=with_sizes(stream, 2**21, 2**21))
    assert "1 MiB less than the volume" in result.problems[0]
    assert result.capacity_bytes == 2**21


def test_sizes_that_look_alike_are_shown_exactly(tmp_path):
    target, base = Device(image(tmp_path / "t", 2**26 + 4, [])), Device(image(tmp_path / "b", 2**26, []))
    stream = answer([], 2**26)
    with target, base:
        run = VerifiedStream(stream, stream.resolved, Devices(target, base))
        assert run.devices == (f"base {base.name} (67,108,864 B)", f"target {target.name} (67,108,868 B)")
