"""report in shards, as processes against the demo, and what --merge makes of them."""

import json
import os
import signal
import subprocess

import pytest
from conftest import COMMAND, command_environment, run_command, wait_for
from schemas import validator

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.many_volumes import many_volumes

NOW = "2025-06-09T08:00:00Z"
REPORT = ("report", "-A", "--now", NOW)


@pytest.fixture(scope="module")
def many():
    """A cluster of 24 volumes."""
    with DemoCluster(volumes=many_volumes(24, 1)) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def parts(many, tmp_path_factory):
    """A folder with the parts of three shards that ran as processes."""
    folder = tmp_path_factory.mktemp("parts")
    for index in range(3):
        found = run_command(*REPORT, "--shard", f"{index}/3", "-o", "ndjson", cluster=many)
        assert (found.returncode, found.stderr) == (0, "")
        (folder / f"{index}.ndjson").write_text(found.stdout)
    return folder


def merge(*arguments: str, given: str | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(COMMAND), "report", "--merge", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        input=given,
    )


@pytest.mark.parametrize("form", ["json", "html", "wide"])
def test_the_merged_report_has_the_bytes_of_the_report_of_one_process(many, parts, form):
    whole = run_command(*REPORT, "-o", form, cluster=many)
    files = [str(parts / f"{index}.ndjson") for index in (2, 0, 1)]
    assert whole.returncode == 0
    found = merge(*files, "-o", form)
    assert (found.returncode, found.stdout, found.stderr) == (0, whole.stdout, "")
    logs = "".join((parts / f"{index}.ndjson").read_text() for index in range(3))
    assert merge("-", "-o", form, given=logs).stdout == whole.stdout


def test_each_line_of_a_part_follows_the_schema(parts):
    lines = validator("VolumeReport").evolve(schema={"$ref": "urn:kubectl-cbt:v1:volume-report#/$defs/line"})
    for index in range(3):
        head, *rest = map(json.loads, (parts / f"{index}.ndjson").read_text().splitlines())
        assert head["shard"] == {"index": index, "count": 3, "now": NOW, "run": None}
        for line in (head, *rest):
            lines.validate(line)


def test_a_shard_that_is_missing_is_an_error_that_names_it(parts):
    found = merge(str(parts / "0.ndjson"), str(parts / "2.ndjson"), "-o", "json")
    assert found.returncode == 1
    assert found.stderr.startswith("error: shard 1 of 3 missing\nhint: run what is missing again")
    assert json.loads(found.stdout)["error"]["message"] == "shard 1 of 3 missing"


def test_conditions_and_differences_are_those_of_the_merged_report(parts, tmp_path):
    files = [str(path) for path in sorted(parts.iterdir())]
    old = tmp_path / "old.json"
    old.write_text(merge(*files, "-o", "json").stdout)
    found = merge(*files, "-o", "json", "--fail-on", "no-cbt", "--diff", str(old))
    assert found.returncode == 1
    assert found.stderr.count("no CBT: ") == 2
    assert json.loads(found.stdout)["diff"]["new"] == []


def test_a_pod_takes_its_shard_from_its_index_and_keeps_a_file(many, parts, tmp_path):
    environment = command_environment(many) | {"JOB_COMPLETION_INDEX": "1", "KUBECTL_CBT_RUN": "run-1"}
    command = [str(COMMAND), *REPORT, "--shards", "3", "-o", "ndjson", "--part-folder", str(tmp_path)]
    found = subprocess.run(command, env=environment, capture_output=True, check=True, timeout=60)
    assert [path.name for path in tmp_path.iterdir()] == ["part-00001-of-00003.ndjson"]
    assert (tmp_path / "part-00001-of-00003.ndjson").read_bytes() == found.stdout
    head, *volumes, _ = found.stdout.splitlines()
    assert json.loads(head)["shard"] == {"index": 1, "count": 3, "now": NOW, "run": "run-1"}
    of_process = (parts / "1.ndjson").read_bytes().splitlines()[1:-1]
    assert sorted(volumes) == sorted(of_process)


def test_a_shard_that_was_killed_is_run_again(demo, tmp_path):
    """scratch takes many seconds; its pod is killed when its streams run."""
    selection = ("-n", "vms", "--now", NOW, "--driver", "demo-pages.csi.k8s.io", "--shard", "0/1", "-o", "ndjson")
    out = tmp_path / "killed.ndjson"
    before = len(demo.services["demo-pages.csi.k8s.io"].requests)
    with out.open("wb") as stdout:
        command = [str(COMMAND), "report", *selection, "--part-folder", str(tmp_path)]
        process = subprocess.Popen(command, env=command_environment(demo), stdout=stdout)
        wait_for(lambda: len(demo.services["demo-pages.csi.k8s.io"].requests) > before, "a stream", process)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
    found = merge(str(out))
    assert found.returncode == 1
    assert found.stderr.startswith("error: shard 0 of 1 incomplete: it has no last line\n")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("part-") and path.suffix == ".ndjson"]
    again = run_command("report", *selection, "--max-time", "1ms", cluster=demo)
    assert again.returncode == 1
    found = merge("-", given=out.read_text() + again.stdout)
    assert "error: shard 0 of 1 incomplete: not measured within --max-time" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--shard", "2/2", "-o", "ndjson"), "--shard: 2 is not a shard from 0 to 1"),
        (("--shard", "0/2"), "add -o ndjson"),
        (("--shard", "0/2", "--shards", "2", "-o", "ndjson"), "cannot be combined"),
        (("--shard", "0/2", "-o", "ndjson", "--fail-on", "no-cbt"), "give it with --merge"),
        (("--shards", "2", "-o", "ndjson"), "--shards needs $JOB_COMPLETION_INDEX"),
        (("--part-folder", "x"), "--part-folder requires --shard"),
        (("--now", "today"), "not a time of RFC 3339"),
        (("x",), "unexpected argument x: files are for --merge"),
        (("--merge",), "--merge needs the parts"),
        (("--merge", "x", "--demo"), "--demo cannot be used with --merge, which queries nothing"),
        (("--merge", "x", "-A"), "--merge takes all settings from the parts"),
        (("--merge", "x", "--shards", "2"), "remove --shard, --shards, --now and --part-folder"),
    ],
)
def test_usage(arguments, message):
    found = subprocess.run(
        [str(COMMAND), "report", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=dict(os.environ),
    )
    assert (found.returncode, found.stdout) == (2, "")
    assert message in " ".join(found.stderr.split())


def test_a_folder_that_is_missing_is_an_error(many, tmp_path):
    found = run_command(
        *REPORT, "--shard", "0/2", "-o", "ndjson", "--part-folder", str(tmp_path / "missing"), cluster=many
    )
    assert (found.returncode, found.stdout) == (1, "")
    assert "No such file or directory" in found.stderr
