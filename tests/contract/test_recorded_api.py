"""Bodies of a real API server: read by our views, worded alike by the demo, mapped to our errors."""

import json
from datetime import UTC, datetime

import pytest
from recorded import api_answer

from kubectl_cbt import errors
from kubectl_cbt.cluster.resources import SnapshotMetadataService, VolumeSnapshot, VolumeSnapshotContent
from kubectl_cbt.demo.kube.discovery import discovery
from kubectl_cbt.demo.kube.identity import Request, User
from kubectl_cbt.demo.kube.resource_types import RESOURCE_TYPES
from kubectl_cbt.demo.kube.server_tables import table
from kubectl_cbt.demo.kube.status_objects import StatusError, forbidden, not_found, token_too_short
from kubectl_cbt.kube.api_errors import response_error
from kubectl_cbt.model.refs import ServiceAccountRef, SnapshotRef

TYPES = {resource.plural: resource for resource in RESOURCE_TYPES}


def test_a_volume_snapshot_is_read():
    snapshot = VolumeSnapshot.of(api_answer("volumesnapshot")["response"])
    assert snapshot.ref == SnapshotRef("default", "snap-b")
    assert (snapshot.claim, snapshot.content, snapshot.ready) == ("pvc-demo", "snapcontent-snap-b", True)
    assert snapshot.restore_size_bytes == 16 * 2**20
    assert snapshot.created == datetime(2026, 11, 23, 11, tzinfo=UTC)


def test_a_volume_snapshot_without_status_is_read_as_such():
    snapshot = VolumeSnapshot.of(api_answer("volumesnapshot-without-status")["response"])
    assert not snapshot.has_status
    assert (snapshot.content, snapshot.ready, snapshot.created) == (None, False, None)


def test_a_content_is_read():
    content = VolumeSnapshotContent.of(api_answer("volumesnapshotcontent")["response"])
    assert content.driver == "hostpath.csi.k8s.io"
    assert content.handle == "e7400126-e79f-11f1-acf5-7e4c2f8527a9"
    assert content.volume_handle == "5891ea2d-e79d-11f1-aea6-7e4c2f8527a9"
    assert content.restore_size_bytes == 16777216


def test_every_snapshot_of_a_list_is_read():
    items = api_answer("volumesnapshot-list")["response"]["items"]
    assert [VolumeSnapshot.of(item).ref.name for item in items] == [item["metadata"]["name"] for item in items]


def test_a_service_is_read_and_its_certificate_found():
    service = SnapshotMetadataService.of(api_answer("snapshotmetadataservice")["response"])
    endpoint = service.endpoint()
    assert (endpoint.address, endpoint.host, endpoint.audience) == ("localhost:50051", "localhost", "hostpath-cbt")
    assert endpoint.ca_pem.startswith(b"-----BEGIN CERTIFICATE-----")
    assert service.ca_expires().year == 2027


def test_the_caller_is_a_service_account_only_when_it_is_one():
    assert ServiceAccountRef.of_user(_username("selfsubjectreview")) == ServiceAccountRef("backup", "backup-app")
    assert ServiceAccountRef.of_user(_username("selfsubjectreview-admin")) is None


def _username(recording: str) -> str:
    username: str = api_answer(recording)["response"]["status"]["userInfo"]["username"]
    return username


ERRORS = [
    (
        "error-unauthorized",
        errors.Unauthorized,
        "Error from server (Unauthorized): you must be logged in to the server",
    ),
    (
        "error-volumesnapshot-not-found",
        errors.NotFound,
        'Error from server (NotFound): volumesnapshots.snapshot.storage.k8s.io "nope" not found',
    ),
    (
        "error-sms-not-found",
        errors.NotFound,
        'Error from server (NotFound): snapshotmetadataservices.cbt.storage.k8s.io "none.csi" not found',
    ),
    (
        "error-volumesnapshot-forbidden",
        errors.Forbidden,
        (
            'Error from server (Forbidden): volumesnapshots.snapshot.storage.k8s.io "snap-a" is forbidden: User '
            '"system:serviceaccount:nobody:nobody" cannot get resource "volumesnapshots" in API group '
            '"snapshot.storage.k8s.io" in the namespace "default"'
        ),
    ),
    (
        "error-tokenrequest-sa-not-found",
        errors.NotFound,
        'Error from server (NotFound): serviceaccounts "none" not found',
    ),
    (
        "error-v1alpha1-not-served",
        errors.ResourceTypeMissing,
        'error: the server doesn\'t have the API group "cbt.storage.k8s.io" in version "v1alpha1"',
    ),
]


@pytest.mark.parametrize(("recording", "kind", "text"), ERRORS, ids=[row[0] for row in ERRORS])
def test_an_api_error_keeps_kubectls_phrasing(recording, kind, text):
    answer = api_answer(recording)
    body = answer["response"] if isinstance(answer["response"], str) else json.dumps(answer["response"])
    error = response_error(answer["status"], body.encode(), answer["request"]["path"])
    assert type(error) is kind
    assert error.prefix + error.message == text


def test_a_token_request_error_is_not_mistaken_for_another():
    answer = api_answer("error-tokenrequest-expiry-too-short")
    error = response_error(422, json.dumps(answer["response"]).encode(), answer["request"]["path"])
    assert type(error) is errors.ApiError
    assert "may not specify a duration less than 10 minutes" in error.message


# The demo's own answers, against the recordings.


def _nobody() -> User:
    return User("system:serviceaccount:nobody:nobody", "", ())


DEMO_ERRORS = [
    ("error-volumesnapshot-not-found", lambda: not_found(TYPES["volumesnapshots"], "nope")),
    ("error-sms-not-found", lambda: not_found(TYPES["snapshotmetadataservices"], "none.csi")),
    (
        "error-volumesnapshot-forbidden",
        lambda: forbidden(_nobody(), Request("get", "snapshot.storage.k8s.io", "volumesnapshots", "default", "snap-a")),
    ),
    (
        "error-tokenrequest-forbidden",
        lambda: forbidden(_nobody(), Request("create", "", "serviceaccounts/token", "backup", "backup-app")),
    ),
    ("error-tokenrequest-expiry-too-short", lambda: token_too_short(60)),
    ("error-unauthorized", lambda: StatusError(401, "Unauthorized", "Unauthorized")),
]


@pytest.mark.parametrize(("recording", "make"), DEMO_ERRORS, ids=[row[0] for row in DEMO_ERRORS])
def test_the_demos_errors_are_worded_as_in_the_real_api_server(recording, make):
    answer, error = api_answer(recording), make()
    assert error.code == answer["status"]
    assert error.document == answer["response"]


@pytest.mark.parametrize("plural", ["volumesnapshots", "volumesnapshotcontents", "snapshotmetadataservices"])
def test_the_demos_tables_have_the_real_ones_columns(plural):
    recorded = api_answer(f"kubectl-table-{plural}")["response"]
    own = table(TYPES[plural], [], "1234")
    keep = ("name", "type", "format", "priority")
    expected = [{key: column[key] for key in keep} for column in recorded["columnDefinitions"]]
    assert [{key: column[key] for key in keep} for column in own["columnDefinitions"]] == expected


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_the_demos_discovery_lists_what_the_real_one_lists(path):
    own = discovery(RESOURCE_TYPES, path, aggregated=True)
    recorded = {
        (item["metadata"].get("name", ""), version["version"], resource["resource"]): resource
        for item in api_answer(f"kubectl-discovery-{path[1:]}")["response"]["items"]
        for version in item["versions"]
        for resource in version["resources"]
    }
    for item in own["items"]:
        for version in item["versions"]:
            for resource in version["resources"]:
                if resource["resource"] == "events":
                    continue  # cut from the recording
                real = recorded[item["metadata"].get("name", ""), version["version"], resource["resource"]]
                for key in ("scope", "singularResource", "shortNames"):
                    assert (resource.get(key) or None) == real.get(key), (resource["resource"], key)
                assert resource["responseKind"] | {"group": "", "version": ""} == real["responseKind"] | {
                    "group": "",
                    "version": "",
                }
                assert set(resource["verbs"]) <= set(real["verbs"])
