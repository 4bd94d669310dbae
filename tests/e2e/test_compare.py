"""compare, as the installed command: exit codes, what is on stdout and stderr, signals, and closed pipes."""

import json
import signal
import subprocess
import xml.etree.ElementTree as ET
from importlib.resources import files

import jsonschema
import pytest
from conftest import COMMAND, DELTA, command_environment, run_with_input

from kubectl_cbt.output.drawing.tones import LIGHT_TONES
from kubectl_cbt.output.palettes import palette_named

SCHEMA = json.loads((files("kubectl_cbt.output") / "comparison" / "schema.json").read_bytes())
LISTER = "tests/contract/recordings/fixed_length/delta-a-b.reference.json"


@pytest.fixture
def saved(run, tmp_path):
    """The demo's delta, one that lacks its first extent, and one that is cut."""
    whole = tmp_path / "whole.json"
    whole.write_text(run(*DELTA, "-o", "json").stdout, encoding="utf-8")
    document = json.loads(whole.read_text(encoding="utf-8"))
    first = document["extents"].pop(0)
    document["summary"]["extents"] -= 1
    (tmp_path / "less.json").write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "cut.json").write_bytes(whole.read_bytes()[:9000])
    return tmp_path, first


def test_equal_lists_exit_with_0_and_a_lost_extent_with_1(run, saved):
    folder, first = saved
    whole, less = str(folder / "whole.json"), str(folder / "less.json")
    found = run("compare", whole, whole)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.endswith("Result      equal\n")
    found = run("compare", whole, less, "-o", "json")
    assert (found.returncode, found.stderr) == (1, "")
    document = json.loads(found.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["summary"]["onlyLeft"]["first"] == [first]
    assert document["summary"]["onlyRight"]["ranges"] == 0


def test_covers_lists_what_a_backup_would_miss(run, saved):
    folder, first = saved
    whole, less = str(folder / "whole.json"), str(folder / "less.json")
    assert run("compare", whole, less, "--covers").returncode == 0
    found = run("compare", less, whole, "--covers", "-o", "csv")
    assert found.returncode == 1
    row = f"{first['byteOffset']},{first['sizeBytes']},only-right"
    assert found.stdout == f"byteOffset,sizeBytes,class\n{row}\n"
    assert "NOT COVERED: a backup by " in run("compare", less, whole, "--covers").stdout


def test_what_could_not_be_compared_is_never_equal(run, saved):
    folder, _ = saved
    whole, cut = str(folder / "whole.json"), str(folder / "cut.json")
    found = run("compare", whole, cut)
    assert found.returncode == 2
    assert "warning: not compared in full: " in found.stderr
    assert "INCOMPLETE: no difference was found, but not everything could be compared" in found.stdout
    # A difference before the cut is one.
    assert run("compare", str(folder / "less.json"), cut).returncode == 1


def test_trouble_exits_with_2(run, saved):
    folder, _ = saved
    whole = str(folder / "whole.json")
    for arguments, message in (
        ((whole, str(folder / "none.json")), "cannot be opened: No such file or directory"),
        (("-", "-"), "only one side can be standard input"),
        ((whole, whole, "--grain", "0"), "must be larger than 0"),
        ((whole,), "missing argument"),
        ((whole, "README.md"), "hint: "),
    ):
        found = run("compare", *arguments)
        assert (found.returncode, found.stdout) == (2, "")
        assert message in found.stderr


def test_a_list_out_of_order_is_trouble_that_names_the_side_and_the_offset(run, saved):
    folder, _ = saved
    document = json.loads((folder / "whole.json").read_text(encoding="utf-8"))
    document["extents"][1:3] = document["extents"][2:0:-1]
    wrong = folder / "wrong.json"
    wrong.write_text(json.dumps(document), encoding="utf-8")
    found = run("compare", str(folder / "whole.json"), str(wrong), "-o", "json")
    assert found.returncode == 2
    place = document["extents"][2]["byteOffset"]
    assert f"error: {wrong}: the extent at offset {place} of " in found.stderr
    document = json.loads(found.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["error"]["type"] == "OutOfOrder"


def test_one_side_can_be_a_pipe_and_lists_that_do_not_belong_together_are_reported(run, saved):
    folder, _ = saved
    whole = folder / "whole.json"
    found = run_with_input(whole.read_bytes(), "compare", LISTER, "-", "--kind", "delta")
    assert found.returncode == 1
    assert "warning: the capacities of the volumes differ" in found.stderr
    allocated = folder / "allocated.json"
    allocated.write_text(run("allocated", "snap-b", "-o", "json").stdout, encoding="utf-8")
    found = run("compare", str(whole), str(allocated))
    assert f"warning: {whole} is delta, {allocated} is allocated\n" in found.stderr


def sized(path, *extents, capacity):
    """An answer of snapshot-metadata-lister for a volume of this capacity."""
    rows = [{"byte_offset": offset, "size_bytes": size} for offset, size in extents]
    message = {"block_metadata_type": 2, "volume_capacity_bytes": capacity, "block_metadata": rows}
    path.write_text(json.dumps([message]), encoding="utf-8")
    return str(path)


def test_capacities_that_rounding_makes_equal_are_shown_in_bytes(run, tmp_path):
    left = sized(tmp_path / "left.json", (0, 4096), capacity=64 * 2**30)
    right = sized(tmp_path / "right.json", (0, 4096), capacity=64 * 2**30 + 1)
    found = run("compare", left, right)
    assert found.returncode == 1
    figures = "68,719,476,736 B left, 68,719,476,737 B right"
    assert f"Volume      DIFFERENT: {figures}\n" in found.stdout
    assert found.stderr == f"warning: the capacities of the volumes differ: {figures}\n"
    assert "capacities differ: 68,719,476,736 B and 68,719,476,737 B" in run("compare", left, right, "-o", "svg").stdout


def test_a_list_of_a_volume_of_another_size_does_not_contain_the_other_one(run, tmp_path):
    small = sized(tmp_path / "small.json", (0, 4096), capacity=2**20)
    large = sized(tmp_path / "large.json", (0, 4096), capacity=2**21)
    for left, right in ((small, large), (large, small)):
        found = run("compare", "--covers", left, right)
        assert found.returncode == 1
        assert f"Result      NOT COVERED: {left} is of a volume of another size than {right}\n" in found.stdout
        assert "warning: the capacities of the volumes differ: " in found.stderr
    lacking = sized(tmp_path / "lacking.json", capacity=2**20)
    assert "NOT COVERED: a backup by " in run("compare", "--covers", lacking, large).stdout


def test_extents_beyond_the_capacity_are_reported_with_the_list_that_has_them(run, tmp_path):
    legal = sized(tmp_path / "legal.json", (0, 4096), capacity=8192)
    beyond = sized(tmp_path / "beyond.json", (0, 4096), (8000, 1192), (16384, 4096), capacity=8192)
    found = run("compare", beyond, beyond)
    assert found.returncode == 0
    text = f"{beyond} broke W2 (WARNING) 2 times: no extent ends beyond the volume's capacity; 8000+1192: ends beyond"
    assert found.stderr == f"warning: {text} the capacity 8192\n" * 2
    found = run("compare", legal, beyond, "-o", "json")
    assert (found.returncode, found.stderr.count("broke W2")) == (1, 1)
    assert json.loads(found.stdout)["warnings"] == [f"{text} the capacity 8192"]


def test_lines_of_numbers_are_compared_with_every_format(run, saved):
    folder, first = saved
    whole, recording = str(folder / "whole.json"), str(folder / "stream.cbtrec")
    assert run(*DELTA, "-o", "name", "--record", recording).returncode == 0
    extents = json.loads((folder / "whole.json").read_text(encoding="utf-8"))["extents"]
    for extent in extents:
        assert extent["byteOffset"] % 512 == extent["sizeBytes"] % 512 == 0
    lines = [f"{extent['byteOffset'] // 512} {extent['sizeBytes'] // 512}\n" for extent in extents]
    flags = ("--from-format", "ranges", "--unit", "512", "--capacity", "64Gi", "--kind", "delta")
    for name, head in (("plain.txt", ""), ("commented.txt", "0 0 # nothing\n")):
        sectors = str(folder / name)
        (folder / name).write_text(head + "".join(lines), encoding="utf-8")
        for other in (whole, recording, sectors):
            found = run("compare", other, sectors, *flags)
            assert (found.returncode, found.stderr) == (0, "")
            assert run("compare", sectors, other, *flags).returncode == 0
    assert f"{first['byteOffset']}," in run("compare", str(folder / "less.json"), sectors, *flags, "-o", "csv").stdout


def test_a_format_that_neither_list_has_is_an_error(run, saved):
    folder, _ = saved
    whole = str(folder / "whole.json")
    assert run("compare", whole, LISTER, "--from-format", "lister").returncode == 1
    for named in ("ranges", "csv"):
        found = run("compare", whole, whole, "--from-format", named)
        assert (found.returncode, found.stdout) == (2, "")
        assert f"error: neither file is of the format {named}\n" in found.stderr
    assert run("open", whole, "--from-format", "csv").returncode == 1


def test_a_recording_is_compared_as_a_document_is(run, saved):
    folder, _ = saved
    recording = folder / "stream.cbtrec"
    assert run(*DELTA, "-o", "name", "--record", str(recording)).returncode == 0
    assert run("compare", str(folder / "whole.json"), str(recording)).returncode == 0


def _piped(*arguments):
    return subprocess.Popen(
        [str(COMMAND), "compare", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=command_environment(),
        bufsize=0,  # a line is read without what follows it
    )


def test_a_document_is_valid_after_a_signal(saved):
    folder, _ = saved
    whole = folder / "whole.json"
    with _piped(str(whole), "-", "-o", "json") as process:
        process.stdin.write(whole.read_bytes()[:-2000])
        process.stdin.flush()
        head = process.stdout.readline()  # printed with the first ranges
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    document = json.loads(head + rest)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["error"]["type"] == "Interrupted"
    assert document["complete"] is False
    assert b"Traceback" not in errors


def test_a_closed_pipe_ends_it_without_a_message(saved):
    folder, _ = saved
    whole = str(folder / "whole.json")
    with _piped(whole, whole, "-o", "csv") as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(timeout=60)
    assert process.returncode == 141


def test_a_picture_has_the_classes_and_the_flags_of_pictures(run, saved):
    folder, _ = saved
    whole, less, cut = (str(folder / f"{name}.json") for name in ("whole", "less", "cut"))
    found = run("compare", whole, less, "-o", "svg", "--size", "100x30", "--theme", "light", "--palette", "viridis")
    assert (found.returncode, found.stderr) == (1, "")
    root = ET.fromstring(found.stdout)
    assert root.attrib["viewBox"] == f"0 0 {100 * 8 + 16} {30 * 17 + 16}"
    assert root[0].attrib["fill"] == LIGHT_TONES.background
    assert palette_named("viridis").classes(dark=False)[0] in found.stdout
    assert ">DIFFERENT<" in found.stdout
    found = run("compare", whole, cut, "-o", "svg")
    assert found.returncode == 2
    assert "INCOMPLETE: " in found.stdout
    assert "╱╱╱" in found.stdout
    found = run("compare", whole, less, "--size", "100x30")
    assert (found.returncode, found.stdout) == (2, "")
    assert "--size needs -o svg" in found.stderr


def test_a_side_that_was_not_read_to_its_end_is_not_called_incomplete(run, tmp_path):
    for name, lines in (("left.txt", "0 8192\n4096 4096\n"), ("right.txt", "0 4096\n")):
        (tmp_path / name).write_text(lines, encoding="utf-8")
    flags = ("--from-format", "ranges", "--capacity", "1Mi")
    found = run("compare", str(tmp_path / "left.txt"), str(tmp_path / "right.txt"), *flags, "-o", "json")
    assert found.returncode == 2
    assert json.loads(found.stdout)["unknown"] == [f"{tmp_path / 'right.txt'} was read only up to 0 B"]


def test_an_empty_name_is_not_the_current_directory(run, saved):
    found = run("compare", "", str(saved[0] / "whole.json"))
    assert (found.returncode, found.stdout) == (2, "")
    assert "the name of a file is empty" in found.stderr
