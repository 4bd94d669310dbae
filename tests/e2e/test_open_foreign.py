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
