"""``-o svg`` from the command line."""

import xml.etree.ElementTree as ET

import pytest
from conftest import run_command

from kubectl_cbt.output.drawing.tones import DARK_TONES, LIGHT_TONES

DELTA = ("delta", "pg-mon", "pg-tue", "-n", "shop")


def test_the_flags_set_size_theme_palette_and_scale(demo):
    flags = ("--size", "100x30", "--theme", "light", "--palette", "viridis", "--scale", "linear")
    found = run_command(*DELTA, "-o", "svg", *flags, cluster=demo)
    assert (found.returncode, found.stderr) == (0, "")
    root = ET.fromstring(found.stdout)
    assert root.attrib["viewBox"] == f"0 0 {100 * 8 + 16} {30 * 17 + 16}"
    assert root[0].attrib["fill"] == LIGHT_TONES.background
    for text in ("pg-mon → pg-tue", "changed 5.3 GiB", ">linear<", ">viridis<"):
        assert text in found.stdout
    other = run_command(*DELTA, "-o", "svg", cluster=demo).stdout
    assert ET.fromstring(other)[0].attrib["fill"] == DARK_TONES.background
    assert ">log<" in other
    assert ">cividis<" in other


def test_allocated_extents_are_named_as_such(demo):
    found = run_command("allocated", "pg-mon", "-n", "shop", "-o", "svg", cluster=demo)
    assert found.returncode == 0
    assert "allocated " in found.stdout
    assert "changed" not in found.stdout


def test_a_stream_that_breaks_gives_a_picture_that_says_so():
    found = run_command(*DELTA, "--demo", "--fault", "cut-after=12", "--retries", "0", "-o", "svg")
    assert found.returncode == 1
    ET.fromstring(found.stdout)
    assert "INCOMPLETE at 34 GiB" in found.stdout
    assert "≥ 1.9 GiB so far" in found.stdout
    assert "╱╱╱" in found.stdout


def test_a_starting_offset_leaves_what_is_before_it_unknown(demo):
    found = run_command(*DELTA, "--starting-offset", "100Gi", "-o", "svg", cluster=demo)
    assert found.returncode == 0
    assert "complete" in found.stdout
    assert "≥ " in found.stdout
    assert "╱╱╱" in found.stdout


def test_a_saved_document_and_the_stream_give_the_same_picture(demo, tmp_path):
    saved = tmp_path / "delta.json"
    saved.write_text(run_command(*DELTA, "-o", "json", cluster=demo).stdout, encoding="utf-8")
    found = run_command("open", str(saved), "-o", "svg", "--size", "80x24")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == run_command(*DELTA, "-o", "svg", "--size", "80x24", cluster=demo).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*DELTA, "--size", "80x24", "-o", "json"), "--size needs -o svg"),
        ((*DELTA, "--size", "80x24"), "--size needs -o svg"),
        (("open", "/nonexistent", "--size", "80x24"), "--size needs -o svg"),
        ((*DELTA, "--size", "80", "-o", "svg"), "'80' is not a size in characters, such as 120x40"),
        ((*DELTA, "--size", "8x24", "-o", "svg"), "'8x24' is not between 40x10 and 1000x1000"),
        ((*DELTA, "--theme", "blue", "-o", "svg"), "'blue'"),
    ],
)
def test_what_cannot_be_drawn_is_a_usage_error(demo, arguments, message):
    found = run_command(*arguments, cluster=demo)
    assert (found.returncode, found.stdout) == (2, "")
    assert message in found.stderr
