"""Port-forwards that fail or are interrupted: errors, and no process is left."""

import json
import re
import signal
import time
from pathlib import Path

import pytest
from conftest import cut_after, run_command, wait_for, warm_command
from forwarding import ASKS, gone, standin
from inside import HOST, NAME, NAMESPACE, PORT, Standin, add_service, behind_a_service, point_at, set_ready
from peers import needs_kubectl

from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.demo.sidecar.metadata_service import Tampering

# As the real kubectl 1.32 words them, and as older ones did.
REFUSALS = [
    (
        (
            'Error from server (Forbidden): pods "csi-0" is forbidden: User "jane" cannot create resource'
            ' "pods/portforward" in API group "" in the namespace "storage"'
        ),
        "you may not forward ports in namespace storage",
        "kubectl cbt rbac --for-user",
    ),
    (
        'Error from server (Forbidden): services "x" is forbidden: User "jane" cannot get resource "services"',
        "you lack a permission that kubectl port-forward needs in namespace storage",
        "kubectl cbt rbac --for-user",
    ),
    ('Error from server (NotFound): services "x" not found', "cannot be forwarded to", "kubectl get pods"),
    ("error: timed out waiting for the condition", "has no ready pod", "kubectl get pods"),
    (
        "error: unable to forward port because pod is not running. Current status=Pending",
        "has no ready pod",
        "kubectl get pods",
    ),
    ("error: Service csi does not have a service port 6443", "has no port 6443", "kubectl cbt services"),
    ("Unable to connect to the server: EOF", "no port-forward to Service", "try it yourself: kubectl port-forward"),
]


@pytest.mark.parametrize(("says", "said", "hint"), REFUSALS)
def test_a_child_that_refuses_is_quoted_and_explained(own_demo, tmp_path, says, said, hint):
    kubectl = standin(own_demo, tmp_path, {"refuses": says})
    found = run_command(*ASKS, cluster=own_demo, **kubectl.environment)
    assert (found.returncode, found.stdout) == (1, "")
    assert said in found.stderr
    assert f"kubectl port-forward: {says}" in found.stderr
    assert hint in found.stderr


def test_a_child_that_always_exits_ends_the_stream_with_its_error(own_demo, tmp_path):
    kubectl = standin(own_demo, tmp_path, {"dies_after": 6000}, {"refuses": "error: the pod is gone"})
    found = run_command(*ASKS, "--retries", "1", cluster=own_demo, **kubectl.environment)
    assert found.returncode == 1
    assert "the pod is gone" in found.stderr
    assert re.search(r"continue with --starting-offset [1-9]\d*", found.stderr)


WAYS_TO_END = [(number, False) for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
# A child that ignores SIGTERM is killed by the command, so the command must still run.
WAYS_TO_END += [(signal.SIGINT, True), (signal.SIGTERM, True)]


@pytest.mark.parametrize(
    ("number", "stubborn", "when"),
    [(*route, "streaming") for route in WAYS_TO_END]
    + [(signal.SIGKILL, False, "starting"), (signal.SIGINT, True, "starting")],
)
def test_the_child_ends_however_the_command_ends(own_demo, tmp_path, number, when, stubborn):
    never = {"until": str(tmp_path / "never")} if when == "starting" else {}
    kubectl = standin(own_demo, tmp_path, {"ignores_term": stubborn, **never})
    own_demo.services[PAGES_DRIVER].tampering = Tampering(answer=trickle)
    with warm_command().open([*ASKS], kubectl.command_environment(own_demo)) as process:
        wait_for(lambda: kubectl.calls, "the port-forward", process)
        if when == "streaming":
            assert any(line[:1].isdigit() for line in process.stdout)
        process.send_signal(number)
        process.communicate(60)
    assert process.returncode == (-number if number is signal.SIGKILL else 128 + number)
    assert gone(kubectl.calls[0]["pid"])
    assert not left_over(kubectl)


def test_ctrl_c_does_not_wait_for_a_port_forward_that_restarts(own_demo, tmp_path):
    kubectl = standin(own_demo, tmp_path, {"dies_after": 6000}, {"until": str(tmp_path / "never")})
    written = tmp_path / "delta.json"
    # A file: with an unread pipe the stream would block before the failure.
    with written.open("wb") as out:
        arguments = [*ASKS, "-o", "json"]
        with warm_command().open(arguments, kubectl.command_environment(own_demo), out.fileno()) as process:
            wait_for(lambda: len(kubectl.calls) == 2, "the second port-forward", process)
            process.send_signal(signal.SIGINT)
            process.communicate(30)
    assert process.returncode == 130
    document = json.loads(written.read_bytes())
    assert (document["complete"], document["resumes"]) == (False, 1)
    assert not left_over(kubectl)


def test_a_login_that_kubectl_cannot_find_is_not_a_missing_pod(own_demo, tmp_path):
    says = "getting credentials: exec: executable aws not found"
    kubectl = standin(own_demo, tmp_path, {"refuses": says})
    found = run_command(*ASKS, cluster=own_demo, **kubectl.environment)
    assert says in found.stderr
    assert "kubectl get pods" not in found.stderr


def test_a_wrong_port_from_a_flag_is_not_blamed_on_the_object(own_demo, tmp_path):
    kubectl = standin(own_demo, tmp_path)
    found = run_command(*ASKS, "--address", f"{HOST}:9", cluster=own_demo, **kubectl.environment)
    assert f"has no port 9; its ports: {PORT}" in found.stderr
    assert "kubectl edit" not in found.stderr


def trickle(messages):
    """A message now and then, without end."""
    for message in messages:
        yield message
        time.sleep(0.05)
    while True:
        time.sleep(0.05)
        yield message


def left_over(kubectl: Standin) -> list[str]:
    """Processes that still have the stand-in's plan in their environment, our guard among them."""
    found = []
    for _ in range(500):
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes()
                state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            except (OSError, IndexError):
                continue
            if kubectl.environment["STANDIN"].encode() in environment and state != "Z":
                found.append((process / "cmdline").read_bytes().decode())
        if not found:
            return []
        time.sleep(0.01)
    return found


def test_a_stream_that_fails_leaves_no_child(own_demo, tmp_path):
    kubectl = standin(own_demo, tmp_path)
    own_demo.services[PAGES_DRIVER].tampering = cut_after(2)
    found = run_command(*ASKS, "--retries", "0", cluster=own_demo, **kubectl.environment)
    assert found.returncode == 1
    assert not left_over(kubectl)


# What is found out before kubectl is started.


def test_a_missing_kubectl_is_named(own_demo, tmp_path):
    standin(own_demo, tmp_path)
    found = run_command(*ASKS, cluster=own_demo, PATH=str(tmp_path))
    assert found.returncode == 1
    assert "there is no kubectl on PATH" in found.stderr
    assert "--address HOST:PORT" in found.stderr


def test_a_service_without_a_ready_pod_is_not_waited_for(own_demo, tmp_path):
    kubectl = standin(own_demo, tmp_path)
    set_ready(own_demo, ready=False)
    found = run_command(*ASKS, cluster=own_demo, **kubectl.environment)
    assert found.returncode == 1
    assert f"Service {NAME} in namespace {NAMESPACE} has no ready pod" in found.stderr
    assert f"kubectl get pods,endpointslices -n {NAMESPACE}" in found.stderr
    assert kubectl.calls == []


def test_a_port_that_the_service_does_not_have_is_named(own_demo, tmp_path):
    kubectl = standin(own_demo, tmp_path)
    point_at(own_demo, f"{HOST}:7000")
    found = run_command(*ASKS, cluster=own_demo, **kubectl.environment)
    assert found.returncode == 1
    assert f"has no port 7000; its ports: {PORT}" in found.stderr
    assert f"kubectl edit snapshotmetadataservice {PAGES_DRIVER}" in found.stderr
    assert kubectl.calls == []


def test_forwarding_to_an_address_that_is_not_a_service_is_rejected(own_demo, tmp_path):
    kubectl = standin(own_demo, tmp_path)
    point_at(own_demo, "storage.example.com:443")
    found = run_command(*ASKS, "--connect", "port-forward", cluster=own_demo, **kubectl.environment)
    assert found.returncode == 1
    assert "cannot forward to storage.example.com:443: it is not a Service of this cluster" in found.stderr


@pytest.mark.parametrize("address", ["nowhere", "a:b", "https://a:1", ":1"])
def test_an_invalid_address_is_a_usage_error(own_demo, address):
    found = run_command(*ASKS, "--address", address, cluster=own_demo)
    assert found.returncode == 2
    assert "--address" in found.stderr


def test_a_user_who_cannot_find_the_service_gets_the_needed_permissions(own_demo, tmp_path):
    kubectl = standin(own_demo, tmp_path)
    found = run_command(
        "delta", "pg-mon", "pg-tue", "-o", "csv", "--context", "demo-shop", cluster=own_demo, **kubectl.environment
    )
    assert found.returncode == 1
    assert 'cannot get resource "services"' in found.stderr
    assert "kubectl cbt rbac --for-user" in found.stderr


# The real kubectl, up to where a kubelet would have to answer.


@needs_kubectl
def test_the_real_kubectls_missing_permission_becomes_our_error(own_demo):
    behind_a_service(own_demo)
    found = run_command(*ASKS, cluster=own_demo)
    assert found.returncode == 1
    assert f"you may not forward ports in namespace {NAMESPACE}; kubectl port-forward: error:" in found.stderr
    assert "kubectl cbt rbac --for-user | kubectl apply -f -" in found.stderr


@needs_kubectl
def test_the_real_kubectls_message_becomes_our_error(own_demo):
    behind_a_service(own_demo)
    admin = ("--context", "demo-admin", "--service-account", "backup/backup-app")
    found = run_command(*ASKS, *admin, cluster=own_demo)
    assert found.returncode == 1
    assert f"no port-forward to Service {NAME} in namespace {NAMESPACE}; kubectl port-forward:" in found.stderr
    assert "no kubelet" in found.stderr


@needs_kubectl
def test_the_real_kubectl_finds_no_pod_without_a_ready_endpoint(own_demo):
    behind_a_service(own_demo)
    add_service(own_demo, NAME, NAMESPACE, PORT, None)
    found = run_command(*ASKS, cluster=own_demo)
    assert found.returncode == 1
    assert "has no selector, so that it has no pods to forward to" in found.stderr
