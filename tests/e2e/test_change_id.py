"""vSphere: the base of a delta is a change id, an annotation of its VolumeSnapshot."""

import json

from conftest import run_command

from kubectl_cbt.demo.demo_cluster import DemoCluster

ANNOTATION = "csi.vsphere.volume/change-id"
CHANGE_ID = "52 05 a2 0f 73 6d/1"


def annotate(demo: DemoCluster, name: str, change_id: str) -> None:
    demo.store.get("volumesnapshots", name, "default")["metadata"]["annotations"] = {ANNOTATION: change_id}


def handle_of(demo: DemoCluster, name: str) -> str:
    content = demo.store.get("volumesnapshots", name, "default")["status"]["boundVolumeSnapshotContentName"]
    return demo.store.get("volumesnapshotcontents", content)["status"]["snapshotHandle"]


def test_the_driver_is_given_the_change_id_of_the_base(own_demo, tmp_path):
    expected = json.loads(run_command("delta", "snap-b", "snap-c", "-o", "json", cluster=own_demo).stdout)
    # The demo knows no change ids; the handle of another snapshot shows that it is what the driver got.
    change_id = handle_of(own_demo, "snap-b")
    annotate(own_demo, "snap-a", change_id)
    found = run_command("delta", "snap-a", "snap-c", "-o", "json", cluster=own_demo)
    document = json.loads(found.stdout)
    assert document["extents"] == expected["extents"]
    assert document["base"]["name"] == "snap-a"
    assert document["base"]["changeId"] == change_id
    assert document["base"]["handle"] == handle_of(own_demo, "snap-a")
    assert "changeId" not in expected["base"]
    assert f"note: base default/snap-a is identified by its change ID {change_id}" in found.stderr
    (tmp_path / "delta.json").write_text(found.stdout)
    assert run_command("open", str(tmp_path / "delta.json"), "-o", "json").stdout == found.stdout


def test_a_change_id_reaches_the_driver_as_it_is(own_demo):
    annotate(own_demo, "snap-a", CHANGE_ID)
    found = run_command("delta", "snap-a", "snap-b", "-o", "json", cluster=own_demo)
    assert found.returncode == 1
    assert f"base handle {CHANGE_ID}" in json.loads(found.stdout)["error"]["message"]
    checked = run_command("check", "snap-a", "snap-b", cluster=own_demo)
    assert CHANGE_ID in checked.stdout + checked.stderr


def test_a_deleted_content_is_reported_as_deleted(own_demo):
    content = own_demo.store.get("volumesnapshots", "snap-a", "default")["status"]["boundVolumeSnapshotContentName"]
    own_demo.store.remove("volumesnapshotcontents", content)
    found = run_command("delta", "snap-a", "snap-b", cluster=own_demo)
    assert found.returncode == 1
    assert f"volumesnapshotcontents {content} of volumesnapshot default/snap-a was deleted" in found.stderr


def test_a_restore_size_of_0_is_unknown(own_demo):
    snapshot = own_demo.store.get("volumesnapshots", "snap-b", "default")
    snapshot["status"]["restoreSize"] = "0"
    content = own_demo.store.get("volumesnapshotcontents", snapshot["status"]["boundVolumeSnapshotContentName"])
    content["status"]["restoreSize"] = 0
    document = json.loads(run_command("delta", "snap-a", "snap-b", "-o", "json", cluster=own_demo).stdout)
    assert document["snapshot"]["restoreSizeBytes"] is None
    listed = json.loads(run_command("snapshots", "-o", "json", cluster=own_demo).stdout)
    sizes = {item["name"]: item["restoreSizeBytes"] for item in listed["items"]}
    assert sizes["snap-b"] is None
    assert sizes["snap-a"]
