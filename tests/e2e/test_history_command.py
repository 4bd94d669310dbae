"""history, as the installed command: figures, selections, bases that fail, claims that do not exist, signals."""

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from conftest import COMMAND, command_environment, run_command, wait_for
from schemas import validator

from kubectl_cbt.core.find_volume import VolumeName, find_volume
from kubectl_cbt.core.measured_history import HistoryOptions, MeasuredHistory, plan_history
from kubectl_cbt.core.options import ClusterOptions
from kubectl_cbt.core.query import open_cluster
from kubectl_cbt.core.session import open_session
from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.demo.sidecar.metadata_service import AnyRequest, Code, Refusal, Tampering
from kubectl_cbt.errors import SnapshotUnusable
from kubectl_cbt.model.source_volume import group_by_volume
from kubectl_cbt.model.volume_history import BaseState

VALIDATOR = validator("VolumeHistory")
POSTGRES = ("history", "postgres", "-n", "shop")
DATA = ("history", "data")
NAMES = ("pg-mon", "pg-tue", "pg-wed", "pg-thu", "pg-fri", "pg-sat", "pg-sun")


def content_of(demo: DemoCluster, name: str, namespace: str = "default") -> dict:
    bound = demo.store.get("volumesnapshots", name, namespace)["status"]["boundVolumeSnapshotContentName"]
    return demo.store.get("volumesnapshotcontents", bound)


def document_of(found: "subprocess.CompletedProcess[str]") -> dict:
    document = json.loads(found.stdout)
    VALIDATOR.validate(document)
    return document


def pairs(document: dict) -> list[tuple[str, str]]:
    return [(row["base"], row["target"]) for row in document["rows"]]


# What is measured.


def test_each_row_has_the_figures_of_its_delta(run):
    found = run(*DATA, "-o", "json", "--chunk", "4Mi")
    assert (found.returncode, found.stderr) == (0, "")
    document = document_of(found)
    assert pairs(document) == [("snap-a", "snap-b"), ("snap-b", "snap-c"), ("snap-c", "snap-d")]
    for row in document["rows"]:
        summary = json.loads(run("delta", row["base"], row["target"], "-o", "json").stdout)["summary"]
        costs = {cost["chunkBytes"]: cost["sizeBytes"] for cost in summary["readByChunkSize"]}
        assert (row["changedBytes"], row["extents"]) == (summary["coveredBytes"], summary["extents"])
        assert row["readBytes"] == costs[4 * 2**20]
    newest = json.loads(run("allocated", "snap-d", "-o", "json").stdout)["summary"]
    assert document["allocated"]["allocatedBytes"] == newest["coveredBytes"]
    assert document["sums"]["changedBytes"] == sum(row["changedBytes"] for row in document["rows"])
    assert document["complete"] is True


def test_the_table_has_rows_in_order_sums_and_a_recommendation(run):
    found = run(*POSTGRES)
    assert (found.returncode, found.stderr) == (0, "")
    heading, *rows = found.stdout.split("\n\n")[0].splitlines()
    assert heading.startswith("BASE     TARGET   CREATED (UTC)")
    assert [tuple(row.split()[:2]) for row in rows] == list(pairwise(NAMES))
    assert "Keep pg-sun as the base of the next incremental backup." in found.stdout


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--last", "3"), [("pg-fri", "pg-sat"), ("pg-sat", "pg-sun")]),
        (("--since", "2025-06-07"), [("pg-sat", "pg-sun")]),
        (("--since", "2025-06-06T02:00:00Z", "--last", "9"), [("pg-fri", "pg-sat"), ("pg-sat", "pg-sun")]),
        (("--pairs", "first", "--last", "3"), [("pg-fri", "pg-sat"), ("pg-fri", "pg-sun")]),
        (("--since", "99999d"), list(pairwise(NAMES))),
    ],
)
def test_snapshots_are_selected_and_paired(run, flags, expected):
    found = run(*POSTGRES, *flags, "-o", "json")
    assert found.returncode == 0
    assert pairs(document_of(found)) == expected


def test_one_snapshot_has_its_allocated_extents_and_what_to_do(run):
    found = run(*POSTGRES, "--last", "1", "-o", "json")
    assert found.returncode == 0
    document = document_of(found)
    assert (document["rows"], document["allocated"]["snapshot"]) == ([], "pg-sun")
    assert document["recommendations"] == ["Keep pg-sun as the base, and take another snapshot: a delta needs two."]


def test_a_volume_can_be_named_by_its_handle(run, demo):
    handle = content_of(demo, "snap-a")["spec"]["source"]["volumeHandle"]
    by_claim, by_handle = run(*DATA, "-o", "json"), run("history", "--volume", handle, "-o", "json")
    assert by_handle.stdout == by_claim.stdout


def test_the_picture_is_drawn_in_the_chosen_size(run):
    found = run(*DATA, "-o", "svg", "--size", "80x20", "--theme", "light")
    assert (found.returncode, found.stderr) == (0, "")
    root = ET.fromstring(found.stdout)
    assert int(root.get("width")) <= 80 * 8 + 16
    text = "".join(root.itertext())
    assert "default/data" in text
    assert "snap-a → snap-d" in text
    assert all(name in text for name in ("snap-b", "snap-c", "allocated"))


def test_two_streams_of_one_service_run_at_once_at_most(own_demo):
    """Each request waits for a second one, so that one at a time would not end, and counts those that run."""
    running, most, lock = 0, 0, threading.Lock()
    two = threading.Event()

    def counted(messages):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
            if running == 2:
                two.set()
        assert two.wait(60)
        try:
            yield from messages
        finally:
            with lock:
                running -= 1

    own_demo.services[PAGES_DRIVER].tampering = Tampering(answer=counted)
    found = run_command(*DATA, "--no-probe", "-o", "json", cluster=own_demo)
    assert found.returncode == 0
    assert most == 2


# Bases that fail.


def test_a_base_that_the_driver_lost_is_a_row_that_fails(run):
    found = run_command(*POSTGRES, "--demo", "--fault", "old-bases-lost=2", "-o", "json")
    assert found.returncode == 1
    document = document_of(found)
    assert [row["baseState"] for row in document["rows"]] == ["fails"] * 5 + ["works"]
    assert document["rows"][0]["error"]["code"] == "NOT_FOUND"
    assert document["rows"][5]["complete"]
    assert document["olderBases"] == []
    assert found.stderr.startswith("warning: 5 streams incomplete, the first: the driver does not know the snapshot")


def refusing(*handles: str) -> Callable[[AnyRequest], None]:
    def accept(request: AnyRequest) -> None:
        if getattr(request, "base_snapshot_id", "") in handles:
            raise Refusal(Code.FAILED_PRECONDITION, "change tracking was switched off")

    return accept


def test_the_newest_older_base_that_works_is_found(own_demo):
    lost = [content_of(own_demo, name)["status"]["snapshotHandle"] for name in ("snap-b", "snap-c")]
    own_demo.services[PAGES_DRIVER].tampering = Tampering(accept=refusing(*lost))
    found = run_command(*DATA, "-o", "json", cluster=own_demo)
    assert found.returncode == 1
    document = document_of(found)
    assert [row["baseState"] for row in document["rows"]] == ["works", "fails", "fails"]
    assert pairs({"rows": document["olderBases"]}) == [("snap-a", "snap-d")]
    assert document["recommendations"][1] == "A backup of snap-a can be followed by an incremental backup of snap-d."
    assert not document["complete"]


def test_without_any_base_only_full_backups_are_possible(run):
    found = run_command(*DATA, "--demo", "--fault", "old-bases-lost=0")
    assert found.returncode == 1
    assert "Only full backups are possible since snap-b (2025-06-02): no base works for snap-d." in found.stdout
    assert found.stdout.splitlines()[-1].startswith("# incomplete: 3 of 4 streams")


@pytest.mark.parametrize("fault", ["cut-after=0", "token-expired"])
def test_incomplete_streams_exit_with_1(fault):
    found = run_command(*DATA, "--demo", "--fault", fault, "--retries", "0", "-o", "json")
    assert found.returncode == 1
    document = document_of(found)
    assert [row["complete"] for row in document["rows"]] == [False] * 3
    assert [row["baseState"] for row in document["rows"]] == ["unknown"] * 3
    assert found.stderr.startswith("warning: 4 streams incomplete, the first: ")


def test_a_stream_that_broke_a_rule_exits_with_1_and_is_not_recommended():
    found = run_command(*POSTGRES, "--last", "2", "--demo", "--fault", "overlap", "-o", "json")
    assert found.returncode == 1
    document = document_of(found)
    assert (document["complete"], document["rows"][0]["violations"]) == (True, ["R2"])
    assert "warning: a stream broke R2 (MUST): " in found.stderr
    assert document["recommendations"][1].endswith("broke a rule of the stream: do not make a backup from it.")


# Claims and rights.


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("postgers", "-n", "shop"), 'no snapshot of persistentvolumeclaim "postgers"', "did you mean postgres? "),
        (("postgres",), "in namespace default", "it is in another namespace: -n shop"),
        (("postgres", "-n", "nowhere"), "in namespace nowhere", "namespace nowhere does not exist"),
        (("archive", "-n", "legacy"), "claim archive can be queried: driver has no service", "see why for each"),
        (("queue", "-n", "legacy"), "no snapshot of claim queue can be queried", "see why for each"),
        (("--volume", "vol-0"), 'no snapshot of volume "vol-0"', "list snapshots and their claims"),
        (
            ("data", "--since", "2030-01-01"),
            "was taken since 2030-01-01 00:00:00Z",
            "the newest one is snap-d, of 2025",
        ),
    ],
)
def test_a_volume_without_usable_snapshots_is_an_error_with_advice(run, arguments, message, hint):
    found = run("history", *arguments)
    assert (found.returncode, found.stdout) == (1, "")
    assert message in found.stderr
    assert f"hint: {hint}" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "history needs a CLAIM, or --volume HANDLE"),
        (("data", "--chunk", "3Mi"), "is not a power of two"),
        (("data", "--chunk", "256"), "is not a power of two from 512 bytes on"),
        (("data", "--since", "yesterday"), "is not an age such as 30d or 12h, nor a date"),
        (("data", "--last", "0"), "invalid value for '--last'"),
        (("data", "--size", "80x20"), "--size needs -o svg"),
        (("data", "-o", "yaml"), "invalid value for '--output'"),
    ],
)
def test_usage_errors_exit_with_2(run, arguments, message):
    found = run("history", *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert message in found.stderr


def test_a_drivers_socket_has_no_history(tmp_path):
    found = run_command("history", "data", "--csi-endpoint", f"unix://{tmp_path}/csi.sock")
    assert (found.returncode, found.stdout) in ((1, ""), (2, ""))
    assert found.stderr.startswith("error: ")


def test_a_claim_that_exists_without_snapshots_needs_one(own_demo):
    own_demo.store.put(
        "persistentvolumeclaims", {"apiVersion": "v1", "metadata": {"name": "fresh", "namespace": "default"}}
    )
    found = run_command("history", "fresh", cluster=own_demo)
    assert "hint: the claim exists: take a snapshot of it first" in found.stderr


def test_a_recreated_claim_is_two_volumes(own_demo):
    old = content_of(own_demo, "snap-a")["spec"]["source"]["volumeHandle"]
    for name in ("snap-c", "snap-d"):
        content_of(own_demo, name)["spec"]["source"]["volumeHandle"] = "vol-new"
    newest = run_command(*DATA, "-o", "json", cluster=own_demo)
    assert pairs(document_of(newest)) == [("snap-c", "snap-d")]
    assert newest.stderr == (f"note: 2 snapshots of claim data are of another volume: show it with --volume {old}\n")
    older = run_command(*DATA, "--volume", old, "-o", "json", cluster=own_demo)
    assert pairs(document_of(older)) == [("snap-a", "snap-b")]
    assert older.stderr == ""


def test_snapshots_of_another_driver_are_kept_apart(own_demo):
    for name in ("snap-a", "snap-b"):
        content_of(own_demo, name)["spec"]["driver"] = "old.csi.example.com"
    found = run_command(*DATA, "-o", "json", cluster=own_demo)
    assert pairs(document_of(found)) == [("snap-c", "snap-d")]
    assert "are of another volume of driver old.csi.example.com" in found.stderr


def test_without_the_right_to_list_the_missing_rule_is_named(run):
    found = run(*POSTGRES, "--context", "demo-nobody")
    assert found.returncode == 1
    assert 'cannot list resource "volumesnapshots"' in found.stderr
    assert "hint: an administrator can grant it: kubectl cbt rbac " in found.stderr
    assert " --browse | kubectl apply -f -" in found.stderr


def test_contents_that_cannot_be_read_are_named_with_the_rule(own_demo):
    with open_session(ClusterOptions(kubeconfig=str(own_demo.kubeconfig))) as session:
        volume = find_volume(session.catalogue, VolumeName("default", "data")).volume
    unreadable = tuple(
        replace(one, obstacle="content c not readable: forbidden", volume_handle=None, driver="")
        for one in volume.snapshots
    )
    with pytest.raises(SnapshotUnusable) as caught:
        plan_history(replace(volume, snapshots=unreadable), HistoryOptions())
    assert "kubectl cbt rbac --browse" in caught.value.hint


# Interruptions.


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "table", "svg"])
def test_an_interrupted_history_is_a_document_that_says_so(own_demo, form):
    """The stream of one base stops after its first message; the others go on, and then the signal comes."""
    released = threading.Event()
    service = own_demo.services[PAGES_DRIVER]
    service.tampering = holding(content_of(own_demo, "snap-b")["status"]["snapshotHandle"], released)
    process = subprocess.Popen(
        [str(COMMAND), *DATA, "-o", form, "--no-probe"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=command_environment(own_demo),
    )
    with process:
        wait_for(lambda: len(service.requests) == 4, "all four requests", process)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    released.set()
    assert process.returncode == 130
    assert b"Traceback" not in errors
    if form == "json":
        document = json.loads(out)
        VALIDATOR.validate(document)
        assert not document["complete"]
        assert document["rows"][1]["error"]["type"] == "Interrupted"
    elif form == "ndjson":
        *_, end = map(json.loads, out.splitlines())
        assert (end["kind"], end["complete"]) == ("VolumeHistoryEnd", False)
    elif form == "svg":
        assert "INCOMPLETE" in "".join(ET.fromstring(out).itertext())
    else:
        assert out.splitlines()[-1].startswith(b"# incomplete: ")


def holding(base_handle: str, released: threading.Event) -> Tampering:
    """Stop the streams of one base after their first message."""
    current = threading.local()

    def accept(request: AnyRequest) -> None:
        current.base_handle = getattr(request, "base_snapshot_id", "")

    def answer(messages: Iterator[bytes]) -> Iterator[bytes]:
        return held(messages) if current.base_handle == base_handle else messages

    def held(messages: Iterator[bytes]) -> Iterator[bytes]:
        yield next(messages)
        released.wait(60)

    return Tampering(answer, accept)


def test_a_closed_pipe_ends_it_without_a_message(demo):
    process = subprocess.Popen(
        [str(COMMAND), *DATA, "-o", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=command_environment(demo),
    )
    with process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


# The core without the command.


def test_a_cancelled_history_has_all_its_rows(demo):
    with open_cluster(ClusterOptions(kubeconfig=str(demo.kubeconfig))) as backend:
        (volume,) = [one for one in group_by_volume(backend.entries()) if one.claim == "data"]
        with MeasuredHistory(backend, plan_history(volume, HistoryOptions())) as measured:
            measured.cancel()
            assert [row.is_complete for row in measured] == [False] * 3
            history = measured.result()
    assert [row.base_state for row in history.rows] == [BaseState.UNKNOWN] * 3
    assert {row.failure.type for row in history.rows} == {"Interrupted"}
    assert history.older_bases == ()
    assert measured.next_offset == 0
