"""What bad input gets: a clear error, exit 1 or 2, and no success on stdout."""

import pytest
from conftest import DELTA, run_command

from kubectl_cbt.demo.scenarios import PAGES_DRIVER

USAGE = [
    (("delta",), "missing argument 'BASE'"),
    (("delta", "snap-a"), "delta needs two snapshots: BASE TARGET"),
    (("delta", "a", "b", "c"), "unexpected extra argument"),
    (("delta", "--base-handle", "x", "a", "b"), "name the target snapshot alone"),
    (("delta", "--base-handle", "", "a"), "--base-handle is empty"),
    (("delta", "--choose-base", "snap-b"), "--choose-base needs a terminal"),
    (("delta", "pvc/data", "snap-b"), '"pvc/data" does not name a VolumeSnapshot'),
    (("allocated", ""), '"" does not name a VolumeSnapshot'),
    ((*DELTA, "-o", "xml"), "'xml' is not one of 'summary'"),
    ((*DELTA, "--max-results", "-1"), "--max-results"),
    ((*DELTA, "--max-results", "2147483648"), "--max-results"),
    ((*DELTA, "--starting-offset", "-1"), "'-1' is not an offset such as 4096, 0x1000 or 12Gi"),
    ((*DELTA, "--starting-offset", "1.5"), "not a whole number of bytes"),
    ((*DELTA, "--token-duration", "5m"), "at least 10m"),
    ((*DELTA, "--token-duration", "soon"), "'soon' is not a duration"),
    ((*DELTA, "--service-account", "a/b/c"), "'a/b/c' is not NAME or NAMESPACE/NAME"),
    ((*DELTA, "--request-timeout", "x"), "'x' is not a duration"),
    ((*DELTA, "--color", "mauve"), "--color"),
    ((*DELTA, "--nonsense"), "--nonsense"),
    (("frobnicate",), "frobnicate"),
    (("version", "-o", "xml"), "'xml' is not json or yaml"),
]


@pytest.mark.parametrize(("arguments", "said"), USAGE, ids=[" ".join(row[0]) or "nothing" for row in USAGE])
def test_a_wrong_command_line_exits_2_and_names_the_help(run, arguments, said):
    found = run(*arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert said in found.stderr
    assert found.stderr.startswith("error: ")


SNAPSHOTS = [
    (("allocated", "nope"), 'volumesnapshots.snapshot.storage.k8s.io "nope" not found'),
    (("delta", "snap-a", "snap-bb"), "did you mean snap-b"),
    (("allocated", "x", "-n", "nowhere"), 'namespaces "nowhere" not found'),
    (("allocated", "x", "-n", "backup"), "namespace backup has no snapshots"),
    (("allocated", "queue-new", "-n", "legacy"), "legacy/queue-new has no status yet"),
    (("delta", "queue-pending", "queue-new", "-n", "legacy"), "legacy/queue-pending is not ready to use"),
    (("allocated", "archive-old", "-n", "legacy"), "driver legacy.csi.example.com has no SnapshotMetadataService"),
    (("delta", "snap-a", "snap-a"), "base and target are the same snapshot"),
    (("delta", "snap-b", "snap-a"), "--force queries it anyway"),
    (("delta", "pg-mon", "uploads-w4", "-n", "shop"), "a delta needs two snapshots of one volume"),
    (("delta", "win-0900", "scratch-2", "-n", "vms", "--force"), "is of driver demo-blocks.csi.k8s.io"),
    (
        ("allocated", "snap-a", "--service", "none.csi"),
        'snapshotmetadataservices.cbt.storage.k8s.io "none.csi" not found',
    ),
    (("allocated", "snap-a", "--service", "demo-blocks.csi.k8s.io"), "does not belong to this service's driver"),
    (("allocated", "snap-a", "--context", "nope"), 'context "nope" does not exist'),
    (("allocated", "snap-a", "--context", "demo-admin"), 'you are user "demo-admin"'),
    (("allocated", "snap-a", "--context", "demo-nobody"), "Error from server (Forbidden)"),
    (("allocated", "snap-a", "--service-account", "nobody/nobody"), "may not get volumesnapshots in namespace default"),
    (("allocated", "snap-a", "--service-account", "backup/none"), "ServiceAccount backup/none does not exist"),
    (
        ("allocated", "pg-mon", "--context", "demo-shop", "--service-account", "backup/backup-app"),
        "--for-user --as system:serviceaccount:shop:shop-backup --service-account backup/backup-app | kubectl",
    ),
    (("allocated", "snap-a", "--token-file", "/nonexistent/token"), "No such file or directory"),
    (("allocated", "snap-a", "--starting-offset", "100Ti"), "is beyond the volume"),
    (("delta", "--base-handle", "who knows", "snap-b"), "the driver does not know the snapshot"),
]


@pytest.mark.parametrize(("arguments", "said"), SNAPSHOTS, ids=[" ".join(row[0]) for row in SNAPSHOTS])
@pytest.mark.parametrize("form", ["summary", "name"])
def test_what_cannot_be_queried_exits_1_with_its_reason_and_a_hint(run, arguments, said, form):
    found = run(*arguments, "-o", form)
    assert (found.returncode, found.stdout) == (1, "")
    assert said in found.stderr
    assert "hint: " in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    ("arguments", "forced"),
    [
        (("delta",), "; --force queries it anyway"),
        (("verify", "--device", "none"), ""),
        (("verify", "--print-job", "--image", "example"), ""),
        (("check",), ""),
        (("doctor",), ""),
    ],
)
def test_a_hint_about_a_pair_has_the_command_in_use_and_its_flags_only(run, arguments, forced):
    verb, *flags = arguments
    found = run(verb, "snap-b", "snap-a", *flags)
    printed = found.stdout + found.stderr
    assert f"swap them: kubectl cbt {verb} snap-a snap-b -n default{forced}\n" in printed
    found = run(verb, "pg-mon", "uploads-w4", "-n", "shop", *flags)
    assert f"a delta needs two snapshots of one volume{forced}\n" in found.stdout + found.stderr
    found = run(verb, "snap-a", "snap-a", *flags)
    wanted = f"kubectl cbt {'allocated' if verb == 'delta' else verb} snap-a -n default\n"
    assert wanted in found.stdout + found.stderr


@pytest.mark.parametrize("arguments", [("--base-handle", "HANDLE", "snap-a"), ("snap-a", "snap-b")])
def test_one_snapshot_under_two_names_is_not_a_delta(own_demo, arguments):
    """A driver would report that nothing changed, and a backup would rely on it."""
    contents = {
        item["spec"]["volumeSnapshotRef"]["name"]: item for item in own_demo.store.list("volumesnapshotcontents")
    }
    handle = contents["snap-a"]["status"]["snapshotHandle"]
    contents["snap-b"]["status"]["snapshotHandle"] = handle
    arguments = [handle if argument == "HANDLE" else argument for argument in arguments]
    found = run_command("delta", *arguments, "-o", "json", cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert "base and target are the same snapshot" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("allocated", "pg-nope"), 'volumesnapshots.snapshot.storage.k8s.io "pg-nope" not found'),
        (("allocated", "pg-mon", "--service", "nope"), 'snapshotmetadataservices.cbt.storage.k8s.io "nope" not found'),
    ],
)
def test_a_user_who_cannot_list_still_gets_the_reason(run, arguments, said):
    found = run(*arguments, "--context", "demo-shop")
    assert (found.returncode, found.stdout) == (1, "")
    assert said in found.stderr


@pytest.mark.parametrize("name", [".", "..", b"\xff\xfe"])
@pytest.mark.parametrize("flag", ["", "-n"])
def test_an_invalid_name_is_rejected_and_not_sent(run, name, flag):
    text = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name
    arguments = ("snap-a", flag, text) if flag else (text,)
    found = run("allocated", *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    what = "--namespace" if flag else "SNAPSHOT"
    refused = f"{what} is not UTF-8" if isinstance(name, bytes) else f'"{name}" is not a valid object name'
    assert found.stderr.startswith(f"error: {refused}")


def test_a_snapshot_without_status_is_never_sent(own_demo):
    for arguments in (("allocated", "queue-new"), ("delta", "--base-handle", "x", "queue-new", "--force")):
        assert run_command(*arguments, "-n", "legacy", cluster=own_demo).returncode == 1
    service = own_demo.services[PAGES_DRIVER]
    assert (service.requests, service.crashed) == ([], False)
