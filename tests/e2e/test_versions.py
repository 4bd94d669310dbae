"""Clusters and sidecars of every age: which version of the API is read, and what is sent for the base."""

import json

import pytest
from conftest import DELTA, cut_after, run_command

from kubectl_cbt.demo.kube.resource_types import ALL_TYPES, served_with
from kubectl_cbt.demo.scenarios import BLOCKS_DRIVER, PAGES_DRIVER

ASKS = (*DELTA, "-o", "csv", "--max-results", "100")


@pytest.fixture
def whole(own_demo) -> str:
    found = run_command(*ASKS, cluster=own_demo)
    own_demo.services[PAGES_DRIVER].requests.clear()
    return found.stdout


def handle_of(demo, name: str) -> str:
    content = demo.store.get("volumesnapshots", name, "default")["status"]["boundVolumeSnapshotContentName"]
    return demo.store.get("volumesnapshotcontents", content)["status"]["snapshotHandle"]


def bases_sent(demo) -> list[str]:
    return [request.base_snapshot_id for request in demo.services[PAGES_DRIVER].requests]


def old_cluster(demo, *, accepts_base_name: bool):
    """v0.1.0 of the sidecar took the base's name, v0.2.0 its handle; both served v1alpha1."""
    demo.api.served = served_with("v1alpha1")
    demo.services[PAGES_DRIVER].accepts_base_name = accepts_base_name


def test_a_sidecar_of_v0_1_is_sent_the_name_when_it_cannot_find_the_handle(own_demo, whole):
    old_cluster(own_demo, accepts_base_name=True)
    found = run_command(*ASKS, cluster=own_demo)
    assert (found.returncode, found.stdout, found.stderr) == (0, whole, "")
    assert set(bases_sent(own_demo)[1:]) == {"snap-a"}
    assert bases_sent(own_demo)[0] == handle_of(own_demo, "snap-a")


def test_a_sidecar_of_v0_1_is_sent_the_name_on_a_resume_too(own_demo, whole):
    old_cluster(own_demo, accepts_base_name=True)
    own_demo.services[PAGES_DRIVER].tampering = cut_after(5, times=2)
    found = run_command(*ASKS, cluster=own_demo)
    assert (found.returncode, found.stdout) == (0, whole)
    assert bases_sent(own_demo).count(handle_of(own_demo, "snap-a")) == 1


def test_a_sidecar_of_v0_2_is_sent_the_handle(own_demo, whole):
    old_cluster(own_demo, accepts_base_name=False)
    found = run_command(*ASKS, cluster=own_demo)
    assert (found.returncode, found.stdout) == (0, whole)
    assert set(bases_sent(own_demo)) == {handle_of(own_demo, "snap-a")}


def test_a_sidecar_of_v1_is_never_sent_a_name(own_demo):
    """What v0.1 took for a name is a handle now: were a name sent, a handle of that name might be meant."""
    own_demo.services[PAGES_DRIVER].accepts_base_name = True
    found = run_command(*ASKS, cluster=own_demo)
    assert found.returncode == 1
    assert set(bases_sent(own_demo)) == {handle_of(own_demo, "snap-a")}


def test_allocated_extents_of_an_old_cluster_are_queried_as_usual(own_demo):
    old_cluster(own_demo, accepts_base_name=True)
    assert run_command("allocated", "snap-a", "-o", "name", cluster=own_demo).returncode == 0


def test_a_handle_is_sent_as_it_was_given_whatever_is_in_it(own_demo):
    handle = "52 8f 3e 8f 11 4f aa 1d/a change id?#%"
    found = run_command("delta", "--base-handle", handle, "snap-b", "-o", "csv", cluster=own_demo)
    assert found.returncode == 1
    assert bases_sent(own_demo) == [handle]
    assert f"base handle {handle}" in found.stderr


def test_a_handle_given_to_a_sidecar_of_v0_1_has_no_name_to_try(own_demo):
    old_cluster(own_demo, accepts_base_name=True)
    found = run_command("delta", "--base-handle", "gone", "snap-b", "-o", "csv", cluster=own_demo)
    assert found.returncode == 1
    assert bases_sent(own_demo) == ["gone"]
    assert "failed to get VolumeSnapshot 'default/gone'" in found.stderr


def test_the_newest_version_served_is_read(own_demo):
    paths = []
    own_demo.api.served = (*ALL_TYPES, *(kind for kind in served_with("v1alpha1") if kind.version == "v1alpha1"))
    own_demo.api.on_request = lambda method, path, headers: paths.append(path)
    assert run_command("services", cluster=own_demo).returncode == 0
    assert any(path.startswith("/apis/cbt.storage.k8s.io/v1beta1/") for path in paths)
    assert not any("v1alpha1" in path for path in paths)


def test_an_old_cluster_lists_services_and_snapshots(own_demo):
    own_demo.api.served = served_with("v1alpha1")
    services = json.loads(run_command("services", "-o", "json", cluster=own_demo).stdout)
    assert [item["name"] for item in services["items"]] == [BLOCKS_DRIVER, PAGES_DRIVER]
    assert "yes" in run_command("snapshots", cluster=own_demo).stdout


def test_a_future_version_is_an_error_that_lists_the_supported_ones(own_demo):
    own_demo.api.served = served_with("v2")
    found = run_command(*ASKS, cluster=own_demo)
    assert found.returncode == 1
    assert "serves cbt.storage.k8s.io in v2 only" in found.stderr
    assert "v1beta1 and v1alpha1" in found.stderr


def test_a_cluster_without_the_crd_gets_a_hint_what_to_install(own_demo):
    own_demo.api.served = tuple(kind for kind in ALL_TYPES if kind.group != "cbt.storage.k8s.io")
    found = run_command(*ASKS, cluster=own_demo)
    assert found.returncode == 1
    assert 'the server doesn\'t have the API group "cbt.storage.k8s.io"' in found.stderr
    assert "install the SnapshotMetadataService CRD" in found.stderr


def test_an_error_for_a_driver_without_a_service_lists_the_drivers_with_one(own_demo):
    found = run_command("allocated", "archive-old", "-n", "legacy", "-o", "csv", cluster=own_demo)
    assert found.returncode == 1
    assert "driver legacy.csi.example.com has no SnapshotMetadataService" in found.stderr
    assert f"there are services for: {BLOCKS_DRIVER}, {PAGES_DRIVER}; name one with --service" in found.stderr


def test_a_service_not_named_after_its_driver_can_be_named(own_demo, whole):
    item = own_demo.store.get("snapshotmetadataservices", PAGES_DRIVER)
    item["metadata"]["name"] = "metadata-of-pages"
    refused = run_command(*ASKS, cluster=own_demo)
    assert refused.returncode == 1
    assert "metadata-of-pages; name one with --service" in refused.stderr
    found = run_command(*ASKS, "--service", "metadata-of-pages", cluster=own_demo)
    assert (found.returncode, found.stdout) == (0, whole)
