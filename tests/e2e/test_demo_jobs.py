"""PersistentVolumeClaims and Jobs: stored and checked, but run by nothing."""

import subprocess

import pytest
from conftest import command_environment
from peers import KUBECTL, needs_kubectl
from test_demo_requests import Client

CLAIMS = "/api/v1/namespaces/shop/persistentvolumeclaims"
JOBS = "/apis/batch/v1/namespaces/shop/jobs"
STRICT = "?fieldValidation=Strict"
CLAIM = {"metadata": {"name": "copy"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}


def job(**container) -> dict:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "i", **container}]}}
    return {"metadata": {"name": "copy"}, "spec": {"template": template}}


def test_a_claim_and_a_job_are_created_read_and_deleted(own_demo):
    client = Client(own_demo)
    for path, item in ((CLAIMS, CLAIM), (JOBS, job())):
        code, made = client.ask("POST", f"{path}{STRICT}", item)
        assert (code, made["spec"]) == (201, item["spec"])
        assert client.get(f"{path}/copy") == (200, made)
        assert client.ask("DELETE", f"{path}/copy", {})[0] == 200
        assert client.get(f"{path}/copy")[0] == 404


@pytest.mark.parametrize(
    ("container", "where"),
    [
        ({"volumeDevice": []}, "spec.template.spec.containers[0].volumeDevice"),
        ({"securityContext": {"runAsRoot": False}}, "spec.template.spec.containers[0].securityContext.runAsRoot"),
        ({"volumeDevices": [{"name": "a", "mountPath": "/x"}]}, "containers[0].volumeDevices[0].mountPath"),
    ],
)
def test_a_field_that_a_pod_does_not_have_is_found(own_demo, container, where):
    code, found = Client(own_demo).ask("POST", f"{JOBS}{STRICT}", job(**container))
    assert code == 400
    assert "strict decoding error: unknown field" in found["message"]
    assert where in found["message"]


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"args": "verify"}, "spec.template.spec.containers[0].args is not a list"),
        ({"resources": {"limits": {"memory": True}}}, "resources.limits[memory] is not a quantity"),
        ({"securityContext": {"runAsUser": "0"}}, "securityContext.runAsUser is not an integer"),
    ],
)
def test_a_value_of_the_wrong_type_is_found(own_demo, container, message):
    code, found = Client(own_demo).ask("POST", JOBS, job(**container))
    assert code == 400
    assert message in found["message"]


def test_a_quantity_is_a_string_or_a_number(own_demo):
    limits = {"memory": 1024, "cpu": "500m"}
    assert Client(own_demo).ask("POST", f"{JOBS}{STRICT}", job(resources={"limits": limits}))[0] == 201


@needs_kubectl
def test_kubectl_creates_lists_and_deletes_a_job(own_demo):
    def kubectl(*arguments: str) -> str:
        command = [str(KUBECTL), "--context", "demo-admin", "-n", "shop", *arguments]
        environment = command_environment(own_demo)
        found = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert found.returncode == 0, found.stderr
        return found.stdout

    assert kubectl("create", "job", "hello", "--image=busybox", "--", "true") == "job.batch/hello created\n"
    assert own_demo.store.get("jobs", "hello", "shop")["spec"]["template"]["spec"]["containers"][0]["command"] == [
        "true"
    ]
    name, status, completions, _ = kubectl("get", "jobs").splitlines()[1].split()
    assert (name, status, completions) == ("hello", "Running", "0/1")
    assert 'job.batch "hello" deleted' in kubectl("delete", "job", "hello")
