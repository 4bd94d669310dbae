"""A sidecar that only Pods can connect to, reached from outside.

The kubectl that forwards the port is a stand-in (tests/standin_kubectl.py), because the real one needs a kubelet.
Everything else is real: the API server, processes and their exits, TLS through the forwarded port.
"""

import json

import pytest
from conftest import DELTA, run_command, wait_for, warm_command
from forwarding import ASKS, gone, standin
from inside import CLUSTER_IP, HOST, NAME, NAMESPACE, PORT, add_service, point_at

from kubectl_cbt.demo.scenarios import PAGES_DRIVER


@pytest.fixture
def whole(own_demo) -> str:
    return run_command(*ASKS, cluster=own_demo).stdout


# The route.


@pytest.mark.parametrize(
    "host",
    [HOST, f"{HOST}.svc", f"{HOST}.svc.cluster.local", f"{HOST}.svc.my.domain", NAME, CLUSTER_IP],
)
def test_every_form_of_a_services_address_is_reached(own_demo, tmp_path, whole, host):
    kubectl = standin(own_demo, tmp_path, host=host)
    found = run_command(*ASKS, cluster=own_demo, **kubectl.environment)
    assert (found.returncode, found.stdout, found.stderr) == (0, whole, "")
    (call,) = kubectl.calls
    assert call["argv"][0] == "port-forward"
    assert call["argv"][-2:] == [f"service/{NAME}", f":{PORT}"]
    assert {"--address=127.0.0.1", f"--namespace={NAMESPACE}"} <= set(call["argv"])
    assert gone(call["pid"])


def test_a_name_that_is_not_a_service_of_the_cluster_is_tried_unchanged(own_demo, tmp_path):
    kubectl = standin(own_demo, tmp_path)
    point_at(own_demo, "elsewhere.kubectl-cbt.invalid:6443")
    found = run_command(*ASKS, cluster=own_demo, **kubectl.environment)
    assert found.returncode == 1
    assert "does not resolve here" in found.stderr
    assert kubectl.calls == []


def test_direct_never_forwards(own_demo, tmp_path):
    kubectl = standin(own_demo, tmp_path, host=f"{HOST}.kubectl-cbt.invalid")
    point_at(own_demo, f"{HOST}.svc.kubectl-cbt.invalid:6443")
    found = run_command(*ASKS, "--connect", "direct", cluster=own_demo, **kubectl.environment)
    assert found.returncode == 1
    assert "does not resolve here" in found.stderr
    assert kubectl.calls == []


def test_a_given_address_is_checked_for_the_services_name(own_demo, tmp_path, whole):
    kubectl = standin(own_demo, tmp_path)
    address = own_demo.services[PAGES_DRIVER].address
    found = run_command(*ASKS, "--address", address, cluster=own_demo, **kubectl.environment)
    assert (found.returncode, found.stdout, kubectl.calls) == (0, whole, [])


def test_the_name_to_check_can_be_given(own_demo, tmp_path, whole):
    kubectl = standin(own_demo, tmp_path, host="name.in.certificate")
    point_at(own_demo, f"{HOST}:{PORT}")
    refused = run_command(*ASKS, cluster=own_demo, **kubectl.environment)
    assert refused.returncode == 1
    assert f"it is for name.in.certificate, not for {HOST}" in refused.stderr
    found = run_command(
        *ASKS, "--service-tls-server-name", "name.in.certificate", cluster=own_demo, **kubectl.environment
    )
    assert (found.returncode, found.stdout) == (0, whole)


def test_another_service_can_be_named_and_is_forwarded_to(own_demo, tmp_path, whole):
    kubectl = standin(own_demo, tmp_path)
    add_service(own_demo, "other", NAMESPACE, 7443, {"app": NAME})
    own_demo.store.put(
        "endpointslices",
        {
            "metadata": {
                "name": "other-1", "namespace": NAMESPACE, "labels": {"kubernetes.io/service-name": "other"},
            },
            "endpoints": [{"addresses": ["10.1.0.9"]}],
        },
    )  # fmt: skip
    found = run_command(*ASKS, "--address", f"other.{NAMESPACE}:7443", cluster=own_demo, **kubectl.environment)
    assert (found.returncode, found.stdout) == (0, whole)
    assert kubectl.calls[0]["argv"][-2:] == ["service/other", ":7443"]


def test_a_name_in_two_namespaces_is_ambiguous(own_demo, tmp_path):
    kubectl = standin(own_demo, tmp_path, host=NAME)
    add_service(own_demo, NAME, "shop", PORT, {"app": NAME})
    found = run_command(*ASKS, cluster=own_demo, **kubectl.environment)
    assert found.returncode == 1
    assert f'there is a Service "{NAME}" in several namespaces: shop, {NAMESPACE}' in found.stderr
    assert f"--address {NAME}.NAMESPACE:{PORT}" in found.stderr


def test_a_proxy_in_the_environment_is_not_for_the_forwarded_port(own_demo, tmp_path, whole):
    kubectl = standin(own_demo, tmp_path)
    nowhere = "http://127.0.0.1:9"
    proxies = dict.fromkeys(("https_proxy", "HTTPS_PROXY", "grpc_proxy", "all_proxy", "ALL_PROXY"), nowhere)
    found = run_command(*ASKS, cluster=own_demo, **kubectl.environment, **proxies)
    assert (found.returncode, found.stdout) == (0, whole)


def test_a_certificate_that_only_looks_self_signed_is_accepted_through_the_forwarded_port(own_demo, tmp_path, whole):
    kubectl = standin(own_demo, tmp_path, issuer_subject=True)
    found = run_command(*ASKS, cluster=own_demo, **kubectl.environment)
    assert (found.returncode, found.stdout, found.stderr) == (0, whole, "")


# The child's life.


def test_a_child_that_starts_slowly_is_waited_for(own_demo, tmp_path, whole):
    kubectl = standin(own_demo, tmp_path, {"until": str(tmp_path / "now")})
    environment = kubectl.command_environment(own_demo)
    with warm_command().open([*ASKS], environment) as process:
        wait_for(lambda: kubectl.calls, "the port-forward", process)
        assert process.poll() is None
        (tmp_path / "now").touch()
        out, err = process.communicate(60)
    assert (process.returncode, out.decode(), err) == (0, whole, b"")


def test_a_child_that_exits_in_mid_stream_is_replaced(own_demo, tmp_path, whole):
    kubectl = standin(own_demo, tmp_path, {"dies_after": 6000}, {"dies_after": 6000}, {})
    found = run_command(*ASKS, cluster=own_demo, **kubectl.environment)
    assert (found.returncode, found.stdout) == (0, whole)
    assert len(kubectl.calls) == 3
    assert len({call["pid"] for call in kubectl.calls}) == 3
    assert all(gone(call["pid"]) for call in kubectl.calls)
    assert found.stderr.count("note: resuming at") == 2
    assert "kubectl port-forward: error: lost connection to pod" in found.stderr


def test_a_child_that_dies_before_the_first_message_is_replaced(own_demo, tmp_path, whole):
    kubectl = standin(own_demo, tmp_path, {"dies_after": 1}, {})
    found = run_command(*ASKS, cluster=own_demo, **kubectl.environment)
    assert (found.returncode, found.stdout) == (0, whole)
    assert len(kubectl.calls) == 2


def test_the_document_of_a_forwarded_stream_is_the_same(own_demo, tmp_path):
    direct = run_command(*DELTA, "-o", "json", cluster=own_demo)
    kubectl = standin(own_demo, tmp_path)
    forwarded = run_command(*DELTA, "-o", "json", cluster=own_demo, **kubectl.environment)
    assert json.loads(forwarded.stdout) == json.loads(direct.stdout)
