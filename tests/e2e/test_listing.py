"""snapshots, services, version and help."""

import json

import pytest
import yaml

from kubectl_cbt.demo.scenarios import BLOCKS_DRIVER, PAGES_DRIVER
from kubectl_cbt.system.versions import client_version


def test_snapshots_are_sorted_by_volume_oldest_first(run):
    lines = run("snapshots", "-n", "shop").stdout.splitlines()
    assert lines[0].split() == ["NAME", "PVC", "DRIVER", "SIZE", "READY", "AGE", "CBT"]
    names = [line.split()[0] for line in lines[1:]]
    days = [f"pg-{day}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")]
    assert names == [*days, *(f"uploads-w{week}" for week in (1, 2, 3, 4))]


def test_each_snapshot_that_cannot_be_queried_has_the_reason(run):
    lines = {line.split()[1]: line for line in run("snapshots", "-A").stdout.splitlines()}
    assert lines["archive-old"].endswith("no: driver has no service")
    assert lines["queue-pending"].endswith("no: not ready")
    assert lines["queue-new"].endswith("no: no status yet")
    assert lines["snap-a"].endswith("yes")


def test_wide_adds_handles_and_contents(run):
    heading, first, *_ = run("snapshots", "-o", "wide").stdout.splitlines()
    assert heading.split()[-3:] == ["HANDLE", "CONTENT", "CBT"]
    assert "snapcontent-" in first


@pytest.mark.parametrize(("form", "load"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_lists_are_documents_too(run, form, load):
    snapshots = load(run("snapshots", "-A", "-o", form).stdout)
    assert snapshots["kind"] == "SnapshotList"
    pending = next(item for item in snapshots["items"] if item["name"] == "queue-pending")
    assert (pending["changedBlockTracking"], pending["obstacle"]) == (False, "not ready")
    services = load(run("services", "-o", form).stdout)
    assert [item["name"] for item in services["items"]] == [BLOCKS_DRIVER, PAGES_DRIVER]
    assert all(item["problem"] is None for item in services["items"])


def test_names_can_be_handed_on(run):
    names = run("snapshots", "-o", "name").stdout.split()
    assert names[0] == "volumesnapshot.snapshot.storage.k8s.io/snap-a"
    assert run("delta", names[0], names[1], "-o", "name").stdout.split() == names[:2]


def test_an_empty_namespace_prints_only_a_note(run):
    found = run("snapshots", "-n", "backup")
    assert (found.returncode, found.stdout) == (0, "")
    assert found.stderr == "No snapshots found in namespace backup.\n"
    assert run("snapshots", "-n", "backup", "-q").stderr == ""


def test_a_caller_with_the_least_rights_can_list_its_own_snapshots(run):
    """demo-shop may get contents and services, and list neither."""
    found = run("snapshots", "--context", "demo-shop")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == run("snapshots", "-n", "shop").stdout


def test_services_show_where_and_until_when(run):
    heading, *lines = run("services").stdout.splitlines()
    assert heading.split() == ["DRIVER", "ADDRESS", "AUDIENCE", "CA", "EXPIRES"]
    assert [line.split()[0] for line in lines] == [BLOCKS_DRIVER, PAGES_DRIVER]
    assert all("127.0.0.1:" in line and "in 5" in line for line in lines)


def test_versions_are_printed_in_three_forms(run):
    assert run("version").stdout.startswith(f"Client Version: v{client_version()}\n")
    assert run("--version").stdout == run("version").stdout
    assert json.loads(run("version", "-o", "json").stdout)["clientVersion"] == f"v{client_version()}"
    assert set(yaml.safe_load(run("version", "-o", "yaml").stdout)["libraries"]) >= {"kubernetes", "grpcio", "numpy"}


@pytest.mark.parametrize("verb", ["delta", "allocated", "snapshots", "services", "demo", "version"])
def test_every_verb_has_help_with_examples(run, verb):
    found = run(verb, "--help")
    assert (found.returncode, found.stderr) == (0, "")
    assert f"Usage: kubectl cbt {verb}" in found.stdout
    assert "Examples:" in found.stdout
    assert found.stdout == run(verb, "-h").stdout


def test_the_program_alone_shows_its_help(run):
    found = run()
    assert (found.returncode, found.stderr) == (0, "")
    assert "kubectl cbt demo" in found.stdout
    assert found.stdout == run("--help").stdout


def test_the_demo_shows_a_delta(run):
    found = run("demo")
    assert found.returncode == 0
    assert found.stdout.startswith("Delta      snap-a → snap-b")
