"""Devices that are mounted, in stand-ins of the files in which Linux lists them."""

import os
from pathlib import Path

from kubectl_cbt.devices import mounts


def test_a_mounted_device_is_found_in_the_list_of_mounts(tmp_path, monkeypatch):
    listed = tmp_path / "mountinfo"
    listed.write_text(
        "22 1 8:1 / /data\\040base rw,noatime shared:1 - ext4 /dev/sda1 rw\n23 1 8:2 / /old ro - ext4 /dev/sda2 ro\n"
    )
    monkeypatch.setattr(mounts, "_MOUNTS", listed)
    assert mounts.mounted_writable(os.makedev(8, 1)) == "/data base"
    assert mounts.mounted_writable(os.makedev(8, 2)) is None
    assert mounts.mounted_writable(os.makedev(9, 1)) is None


def test_a_device_is_mounted_if_a_part_of_it_is(tmp_path, monkeypatch):
    """A stand-in of the system's files: a disk with a partition, on which a logical volume is mounted."""
    listed, system = tmp_path / "mountinfo", tmp_path / "block"
    for number, parent in {"8:0": "", "8:1": "8:0/sda1", "253:7": "8:1/holders/dm-7", "8:16": ""}.items():
        folder = system / number
        (folder / "holders").mkdir(parents=True)
        (folder / "dev").write_text(f"{number}\n")
        if parent:
            (system / parent).symlink_to(folder)
    (system / "8:1" / "partition").write_text("1\n")
    listed.write_text("22 1 253:7 / /srv rw shared:1 - ext4 /dev/mapper/a rw\n")
    monkeypatch.setattr(mounts, "_MOUNTS", listed)
    monkeypatch.setattr(mounts, "_BLOCK_DEVICES", system)
    for minor in (0, 1):
        assert mounts.mounted_writable(os.makedev(8, minor)) == "/srv"
    assert mounts.mounted_writable(os.makedev(8, 16)) is None


def test_the_source_of_a_mount_decides_where_its_number_is_its_own(tmp_path, monkeypatch):
    """As that of btrfs; the only device that every machine has is a character device."""
    listed = tmp_path / "mountinfo"
    listed.write_text("22 1 0:44 /sub /srv rw shared:1 - btrfs /dev/null rw\n")
    monkeypatch.setattr(mounts, "_MOUNTS", listed)
    assert mounts.mounted_writable(Path("/dev/null").stat().st_rdev) == "/srv"
    assert mounts.mounted_writable(os.makedev(8, 16)) is None
