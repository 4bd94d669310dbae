"""kubectl get's own flags for lists: which objects, in which order, and which of them change."""

import copy
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml
from conftest import command_environment, run_command, warm_command
from kubeconfigs import kubectl
from peers import needs_kubectl
from warm import WarmProcess

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.scenarios import BLOCKS_DRIVER, PAGES_DRIVER

PATIENCE_SECONDS = 60
"""Only a hang takes this long; no test measures time."""

PREFIX = "volumesnapshot.snapshot.storage.k8s.io/"


def change(demo: DemoCluster, name: str, *, like: str = "", **metadata: Any) -> None:
    """Put a snapshot of namespace default with other metadata; ``like`` names the one that a new one is made from."""
    item = copy.deepcopy(demo.store.get("volumesnapshots", like or name, "default"))
    if like:
        for field in ("uid", "resourceVersion"):
            item["metadata"].pop(field, None)
    item["metadata"] |= {"name": name, **metadata}
    demo.store.put("volumesnapshots", item)


@pytest.fixture(scope="module")
def labelled() -> Iterator[DemoCluster]:
    """A demo cluster some of whose objects have labels."""
    with DemoCluster() as demo:
        change(demo, "snap-a", labels={"team": "db", "tier": "test"})
        change(demo, "snap-b", labels={"team": "db"})
        change(demo, "snap-c", labels={"team": "web"})
        service = copy.deepcopy(demo.store.get("snapshotmetadataservices", PAGES_DRIVER))
        service["metadata"]["labels"] = {"team": "db"}
        demo.store.put("snapshotmetadataservices", service)
        yield demo


def names(text: str) -> list[str]:
    return [line.rpartition("/")[2] for line in text.splitlines()]


@needs_kubectl
@pytest.mark.parametrize(
    ("flags", "found"),
    [
        (("-l", "team=db"), ["snap-a", "snap-b"]),
        (("-l=team=db",), ["snap-a", "snap-b"]),
        (("--selector=team=db,tier!=test",), ["snap-b"]),
        (("-l", "team in (db, web)"), ["snap-a", "snap-b", "snap-c"]),
        (("-l", "!team"), ["snap-d"]),
        (("-l", "team=nothing"), []),
        (("-l", ""), ["snap-a", "snap-b", "snap-c", "snap-d"]),
        (("--field-selector", "metadata.name=snap-c"), ["snap-c"]),
        (("--field-selector=metadata.name!=snap-c,metadata.namespace=default", "-l", "team"), ["snap-a", "snap-b"]),
    ],
    ids=str,
)
def test_selectors_select_what_they_select_for_kubectl(labelled, tmp_path, flags, found):
    theirs = kubectl(tmp_path, labelled.kubeconfig, "get", "volumesnapshots", "-o", "name", *flags)
    ours = run_command("snapshots", "-o", "name", *flags, cluster=labelled)
    assert ours.returncode == theirs.returncode == 0
    assert sorted(names(ours.stdout)) == sorted(names(theirs.stdout)) == found


def test_services_can_be_selected_too(labelled):
    for flags, found in (
        (("-l", "team=db"), [PAGES_DRIVER]),
        (("-l", "!team"), [BLOCKS_DRIVER]),
        (("--field-selector", f"metadata.name={BLOCKS_DRIVER}"), [BLOCKS_DRIVER]),
        (("--sort-by=.metadata.name",), [BLOCKS_DRIVER, PAGES_DRIVER]),
        (("--sort-by={.metadata.labels.team}",), [BLOCKS_DRIVER, PAGES_DRIVER]),
    ):
        listed = run_command("services", "-o", "name", *flags, cluster=labelled)
        assert (listed.returncode, names(listed.stdout)) == (0, found)


def test_a_selector_without_matches_is_not_reported_as_an_empty_cluster(labelled):
    """Without one, no service means that no driver offers CBT; and no snapshot is said to be none either way."""
    found = run_command("services", "-l", "team=nothing", cluster=labelled)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    found = run_command("snapshots", "-l", "team=nothing", cluster=labelled)
    assert (found.returncode, found.stdout) == (0, "")
    assert found.stderr == "No snapshots found in namespace default.\n"


@needs_kubectl
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("-l", "team in"), "unable to parse requirement"),
        (("-l", "a b c"), "unable to parse requirement"),
        (("--field-selector", "spec.nope=x"), "field label not supported: spec.nope"),
        (("--field-selector", "nonsense"), "invalid selector: 'nonsense'"),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("verb", "resource"), [("snapshots", "volumesnapshots"), ("services", "snapshotmetadataservices")]
)
def test_an_invalid_selector_is_rejected_with_the_servers_message(labelled, tmp_path, flags, said, verb, resource):
    ours = run_command(verb, *flags, cluster=labelled)
    assert (ours.returncode, ours.stdout) == (1, "")
    assert ours.stderr.startswith("Error from server (BadRequest): ")
    assert said in ours.stderr
    theirs = kubectl(tmp_path, labelled.kubeconfig, "get", resource, *flags)
    assert theirs.returncode == 1
    # kubectl adds the request before the server's message.
    assert theirs.stderr.startswith("Error from server (BadRequest): ")
    assert ours.stderr.splitlines()[0].removeprefix("Error from server (BadRequest): ") in theirs.stderr


@pytest.mark.parametrize("verb", ["snapshots", "services"])
def test_headings_can_be_left_out(run, verb):
    heading, *lines = run(verb).stdout.splitlines()
    assert heading.isupper()
    bare = run(verb, "--no-headers").stdout.splitlines()
    assert [line.split() for line in bare] == [line.split() for line in lines]
    assert run(verb, "--no-headers", "-o", "name").stdout == run(verb, "-o", "name").stdout
    assert run(verb, "--no-headers", "-o", "json").stdout == run(verb, "-o", "json").stdout


def test_an_order_goes_before_our_own(run):
    own = names(run("snapshots", "-n", "shop", "-o", "name").stdout)
    assert own.index("pg-mon") < own.index("pg-fri")
    by_name = names(run("snapshots", "-n", "shop", "-o", "name", "--sort-by", ".metadata.name").stdout)
    assert by_name == sorted(own)
    table = run("snapshots", "-n", "shop", "--sort-by", ".metadata.name", "--no-headers").stdout
    assert [line.split()[0] for line in table.splitlines()] == by_name


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (".metadata.nope", 'error: --sort-by: no object has a field ".metadata.nope"'),
        (".metadata", 'error: --sort-by: the values of ".metadata" have no order'),
        ("{.metadata", 'error: --sort-by: "{.metadata" is not a path of fields such as .metadata.name'),
    ],
)
def test_an_order_that_is_none_is_an_error_of_usage(run, path, said):
    found = run("snapshots", "--sort-by", path)
    assert (found.returncode, found.stdout) == (2, "")
    assert said in found.stderr


# Watching.


class Watch:
    """A command that keeps running, and its lines as they are printed."""

    def __init__(self, process: WarmProcess) -> None:
        self.process = process

    def line(self) -> str:
        return self.process.stdout.readline().decode()

    def words(self) -> list[str]:
        return self.line().split()

    def interrupt(self) -> tuple[str, str]:
        """What else it writes when Ctrl-C is pressed."""
        self.process.send_signal(signal.SIGINT)
        out, said = self.process.communicate(PATIENCE_SECONDS)
        return out.decode(), said.decode()


@contextmanager
def watching(demo: DemoCluster, *arguments: str) -> Iterator[Watch]:
    with warm_command().open(["snapshots", "-w", *arguments], command_environment(demo)) as process:
        # A line that never comes is an end then, and no hang.
        timer = threading.Timer(PATIENCE_SECONDS, process.kill)
        timer.start()
        try:
            yield Watch(process)
        finally:
            timer.cancel()
            process.kill()
            timer.join()


def test_a_watch_shows_evidence_and_then_each_that_changes(own_demo):
    with watching(own_demo) as watch:
        heading = watch.line()
        assert heading.split()[0] == "NAME"
        assert [watch.words()[0] for _ in range(4)] == ["snap-a", "snap-b", "snap-c", "snap-d"]
        change(own_demo, "snap-e", like="snap-a")
        added = watch.line()
        assert added.split()[0] == "snap-e"
        # It is printed below the existing headings.
        assert added.index("demo-pages") == heading.index("DRIVER")
        assert added.endswith("yes\n")
        item = copy.deepcopy(own_demo.store.get("volumesnapshots", "snap-e", "default"))
        item["status"]["readyToUse"] = False
        own_demo.store.put("volumesnapshots", item)
        assert watch.line().endswith("no: not ready\n")
        own_demo.store.remove("volumesnapshots", "snap-e", "default")
        deleted = watch.line()
        assert deleted.split()[0] == "snap-e"
        assert deleted.endswith("no: deleted\n")
        assert watch.interrupt() == ("", "interrupted\n")
        assert watch.process.returncode == 130


def test_a_watch_knows_only_its_namespace_or_all(own_demo):
    with watching(own_demo, "-n", "backup", "-o", "name") as here, watching(own_demo, "-A", "--no-headers") as all_of:
        for _ in own_demo.store.list("volumesnapshots"):
            assert all_of.line()
        change(own_demo, "snap-e", like="snap-a")
        change(own_demo, "snap-f", like="snap-a", namespace="backup")
        assert here.line() == f"{PREFIX}snap-f\n"
        assert all_of.words()[:2] == ["default", "snap-e"]
        assert all_of.words()[:2] == ["backup", "snap-f"]


def test_a_watch_reports_an_object_that_no_longer_matches_as_deleted(own_demo):
    change(own_demo, "snap-a", labels={"team": "db"})
    with watching(own_demo, "-l", "team=db", "--no-headers") as watch:
        assert watch.words()[0] == "snap-a"
        change(own_demo, "snap-c", labels={"team": "web"})
        change(own_demo, "snap-b", labels={"team": "db"})
        assert watch.words()[0] == "snap-b"
        change(own_demo, "snap-a", labels={"team": "web"})
        line = watch.line()
        assert line.split()[0] == "snap-a"
        assert line.endswith("no: deleted\n")


def test_a_watch_in_names(own_demo):
    with watching(own_demo, "-o", "name", "--field-selector", "metadata.name=snap-b") as watch:
        assert watch.line() == f"{PREFIX}snap-b\n"
        change(own_demo, "snap-a", labels={"a": "b"})
        change(own_demo, "snap-b", labels={"a": "b"})
        own_demo.store.remove("volumesnapshots", "snap-b", "default")
        assert [watch.line(), watch.line()] == [f"{PREFIX}snap-b\n"] * 2
        assert watch.interrupt() == ("", "interrupted\n")
        assert watch.process.returncode == 130


def document_of(watch: Watch, last: str) -> str:
    """Lines up to one."""
    text = ""
    while not text.endswith(last):
        line = watch.line()
        assert line, f"ended behind {text!r}"
        text += line
    return text


def test_a_watch_in_json_is_a_document_an_object(own_demo):
    with watching(own_demo, "-o", "json", "--field-selector", "metadata.name=snap-b") as watch:
        first = json.loads(document_of(watch, "\n}\n"))
        assert (first["name"], first["changedBlockTracking"]) == ("snap-b", True)
        own_demo.store.remove("volumesnapshots", "snap-b", "default")
        second = json.loads(document_of(watch, "\n}\n"))
        assert (second["name"], second["obstacle"]) == ("snap-b", "deleted")


def test_a_watch_in_yaml_too(own_demo):
    with watching(own_demo, "-o", "yaml", "--field-selector", "metadata.name=snap-b") as watch:
        watch_text = document_of(watch, "obstacle: null\n")
        change(own_demo, "snap-b", labels={"a": "b"})
        watch_text += document_of(watch, "obstacle: null\n")
        assert [document["name"] for document in yaml.safe_load_all(watch_text)] == ["snap-b", "snap-b"]


def test_an_empty_watch_waits_for_its_first(own_demo):
    with watching(own_demo, "-n", "backup") as watch:
        change(own_demo, "snap-f", like="snap-a", namespace="backup")
        assert watch.words()[0] == "NAME"
        assert watch.words()[0] == "snap-f"


def test_a_watch_whose_server_goes_away_is_an_error(own_demo):
    with watching(own_demo, "-o", "name") as watch:
        assert watch.line()
        own_demo.api.stop()
        said = watch.process.communicate(PATIENCE_SECONDS)[1].decode()
    assert watch.process.returncode == 1
    assert "the API server https://127.0.0.1:" in said
    assert "Traceback" not in said


def test_a_watch_with_a_selector_that_is_none_ends_at_once(own_demo):
    found = run_command("snapshots", "-w", "-l", "a b c", cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("Error from server (BadRequest): unable to parse requirement")
