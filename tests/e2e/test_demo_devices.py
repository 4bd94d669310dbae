"""The installed command writes the data of the demo's snapshots."""

import shutil
import signal
import subprocess
from collections import namedtuple

import pytest
from conftest import COMMAND, after, command_environment, run_command, wait_for

from kubectl_cbt.cli.app import run as run_here
from kubectl_cbt.demo.driver.volumes import GIB, MIB
from kubectl_cbt.demo.scenarios import demo_volumes

DEVICES = ("demo", "devices")


def test_an_image_is_sparse_and_has_data_only_where_the_driver_reports_it(tmp_path):
    found = run_command(*DEVICES, str(tmp_path / "new" / "images"), "--snapshot", "snap-a")
    path = tmp_path / "new" / "images" / "snap-a.img"
    assert (found.returncode, found.stdout, found.stderr) == (0, f"{path}\n", "")
    assert list(path.parent.iterdir()) == [path]
    status = path.stat()
    assert status.st_size == 64 * GIB
    assert status.st_blocks * 512 < GIB
    volume = demo_volumes(1)[0].volume
    with path.open("rb") as file:
        for offsets, sizes in volume.allocated(0):
            for offset, size in zip(offsets.tolist()[:50], sizes.tolist()[:50], strict=True):
                # Zero before and after, data at its start.
                file.seek(max(offset - 1, 0))
                around = file.read(1 + 4096 if offset else 4096)
                assert (around[0] == 0) is bool(offset)
                assert 0 not in around[-4096:]
                file.seek(offset + size)
                assert file.read(1) == b"\0"


def test_the_same_seed_gives_the_same_file_wherever_it_is_given(tmp_path):
    arguments = ("--claim", "vms/windows", "--snapshot", "win-0900")
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    assert run_command(*DEVICES, str(first), "--seed", "7", *arguments).returncode == 0
    assert run_command("demo", "--seed", "7", "devices", str(second), *arguments).returncode == 0
    assert run_command(*DEVICES, str(other), *arguments).returncode == 0
    assert _equal(first / "win-0900.img", second / "win-0900.img")
    assert not _equal(first / "win-0900.img", other / "win-0900.img")


def test_an_existing_image_is_overwritten_only_with_force(tmp_path):
    path = tmp_path / "queue-new.img"
    path.write_text("mine")
    arguments = (*DEVICES, str(tmp_path), "--claim", "legacy/queue")
    found = run_command(*arguments)
    assert (found.returncode, found.stdout, path.read_text()) == (2, "", "mine")
    assert f"error: {path} exists\nhint: use --force" in found.stderr
    assert run_command(*arguments, "--force").returncode == 0
    assert path.stat().st_size == 8 * GIB


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--claim", "data"), 2, "error: --claim: the demo has no claim 'data'\nhint: one of default/data, shop/"),
        (("--snapshot", "pg-mon"), 2, "error: --snapshot: default/data has no snapshot 'pg-mon'\nhint: one of snap-a"),
        (("--snapshot", ""), 2, "error: --snapshot: default/data has no snapshot ''\nhint: one of snap-a"),
    ],
)
def test_what_the_demo_does_not_have_is_a_usage_error_with_the_names(tmp_path, arguments, code, message):
    found = run_command(*DEVICES, str(tmp_path / "new"), *arguments)
    assert found.returncode == code
    assert message in found.stderr
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    path = tmp_path / "file"
    path.touch()
    for folder in (path, path / "below"):
        found = run_command(*DEVICES, str(folder))
        assert (found.returncode, found.stdout) == (2, "")
        assert f"error: FOLDER: {folder} is a file" in found.stderr


def test_the_name_of_the_folder_may_be_any_bytes_but_none(tmp_path):
    folder = tmp_path / "\udcff"
    arguments = [str(COMMAND), *DEVICES, str(folder), "--claim", "legacy/queue", "--snapshot", "queue-new"]
    found = subprocess.run(arguments, env=command_environment(), capture_output=True, timeout=120, check=False)
    assert (found.returncode, found.stderr) == (0, b"")
    assert found.stdout == bytes(tmp_path) + b"/\xff/queue-new.img\n"
    assert (folder / "queue-new.img").stat().st_size == 8 * GIB
    empty = run_command(*DEVICES, "")
    assert (empty.returncode, empty.stderr) == (2, "error: FOLDER is empty\n")


def test_images_that_do_not_fit_are_refused_before_anything_is_written(tmp_path, monkeypatch, capsys):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(GIB, 0, GIB))
    assert run_here([*DEVICES, str(tmp_path)]) == 1
    assert f"error: the images need 5.3 GiB, and {tmp_path} has 1 GiB free\nhint: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_gets_full_leaves_no_half_image(tmp_path):
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (2**30, 2**30))"
    ignore = "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    found = subprocess.run(
        after(f"{limit}\n{ignore}", COMMAND, *DEVICES, str(tmp_path)),
        env=command_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == f"error: cannot write {tmp_path}/snap-a.img: File too large\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_removes_the_half_written_image(tmp_path, number):
    process = subprocess.Popen(
        [str(COMMAND), *DEVICES, str(tmp_path), "--full", "--snapshot", "snap-a"],
        env=command_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: any(path.stat().st_size for path in tmp_path.glob("*/snap-a.img")), "an image", process)
    process.send_signal(number)
    out, _ = process.communicate(timeout=120)
    assert (process.returncode, out) == (128 + number, "")
    assert list(tmp_path.iterdir()) == []


def test_a_full_image_needs_more_space_than_a_sampled_one(tmp_path, monkeypatch, capsys):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, 0))
    needed = []
    for full in ((), ("--full",)):
        assert run_here([*DEVICES, str(tmp_path), "--snapshot", "snap-a", *full]) == 1
        needed.append(capsys.readouterr().err.split("need ")[1].split(",")[0])
    assert needed == ["49.8 MiB", "10.3 GiB"]


def _equal(one, other) -> bool:
    """Their first MiBs, where this volume has most of its data."""
    with one.open("rb") as left, other.open("rb") as right:
        return left.read(64 * MIB) == right.read(64 * MIB)
