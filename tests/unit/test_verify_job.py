"""The Job that runs verify in a cluster: names, labels, and what a restricted namespace accepts."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import law

from kubectl_cbt.cli.manifests_yaml import manifests_yaml
from kubectl_cbt.cluster.verify_job import JOB_LABEL, SnapshotToRestore, VerifyJob, objects

GIB = 2**30
JOB = VerifyJob("shop", SnapshotToRestore("pg-mon", 200 * GIB), SnapshotToRestore("pg-tue", 210 * GIB), "image:1")
ONE = replace(JOB, base=None)

DNS_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
snapshot_names = st.text("az09.-", max_size=250).map(lambda middle: f"a{middle}0")


def documents(job: VerifyJob) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for manifest in objects(job):
        found.setdefault(manifest.document["kind"], []).append(manifest.document)
    return found


def pod_of(job: VerifyJob) -> dict:
    return documents(job)["Job"][0]["spec"]["template"]["spec"]


@law
@given(base=st.none() | snapshot_names, target=snapshot_names)
def test_every_name_is_one_that_a_label_and_a_pod_can_have(base, target):
    job = replace(JOB, base=SnapshotToRestore(base, 1) if base else None, target=SnapshotToRestore(target, 1))
    for name in (job.name, job.claim_name("base"), job.claim_name("target")):
        assert re.fullmatch(DNS_LABEL, name)
        assert len(name) <= 63


def test_jobs_of_other_snapshots_have_other_names():
    jobs = [JOB, ONE, replace(JOB, base=SnapshotToRestore("pg-sun", 1)), replace(JOB, target=JOB.base)]
    dotted = [replace(ONE, target=SnapshotToRestore(name, 1)) for name in ("a.b", "a-b")]
    assert len({job.name for job in (*jobs, *dotted)}) == 6


def test_each_snapshot_is_restored_to_a_block_volume_of_its_size():
    claims = documents(replace(JOB, storage_class="fast", access_mode="ReadOnlyMany"))["PersistentVolumeClaim"]
    assert [claim["spec"]["dataSource"]["name"] for claim in claims] == ["pg-mon", "pg-tue"]
    sizes = [claim["spec"]["resources"]["requests"]["storage"] for claim in claims]
    assert sizes == [str(200 * GIB), str(210 * GIB)]
    for claim in claims:
        assert claim["spec"]["volumeMode"] == "Block"
        assert claim["spec"]["accessModes"] == ["ReadOnlyMany"]
        assert claim["spec"]["storageClassName"] == "fast"
    assert "storageClassName" not in documents(JOB)["PersistentVolumeClaim"][0]["spec"]


@pytest.mark.parametrize("job", [JOB, ONE])
def test_the_pod_has_a_read_only_device_for_each_snapshot(job):
    pod = pod_of(job)
    (container,) = pod["containers"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    claims = [claim["metadata"]["name"] for claim in documents(job)["PersistentVolumeClaim"]]
    devices = container["volumeDevices"]
    assert [volumes[device["name"]]["persistentVolumeClaim"]["claimName"] for device in devices] == claims
    assert all(volumes[device["name"]]["persistentVolumeClaim"]["readOnly"] for device in devices)
    for device in devices:
        assert any(argument.endswith(f"device={device['devicePath']}") for argument in container["args"])


def test_the_command_is_the_verification_that_was_printed():
    container = pod_of(replace(JOB, arguments=("--service=other",)))["containers"][0]
    assert container["command"] == ["kubectl-cbt"]
    assert container["args"] == [
        *("verify", "pg-mon", "pg-tue", "--base-device=/dev/base", "--target-device=/dev/target"),
        *("--namespace=shop", "--service=other", "--output=json"),
    ]
    assert pod_of(ONE)["containers"][0]["args"] == [
        *("verify", "pg-tue", "--device=/dev/target", "--namespace=shop", "--output=json"),
    ]


def test_the_pod_is_accepted_where_pods_are_restricted():
    """Pod Security Standards, profile restricted."""
    pod = pod_of(JOB)
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    for volume in pod["volumes"]:
        assert set(volume) - {"name"} <= {"persistentVolumeClaim", "emptyDir"}


def test_a_verification_runs_once_and_writes_only_to_its_own_folder():
    spec = documents(JOB)["Job"][0]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert (spec["backoffLimit"], spec["template"]["spec"]["restartPolicy"]) == (0, "Never")
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]
    assert set(container["resources"]) == {"requests", "limits"}


def test_only_what_may_be_deleted_afterwards_has_the_label_of_the_job():
    labelled = {
        kind
        for kind, found in documents(JOB).items()
        for document in found
        if document["metadata"].get("labels", {}).get(JOB_LABEL) == JOB.name
    }
    assert labelled == {"PersistentVolumeClaim", "Job"}


def test_the_pod_runs_as_the_account_that_is_granted_the_permissions():
    found = documents(replace(JOB, account="backup"))
    assert found["ServiceAccount"][0]["metadata"] == {"name": "backup", "namespace": "shop"}
    assert found["Job"][0]["spec"]["template"]["spec"]["serviceAccountName"] == "backup"


def test_the_yaml_has_no_references_between_its_parts():
    text = manifests_yaml(objects(JOB))
    assert "&id" not in text
    assert "*id" not in text
