"""verify, as the installed command: saved answers and image files, and a small demo with its data."""

import csv
import io
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import DELTA, command_environment, cut_after, run_command, wait_for, warm_command
from pseudo_terminal import Terminal
from schemas import validator
from small_demo import small_demo, write_image

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.faults import parse_faults
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.demo.sidecar.metadata_service import Tampering

MIB = 2**20
VALIDATOR = validator("Verification")
SIZE = 32 * MIB


def image(path: Path, writes: dict[int, bytes], size: int = SIZE) -> str:
    """A sparse file."""
    with path.open("wb") as file:
        file.truncate(size)
        for offset, data in writes.items():
            file.seek(offset)
            file.write(data)
    return str(path)


def messages(path: Path, *extents: tuple[int, int], capacity: int = SIZE) -> str:
    """An answer as snapshot-metadata-lister prints it."""
    rows = [{"byte_offset": offset, "size_bytes": size} for offset, size in extents]
    path.write_text(json.dumps([{"block_metadata_type": 2, "volume_capacity_bytes": capacity, "block_metadata": rows}]))
    return str(path)


@pytest.fixture
def images(tmp_path):
    """Two images that differ in 4 KiB at 1 MiB and at 20 MiB."""
    base = image(tmp_path / "base.img", {MIB: b"a" * 4096, 5 * MIB: b"same" * 1024})
    target = image(tmp_path / "target.img", {MIB: b"b" * 4096, 5 * MIB: b"same" * 1024, 20 * MIB: b"c" * 4096})
    return ["--base-device", base, "--target-device", target]


def test_a_correct_delta(tmp_path, images):
    saved = messages(tmp_path / "delta.json", (MIB, 4096), (20 * MIB, 8192))
    found = run_command("verify", "--from", saved, "--kind", "delta", *images)
    assert (found.returncode, found.stderr) == (0, "")
    assert "Verdict    correct: every byte that differs is in the delta\n" in found.stdout
    assert "Needless   4 KiB   33.3 % of the delta are equal\n" in found.stdout


def test_a_delta_that_lost_a_block(tmp_path, images):
    saved = messages(tmp_path / "delta.json", (20 * MIB, 4096))
    found = run_command("verify", "--from", saved, "--kind", "delta", *images, "-o", "json")
    assert found.returncode == 1
    document = json.loads(found.stdout)
    VALIDATOR.validate(document)
    assert document["missing"] == [{"byteOffset": MIB, "sizeBytes": 4096}]
    (tmp_path / "verification.json").write_text(found.stdout)
    opened = run_command("open", str(tmp_path / "verification.json"), "-o", "csv")
    assert opened.stdout == f"byteOffset,sizeBytes\n{MIB},4096\n"
    assert "missing from the delta" in opened.stderr


def test_allocated_extents(tmp_path, images):
    saved = messages(tmp_path / "allocated.json", (MIB, 4096), (20 * MIB, 4096))
    found = run_command("verify", "--from", saved, "--kind", "allocated", "--device", images[-1])
    assert found.returncode == 1
    assert "MISSING: 4 KiB in 1 range are not zero and are not in the allocated extents" in found.stdout


def test_a_cut_document_is_incomplete_and_cannot_be_continued(tmp_path, images):
    saved = Path(messages(tmp_path / "delta.json", (MIB, 4096), (20 * MIB, 4096)))
    saved.write_text(saved.read_text()[:-3])
    found = run_command("verify", "--from", str(saved), "--kind", "delta", *images)
    assert found.returncode == 1
    assert "Verdict    INCOMPLETE" in found.stdout
    assert "--starting-offset" not in found.stderr
    rest = messages(tmp_path / "rest.json", (MIB, 4096), (20 * MIB, 4096))
    more = ["--kind", "delta", *images, "--starting-offset", str(20 * MIB)]
    found = run_command("verify", "--from", rest, *more)
    assert found.returncode == 0
    assert "every byte that differs, from 20 MiB on, is in the delta" in found.stdout


def test_a_list_that_goes_on_after_the_end_of_the_devices_is_incomplete(tmp_path):
    """Its format has no capacity, and the devices are cut."""
    base, target = (image(tmp_path / name, {}, 4096) for name in ("t1.img", "t2.img"))
    (tmp_path / "far.txt").write_text("0 4096\n1048576 65536\n")
    saved = ["--from", str(tmp_path / "far.txt"), "--from-format", "ranges", "--kind", "delta"]
    arguments = ["verify", *saved, "--base-device", base, "--target-device", target]
    found = run_command(*arguments)
    assert found.returncode == 1
    assert "Verdict    INCOMPLETE" in found.stdout
    assert (
        f"the answer has extents up to 1.1 MiB: after the end of {target} (4 KiB) nothing was compared" in found.stdout
    )
    assert f"Note       the capacity of the volume is unknown: its end is taken to be that of {target}" in found.stdout
    document = json.loads(run_command(*arguments, "-o", "json").stdout)
    VALIDATOR.validate(document)
    assert (document["verdict"], len(document["notes"])) == ("incomplete", 1)


LIVE = [
    *(("--record", "x.cbtrec"), ("--fault", "lost-write"), ("--demo",), ("--retries", "1"), ("--max-results", "7")),
    *(("--no-probe",), ("--service", "x"), ("--namespace", "shop"), ("--connect", "direct"), ("--token-file", "x")),
]
OF_FILES = [("--kind", "delta"), ("--capacity", "1Mi"), ("--unit", "512"), ("--from-format", "csv")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "verify needs one snapshot, two (BASE TARGET), or --from FILE"),
        (("snap-a", "--from", "x.json"), "--from has the answer: name no snapshots"),
        (("snap-a", "--map"), "--map needs a terminal"),
        (("snap-a", "--demo"), "allocated extents are verified against a device: --device"),
        *((("--from", "x.json", *flags), f"{flags[0]} cannot be used with --from, which") for flags in LIVE),
        *((("snap-a", "--device", "x", *flags), f"{flags[0]} requires --from") for flags in OF_FILES),
        (("snap-a", "--device", "x", "--palette", "gray"), "--palette requires --map"),
        (("snap-a", "snap-b", "--demo", "--device", "/dev/null"), "--base-device and --target-device"),
        (("snap-a", "--demo", "--device", "a", "--base-device", "b"), "allocated extents are verified against one"),
    ],
)
def test_usage(arguments, message):
    found = run_command("verify", *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert message in found.stderr


@pytest.mark.parametrize(
    ("device", "message"),
    [("/dev/null", "is a character device"), ("/", "is a directory"), ("/nothing", "No such file")],
)
def test_what_is_not_a_device(tmp_path, device, message):
    saved = messages(tmp_path / "a.json")
    found = run_command("verify", "--from", saved, "--kind", "allocated", "--device", device)
    assert (found.returncode, found.stdout) == (1, "")
    assert message in found.stderr


def test_an_empty_file_or_an_empty_name_is_not_a_device(tmp_path):
    saved = messages(tmp_path / "a.json")
    (tmp_path / "empty.img").touch()
    for device, message in ((str(tmp_path / "empty.img"), "is empty"), ("", "the name of a device is empty")):
        found = run_command("verify", "--from", saved, "--kind", "allocated", "--device", device)
        assert (found.returncode, found.stdout) == (1, "")
        assert message in found.stderr


def test_one_device_for_both_snapshots_is_refused_whatever_its_name(tmp_path, images):
    saved, image = messages(tmp_path / "a.json"), images[-1]
    (tmp_path / "link.img").symlink_to(image)
    for other in (image, str(tmp_path / "link.img")):
        devices = ("--base-device", image, "--target-device", other)
        found = run_command("verify", "--from", saved, "--kind", "delta", *devices)
        assert (found.returncode, found.stdout) == (2, "")
        assert "are the same device, so that nothing can differ" in found.stderr


def test_a_starting_offset_at_the_end_of_the_volume_verifies_nothing(tmp_path, images):
    saved = messages(tmp_path / "a.json", (MIB, 4096), (20 * MIB, 4096))
    for offset in ("32Mi", "33Mi"):
        found = run_command("verify", "--from", saved, "--kind", "delta", *images, "--starting-offset", offset)
        assert found.returncode == 1
        assert "Verdict    INCOMPLETE" in found.stdout
        assert "nothing was compared: the starting offset is not before the end of the volume, 32 MiB" in found.stdout


def test_an_answer_without_a_kind_is_refused(tmp_path, images):
    found = run_command("verify", "--from", messages(tmp_path / "list.json"), *images)
    assert found.returncode == 2
    assert "does not record whether it is a delta or allocated" in found.stderr


def test_an_interrupted_verification_is_a_valid_document(tmp_path):
    # The rest of the answer never comes: the pipe stays open.
    device = image(tmp_path / "t.img", {0: b"x" * 4096, 30 * MIB: b"x"})
    answer, out = tmp_path / "answer", tmp_path / "out.json"
    os.mkfifo(answer)
    with out.open("wb") as stdout:
        arguments = ["verify", "--from", str(answer), "--kind", "allocated", "--device", device, "-o", "json"]
        process = warm_command().open(arguments, command_environment(), stdout.fileno())
        with process, answer.open("w") as pipe:
            rows = [{"byte_offset": 20 * MIB, "size_bytes": 4096}, {"byte_offset": 21 * MIB, "size_bytes": 4096}]
            message = {"block_metadata_type": 2, "volume_capacity_bytes": SIZE, "block_metadata": rows}
            pipe.write(f"[{json.dumps(message)},\n")
            pipe.flush()
            wait_for(lambda: out.stat().st_size, "the beginning of the document", process)
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(60)
    assert process.returncode == 130
    document = json.loads(out.read_text())
    VALIDATOR.validate(document)
    assert (document["verdict"], document["complete"]) == ("missing", False)
    assert document["missing"] == [{"byteOffset": 0, "sizeBytes": 4096}]
    assert document["summary"]["endBytes"] == 16 * MIB  # whole windows of 8 MiB
    assert b"continue with --starting-offset" in stderr


def test_the_map_opens_on_the_missing_ranges(tmp_path, images):
    saved = messages(tmp_path / "delta.json", (20 * MIB, 4096))
    terminal = Terminal("verify", "--from", saved, "--kind", "delta", *images, "--map")
    terminal.wait_for("missing 4 KiB")
    terminal.press("q")
    assert terminal.end() == 1
    assert b"MISSING: 4 KiB in 1 range" in terminal.written


def test_without_missing_ranges_no_map_opens(tmp_path, images):
    saved = messages(tmp_path / "delta.json", (MIB, 4096), (20 * MIB, 4096))
    terminal = Terminal("verify", "--from", saved, "--kind", "delta", *images, "--map")
    assert terminal.end() == 0
    assert b"correct: every byte" in terminal.written


@pytest.fixture
def lossy() -> Iterator[DemoCluster]:
    """A cluster of the test's own, whose driver can get faults."""
    with small_demo() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def demo_images(small, tmp_path_factory):
    """The data of two snapshots of default/data."""
    folder = tmp_path_factory.mktemp("devices")
    for name in ("snap-a", "snap-b"):
        write_image(small, name, folder / f"{name}.img")
    yield ["--base-device", str(folder / "snap-a.img"), "--target-device", str(folder / "snap-b.img")]
    for file in folder.iterdir():
        file.unlink()


def test_the_demo_verifies(small, demo_images):
    found = run_command("verify", "snap-a", "snap-b", *demo_images, cluster=small)
    assert (found.returncode, found.stderr) == (0, "")
    assert "Verdict    correct" in found.stdout
    assert "Needless   nothing\n" in found.stdout
    assert "Tracking   4 KiB blocks explain all that is reported\n" in found.stdout


def test_a_driver_is_not_blamed_for_a_base_image_that_was_cut(small, demo_images, tmp_path):
    cut = tmp_path / "cut.img"
    with cut.open("wb") as file, Path(demo_images[1]).open("rb") as whole:
        file.write(whole.read(MIB))
    found = run_command("verify", "snap-a", "snap-b", "--base-device", str(cut), *demo_images[2:], cluster=small)
    assert found.returncode == 1
    assert "Verdict    INCOMPLETE" in found.stdout
    assert f"{cut} (1 MiB) is smaller than the base snapshot" in found.stdout
    assert "Missing    nothing so far" in found.stdout


def test_a_broken_stream_is_continued_where_it_broke(lossy, demo_images):
    arguments = ["verify", "snap-a", "snap-b", "--retries", "0", "--max-results", "100", *demo_images, "-o", "json"]
    lossy.services[PAGES_DRIVER].tampering = cut_after(3)
    found = run_command(*arguments, cluster=lossy)
    assert found.returncode == 1
    end = json.loads(found.stdout)["summary"]["endBytes"]
    at = int(re.search(r"continue with --starting-offset (\d+)", found.stderr)[1])
    assert 0 < at == end // 512 * 512
    lossy.services[PAGES_DRIVER].tampering = Tampering()
    rest = run_command(*arguments, "--starting-offset", str(at), cluster=lossy)
    document = json.loads(rest.stdout)
    assert (rest.returncode, document["verdict"], document["summary"]["startBytes"]) == (0, "correct", at)


def test_the_images_differ_where_cmp_finds_it(small, demo_images):
    """The truth of another program, byte by byte, where the delta has many small extents."""
    rows = csv.reader(io.StringIO(run_command(*DELTA, "-o", "csv", cluster=small).stdout))
    extents = [tuple(map(int, row)) for row in list(rows)[1:]]
    start, length = extents[120][0] // MIB * MIB, 64 * MIB
    _, base, _, target = demo_images
    # The bytes that differ, from 1, with both values.
    lines = subprocess.run(
        ["cmp", "-l", "-i", str(start), "-n", str(length), base, target], capture_output=True, check=False
    ).stdout
    different = np.array(lines.split()[::3], dtype=np.int64) - 1
    pages = np.unique(different // 4096)
    expected = np.zeros(length // 4096, dtype=bool)
    for offset, size in extents:
        first, last = (min(max(place - start, 0), length) // 4096 for place in (offset, offset + size))
        expected[first:last] = True
    assert pages.tolist() == np.flatnonzero(expected).tolist()
    assert len(pages) > 50


def test_a_lost_write_is_found_by_the_data(small, lossy, demo_images):
    """Exactly the extents that the fault removes from the delta."""
    lossy.services[PAGES_DRIVER].plugin.faults = parse_faults(["lost-write"])
    whole, kept = (
        {tuple(map(int, row)) for row in list(csv.reader(io.StringIO(found.stdout)))[1:]}
        for found in (run_command(*DELTA, "-o", "csv", cluster=cluster) for cluster in (small, lossy))
    )
    lost = sum(size for _, size in whole) - sum(size for _, size in kept)
    found = run_command("verify", "snap-a", "snap-b", *demo_images, "-o", "json", cluster=lossy)
    assert found.returncode == 1
    document = json.loads(found.stdout)
    assert document["summary"]["missingBytes"] == sum(one["sizeBytes"] for one in document["missing"]) == lost > 0
    untouched = {offset for offset, _ in whole - kept}
    assert {one["byteOffset"] for one in document["missing"]} & untouched


def test_a_driver_that_stops_after_its_first_page_is_found_by_the_data(lossy, demo_images):
    lossy.services[PAGES_DRIVER].plugin.faults = parse_faults(["first-page-only"])
    arguments = ["verify", "snap-a", "snap-b", "--no-probe", *demo_images]
    document = json.loads(run_command(*arguments, "-o", "json", cluster=lossy).stdout)
    assert (document["verdict"], document["complete"]) == ("missing", True)


def test_reporting_too_much_is_a_figure_and_no_error(lossy, demo_images):
    lossy.services[PAGES_DRIVER].plugin.faults = parse_faults(["unaligned-shift"])
    arguments = ["--starting-offset", "1234567", *demo_images]
    found = run_command("verify", "snap-a", "snap-b", *arguments, "-o", "json", cluster=lossy)
    assert found.returncode == 0
    document = json.loads(found.stdout)
    assert document["verdict"] == "correct"
    assert document["summary"]["needlessBytes"] > 0
    assert document["summary"]["granularity"]["unexplainedBlocks"] > 0
