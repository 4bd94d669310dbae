"""open of what other tools print, as the installed command."""

import gzip
import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml
from conftest import run_with_input

FOLDER = Path("tests/files/foreign")
SCHEMA = json.loads(files("kubectl_cbt.output").joinpath("schema.json").read_bytes())
SAMPLES = [
    *("qemu-map.json", "filefrag.txt", "filefrag-empty.txt", "nbdinfo.txt", "nbdinfo-bitmap.json", "thin_delta.xml"),
    *("thin_dump.xml", "ddrescue.map", "rbd-diff.json", "rbd-diff.txt", "ebs-pages.json", "extents.csv"),
]
WITHOUT_KIND = {"ddrescue.map", "rbd-diff.json", "rbd-diff.txt", "extents.csv"}


def flags_of(name: str) -> list[str]:
    return ["--kind", "delta"] if name in WITHOUT_KIND else []


@pytest.mark.parametrize("name", SAMPLES)
def test_json_of_a_foreign_list_is_a_document_and_opens_again(run, tmp_path, name):
    found = run("open", str(FOLDER / name), "-o", "json", *flags_of(name))
    assert found.returncode == 0
    document = json.loads(found.stdout)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert document["complete"]
    saved = tmp_path / "saved.json"
    saved.write_text(found.stdout, encoding="utf-8")
    assert (
        run("open", str(saved), "-o", "csv").stdout
        == run("open", str(FOLDER / name), "-o", "csv", *flags_of(name)).stdout
    )


@pytest.mark.parametrize("output", ["summary", "table", "wide", "ndjson", "yaml", "name", "lister-json", "svg"])
def test_a_foreign_list_prints_in_every_format(run, output):
    found = run("open", str(FOLDER / "thin_delta.xml"), "-o", output, "--capacity", "1Gi")
    assert (found.returncode, found.stderr) == (0, "")
    if output == "summary":
        assert "Volume     1 GiB\n" in found.stdout
    if output == "yaml":
        assert yaml.safe_load(found.stdout)["volumeCapacityBytes"] == 2**30


def test_a_list_without_a_capacity_has_a_note(run):
    found = run("open", str(FOLDER / "qemu-map.json"), "-o", "csv")
    assert found.stderr == "note: the format does not record the size of the volume: add --capacity SIZE\n"


def test_an_incomplete_list_fails_and_keeps_what_was_read(run):
    found = run("open", str(FOLDER / "ebs-first-page.json"), "-o", "json")
    document = json.loads(found.stdout)
    assert (found.returncode, document["complete"], len(document["extents"])) == (1, False, 2)
    assert "its last page has a NextToken" in document["error"]["message"]
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_sectors_need_their_format_and_unit(run):
    path = str(FOLDER / "sectors.txt")
    refused = run("open", path, "-o", "csv")
    assert refused.returncode == 1
    assert "add --from-format ranges, and --unit 512 if they count sectors" in refused.stderr
    found = run("open", path, "-o", "csv", "--from-format", "ranges", "--unit", "512", "--capacity", "1Mi")
    assert found.stdout == "byteOffset,sizeBytes\n0,4096\n376832,4096\n"
    wrong = run("open", path, "--unit", "512")
    assert (wrong.returncode, wrong.stderr.splitlines()[0]) == (2, "error: --unit needs --from-format ranges")
    for flags in (["--unit", "0"], ["--capacity", "-1"], ["--from-format", "tar"]):
        assert run("open", path, *flags).returncode == 2


def test_a_compressed_pipe_opens():
    data = gzip.compress((FOLDER / "filefrag.txt").read_bytes())
    found = run_with_input(data, "open", "-", "-o", "csv")
    assert found.returncode == 0
    assert found.stdout.splitlines()[1:3] == ["0,131072", "1048576,131072"]


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_is_stated_about_messages_that_a_list_does_not_have(run, tmp_path, name):
    lists = [str(FOLDER / name), str(tmp_path / "saved.json")]
    document = run("open", lists[0], "-o", "json", *flags_of(name)).stdout
    (tmp_path / "saved.json").write_text(document, encoding="utf-8")
    assert json.loads(document)["summary"]["messages"] == 0
    for file in lists if json.loads(document)["extents"] else lists[:1]:
        found = run("open", file, "-o", "summary", *(flags_of(name) if file == lists[0] else []))
        assert found.returncode == 0
        for word in ("message", "Rules", "kept", "Driver", "unknown →"):
            assert word not in found.stdout
        assert "Rules" not in run("open", file, "-o", "svg", *(flags_of(name) if file == lists[0] else [])).stdout


def test_a_list_that_breaks_a_rule_names_it():
    found = run_with_input(
        b"4096 4096\n0 4096\n", "open", "-", "--from-format", "ranges", "--kind", "delta", "-o", "summary"
    )
    assert "\nRules      BROKEN: R2\n" in found.stdout


def test_without_a_capacity_no_cost_is_that_of_the_whole_volume():
    found = run_with_input(b"0 4096\n", "open", "-", "--from-format", "ranges", "--kind", "delta", "-o", "summary")
    assert "whole volume" not in found.stdout
    assert "Volume     capacity unknown: the list does not record it\n" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("open", "pg-mon"), "open reads files; if pg-mon is a VolumeSnapshot: kubectl cbt allocated pg-mon"),
        (("compare", "pg-mon", "pg-tue"), "if pg-mon is a VolumeSnapshot: save its list first: kubectl cbt allocated"),
        (("verify", "--from", "pg-mon", "--device", "x"), "kubectl cbt verify pg-mon --device DEVICE"),
    ],
)
def test_a_missing_file_is_explained_in_the_terms_of_its_command(run, arguments, hint):
    found = run(*arguments, "-o", "json")
    assert found.returncode == (2 if arguments[0] == "compare" else 1)
    assert hint in found.stderr


@pytest.mark.parametrize(
    ("data", "extents", "message"),
    [
        (b"0 4096\n" + bytes(4096), 1, "standard input: line 2: NUL bytes, which no text has"),
        (bytes(4096), 0, "standard input: line 1: NUL bytes, which no text has"),
        ("0 4096\n".encode("utf-16-le"), 0, "the file is UTF-16, which must be saved as UTF-8"),
        ("0 4096\n".encode("utf-16"), 0, "standard input is UTF-16, which cannot be opened"),
    ],
)
def test_what_is_not_text_is_never_a_shorter_list(data, extents, message):
    found = run_with_input(data, "open", "-", "--from-format", "ranges", "--kind", "delta", "-o", "csv")
    assert found.returncode == 1
    assert message in found.stderr
    assert found.stdout.count("4096") == extents


def test_a_broken_rule_of_a_list_names_the_extent_instead_of_a_message():
    arguments = ("--from-format", "ranges", "--kind", "delta", "-o", "csv")
    found = run_with_input(b"4096 4096\n0 4096\n", "open", "-", *arguments)
    assert "warning: the list broke R2 (MUST) once: " in found.stderr
    assert "\n  0+4096: starts before the previous extent\n" in found.stderr
    assert "message" not in found.stderr
