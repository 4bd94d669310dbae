"""The resource types without objects in a demo cluster, until a test adds them."""

import pytest
from peers import needs_kubectl
from test_demo_requests import RBAC, SNAPSHOTS, Client
from test_kubectl import kubectl

from kubectl_cbt.demo.kube.identity import BACKUP_APP, NOBODY

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "driver-0", "namespace": "default", "labels": {"app": "driver"}},
    "spec": {"nodeName": "node-a", "containers": [{"name": "driver"}, {"name": "sidecar"}]},
    "status": {
        "phase": "Running",
        "podIP": "10.1.2.3",
        "containerStatuses": [
            {"name": "driver", "ready": True, "restartCount": 2},
            {"name": "sidecar", "ready": False, "restartCount": 1},
        ],
    },
}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "csi-snapshot-metadata", "namespace": "default"},
    "spec": {
        "type": "ClusterIP",
        "clusterIP": "10.96.0.7",
        "selector": {"app": "driver"},
        "ports": [{"port": 6443, "protocol": "TCP", "targetPort": 50051}],
    },
}
SLICE = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "csi-snapshot-metadata-x", "namespace": "default"},
    "addressType": "IPv4",
    "ports": [{"port": 50051}],
    "endpoints": [{"addresses": ["10.1.2.3"]}, {"addresses": ["10.1.2.4"]}],
}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "readers"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
    "subjects": [
        {"kind": "ServiceAccount", "name": "backup-app", "namespace": "backup"},
        {"kind": "User", "name": "jane"},
    ],
}


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/pods",
        "/api/v1/services",
        "/apis/discovery.k8s.io/v1/endpointslices",
        *(f"{RBAC}/{plural}" for plural in ("roles", "rolebindings", "clusterroles", "clusterrolebindings")),
    ],
)
def test_a_demo_cluster_begins_without_them(demo, path):
    code, found = Client(demo).get(path)
    assert (code, found["items"]) == (200, [])
    assert found["kind"].endswith("List")


@needs_kubectl
@pytest.mark.parametrize(
    ("resource", "item", "arguments", "cells"),
    [
        ("pods", POD, ("po", "-o", "wide"), ["driver-0", "1/2", "Running", "3", "10.1.2.3", "node-a"]),
        ("services", SERVICE, ("svc", "-o", "wide"), ["ClusterIP", "10.96.0.7", "<none>", "6443/TCP", "app=driver"]),
        ("endpointslices", SLICE, ("endpointslices",), ["IPv4", "50051", "10.1.2.3,10.1.2.4"]),
        (
            "clusterrolebindings",
            BINDING,
            ("clusterrolebindings", "-o", "wide"),
            ["readers", "ClusterRole/reader", "jane", "backup/backup-app"],
        ),
        ("clusterroles", {"metadata": {"name": "reader"}}, ("clusterroles",), ["reader"]),
        ("roles", {"metadata": {"name": "own", "namespace": "default"}}, ("roles",), ["own"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_kubectl_shows_them_as_those_of_any_cluster(own_demo, resource, item, arguments, cells):
    own_demo.store.put(resource, item)
    found = kubectl("get", *arguments, kubeconfig=own_demo.kubeconfig)
    assert found.returncode == 0, found.stderr
    row = found.stdout.splitlines()[1].split()
    assert [cell for cell in row if cell in cells] == cells


@needs_kubectl
def test_kubectl_get_all_finds_pods_and_services(own_demo):
    own_demo.store.put("pods", POD)
    own_demo.store.put("services", SERVICE)
    shown = kubectl("get", "all", "-o", "name", kubeconfig=own_demo.kubeconfig).stdout.split()
    assert shown == ["pod/driver-0", "service/csi-snapshot-metadata"]


def test_discovery_lists_verbs_and_subresources_in_both_forms(demo):
    client = Client(demo)
    listed = {entry["name"]: entry for entry in client.get("/api/v1")[1]["resources"]}
    assert set(listed["pods"]["verbs"]) >= {"get", "list", "watch", "create", "delete"}
    assert listed["pods/portforward"]["kind"] == "PodPortForwardOptions"
    assert listed["pods/portforward"]["verbs"] == ["create", "get"]
    snapshots = {entry["name"]: entry for entry in client.get("/apis/snapshot.storage.k8s.io/v1")[1]["resources"]}
    assert snapshots["volumesnapshots"]["verbs"] == ["get", "list", "watch"]
    one = client.get("/api", ("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"))[1]
    (version,) = one["items"][0]["versions"]
    (pods,) = [resource for resource in version["resources"] if resource["resource"] == "pods"]
    assert [part["subresource"] for part in pods["subresources"]] == ["portforward"]


def test_discovery_has_the_form_that_the_client_accepts(demo):
    """kubectl 1.29, 1.30 and later, and one that knows the old form alone."""
    beta, stable = (f"application/json;g=apidiscovery.k8s.io;v={v};as=APIGroupDiscoveryList" for v in ("v2beta1", "v2"))
    kinds = {
        f"{beta},application/json": "APIGroupList",
        f"{stable},{beta},application/json": "APIGroupDiscoveryList",
        "application/json": "APIGroupList",
    }
    assert {accept: Client(demo).get("/apis", ("Accept", accept))[1]["kind"] for accept in kinds} == kinds


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_permitted_port_forward_ends_at_the_missing_kubelet(own_demo, method):
    own_demo.store.put("pods", POD)
    path = "/api/v1/namespaces/default/pods/{}/portforward"
    code, said = Client(own_demo).ask(method, path.format("driver-0"))
    assert (code, said["reason"]) == (500, "InternalError")
    assert "the demo cluster has no kubelet to forward to" in said["message"]
    assert Client(own_demo).ask(method, path.format("driver-9"))[1]["message"] == 'pods "driver-9" not found'
    verb = {"POST": "create", "GET": "get"}[method]
    for account in (NOBODY, BACKUP_APP):
        code, said = Client(own_demo, account).ask(method, path.format("driver-0"))
        assert code == 403
        assert f'cannot {verb} resource "pods/portforward" in API group ""' in said["message"]


@needs_kubectl
def test_kubectl_port_forward_reports_why_it_fails(own_demo):
    own_demo.store.put("pods", POD)
    arguments = ("port-forward", "pod/driver-0", ":50051")
    found = kubectl(*arguments, "--context", "demo-admin", kubeconfig=own_demo.kubeconfig)
    assert (found.returncode, found.stdout) == (1, "")
    assert "the demo cluster has no kubelet to forward to" in found.stderr
    assert "is forbidden" in kubectl(*arguments, kubeconfig=own_demo.kubeconfig).stderr


def test_they_are_read_only_all_the_same(own_demo):
    client = Client(own_demo)
    refused = client.ask("POST", "/api/v1/namespaces/default/pods", POD)[1]
    assert refused["message"] == "pods of the demo cluster are read-only"
    code, said = client.ask("DELETE", f"{SNAPSHOTS}/snap-a")
    assert (code, said["reason"]) == (405, "MethodNotAllowed")
    assert own_demo.store.get("volumesnapshots", "snap-a", "default")
