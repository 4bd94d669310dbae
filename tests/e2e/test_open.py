"""open, as the installed command: documents to documents, and the errors for broken ones."""

import json
from pathlib import Path

import pytest
from conftest import DELTA, run_with_input

from kubectl_cbt.output.registry import StreamFormat

LISTER = "tests/contract/recordings/fixed_length/delta-a-b.reference.json"


@pytest.fixture
def saved(run, tmp_path):
    """Saved documents of the demo's delta by format."""

    def save(form: str):
        path = tmp_path / f"delta.{form}"
        path.write_text(run(*DELTA, "-o", form).stdout, encoding="utf-8")
        return path

    return save


@pytest.mark.parametrize("form", ["json", "ndjson"])
@pytest.mark.parametrize("output", [form for form in StreamFormat if form not in ("summary", "wide", "lister-json")])
def test_a_saved_document_prints_what_the_stream_printed(run, saved, form, output):
    found = run("open", str(saved(form)), "-o", output)
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == run(*DELTA, "-o", output).stdout


def test_a_pipe_gets_the_summary_and_may_be_one(run, saved):
    found = run_with_input(saved("ndjson").read_bytes(), "open", "-")
    assert found.returncode == 0
    assert found.stdout.startswith("Delta      snap-a → snap-b   default/data\n")


def test_a_cut_document_gives_what_is_there_and_fails(run, saved):
    path = saved("json")
    path.write_bytes(path.read_bytes()[:9000])
    found = run("open", str(path), "-o", "json")
    assert found.returncode == 1
    document = json.loads(found.stdout)
    assert (document["complete"], document["error"]["type"]) == (False, "DocumentError")
    assert len(document["extents"]) > 100
    assert "ends in the middle of its extents, at line" in found.stderr
    assert "--starting-offset" not in found.stderr


def test_a_document_of_a_stream_that_failed_is_reported_again(run, saved):
    path = saved("json")
    document = json.loads(path.read_text(encoding="utf-8"))
    document |= {"complete": False, "error": {"type": "StreamCut", "code": None, "message": "it broke", "hint": ""}}
    path.write_text(json.dumps(document), encoding="utf-8")
    found = run("open", str(path))
    assert found.returncode == 1
    assert "warning: incomplete when it was saved: it broke" in found.stderr
    assert "INCOMPLETE it broke" in found.stdout


def test_a_lister_document_requires_its_kind_from_the_user(run):
    found = run("open", LISTER)
    assert found.returncode == 2
    assert "does not record whether it is a delta" in found.stderr
    assert run("open", LISTER, "--kind", "delta").stdout.startswith("Delta      handle unknown → delta-a-b")
    assert run("open", LISTER, "-o", "csv").returncode == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("rbd diff v1\n", "is the output of rbd export-diff, which cannot be opened"),
        ('{"apiVersion": "v1", "kind": "List"}', "is a List of Kubernetes"),
        ("{]", "line 1"),
    ],
)
def test_a_foreign_file_is_an_error_with_the_position(run, tmp_path, text, message):
    path = tmp_path / "foreign"
    path.write_text(text, encoding="utf-8")
    found = run("open", str(path))
    assert found.returncode == 1
    assert message in found.stderr
    assert "hint: " in found.stderr
    assert found.stdout == ""


def test_an_unreadable_file_gets_a_hint_what_to_name_instead(run, tmp_path):
    assert run("open", str(tmp_path)).stderr == (
        f"error: {tmp_path} cannot be opened: Is a directory\nhint: name one of the files in the folder\n"
    )
    said = run("open", "snap-a").stderr
    assert said.startswith("error: snap-a cannot be opened: No such file or directory\n")
    assert "kubectl cbt allocated snap-a" in said


@pytest.mark.parametrize(
    ("name", "volume"),
    [
        ("cap0", "capacity unknown: no message has one"),
        ("resize", "10 GiB in the first message that has a capacity; it changes"),
        ("capsmaller", "4 KiB"),
    ],
)
def test_the_summary_shows_what_is_wrong_with_a_capacity(run, name, volume):
    found = run("open", f"tests/files/open/{name}.json", "--kind", "delta")
    assert f"Volume     {volume}\n" in found.stdout
    assert "warning: the stream broke" in found.stderr


def test_messages_of_grpcurl_open_from_a_pipe(run):
    found = run_with_input(Path("tests/files/open/grpcurl.json").read_bytes(), "open", "-", "-o", "csv")
    assert found.stdout == "byteOffset,sizeBytes\n0,4096\n376832,4096\n380928,4096\n"
    assert "note: these messages may be incomplete" in found.stderr


def test_without_a_terminal_and_without_a_command_there_is_help(run):
    found = run()
    assert found.returncode == 0
    assert "Usage: kubectl cbt" in found.stdout
    assert run("browse").returncode == 2
    assert "browse needs a terminal" in run("-n", "shop").stderr
