"""The demo API server's requests: what tests may see of them, and the client by which the demo's other tests ask."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse, HTTPSConnection
from typing import Any

import pytest
from conftest import DELTA, run_command
from peers import needs_kubectl
from test_kubectl import kubectl

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.kube.identity import API_AUDIENCE
from kubectl_cbt.model.refs import ServiceAccountRef

SNAPSHOTS = "/apis/snapshot.storage.k8s.io/v1/namespaces/default/volumesnapshots"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


class Client:
    """Asks a demo API server; as demo-admin, if no account is given."""

    def __init__(self, demo: DemoCluster, account: ServiceAccountRef | None = None) -> None:
        self.demo = demo
        self.token = demo.identity.issue(account, [API_AUDIENCE], 600)[0] if account else demo.identity.admin_token

    @contextmanager
    def open(
        self, method: str, path: str, body: Any = None, *headers: tuple[str, str], media: str = "application/json"
    ) -> Iterator[HTTPResponse]:
        with self.connected() as connection:
            connection.putrequest(method, path.replace(" ", "%20"))
            data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            login = ("Authorization", f"Bearer {self.token}")
            for name, value in (login, ("Content-Type", media), ("Content-Length", str(len(data))), *headers):
                connection.putheader(name, value)
            connection.endheaders(data)
            with connection.getresponse() as response:
                yield response

    @contextmanager
    def connected(self) -> Iterator[HTTPSConnection]:
        """A connection to the server, closed at the end."""
        context = ssl.create_default_context(cafile=str(self.demo.kubeconfig.parent / "ca.crt"))
        connection = HTTPSConnection(self.demo.api.url.removeprefix("https://"), context=context, timeout=60)
        try:
            yield connection
        finally:
            connection.close()

    def ask(self, method: str, path: str, body: Any = None, *headers: tuple[str, str], **options: str) -> Any:
        """The response's code and document; text if it is not JSON."""
        with self.open(method, path, body, *headers, **options) as response:
            data = response.read()
            is_json = (response.headers["Content-Type"] or "").startswith("application/json")
            return response.status, json.loads(data) if is_json else data.decode()

    def get(self, path: str, *headers: tuple[str, str]) -> Any:
        return self.ask("GET", path, None, *headers)

    def names(self, path: str) -> list[str]:
        """The names of a list's objects."""
        code, document = self.get(path)
        assert code == 200, document
        return [item["metadata"]["name"] for item in document["items"]]


def test_every_request_is_seen_with_its_query_and_headers_before_it_is_answered(own_demo):
    seen = []
    own_demo.api.on_request = lambda method, path, headers: seen.append((method, path, headers.get_all("X-Probe")))
    own_demo.api.fault = lambda path: seen.append(path)
    Client(own_demo).get(f"{SNAPSHOTS}?limit=3", ("X-Probe", "one"), ("X-Probe", "two"))
    assert seen == [("GET", f"{SNAPSHOTS}?limit=3", ["one", "two"]), SNAPSHOTS]


@needs_kubectl
def test_ours_and_the_real_kubectls_headers_can_be_compared(own_demo):
    seen = []
    own_demo.api.on_request = lambda method, path, headers: seen.append(headers)
    assert kubectl("get", "vs", kubeconfig=own_demo.kubeconfig).returncode == 0
    theirs = len(seen)
    assert run_command(*DELTA, "-o", "name", cluster=own_demo).returncode == 0
    assert theirs
    assert len(seen) > theirs
    assert all(headers["Authorization"].startswith("Bearer ") and headers["User-Agent"] for headers in seen)


def test_a_stopped_server_does_not_respond_on_open_connections(own_demo):
    context = ssl.create_default_context(cafile=str(own_demo.kubeconfig.parent / "ca.crt"))
    connection = HTTPSConnection(own_demo.api.url.removeprefix("https://"), context=context, timeout=60)
    connection.request("GET", "/healthz")
    assert connection.getresponse().read() == b"ok"
    own_demo.api.stop()
    connection.request("GET", "/healthz")
    with pytest.raises(ConnectionError):
        connection.getresponse()
    connection.close()


@pytest.mark.parametrize("version", ["v1alpha1", "v1beta1"])
def test_an_old_cluster_serves_its_services_in_the_old_version(own_demo, version):
    from kubectl_cbt.demo.kube.resource_types import served_with

    own_demo.api.served = served_with(version)
    client, other = Client(own_demo), {"v1alpha1": "v1beta1", "v1beta1": "v1alpha1"}[version]
    path = "/apis/cbt.storage.k8s.io/{}/snapshotmetadataservices"
    code, found = client.get(path.format(version))
    assert (code, found["apiVersion"]) == (200, f"cbt.storage.k8s.io/{version}")
    assert {item["apiVersion"] for item in found["items"]} == {f"cbt.storage.k8s.io/{version}"}
    name = found["items"][0]["metadata"]["name"]
    assert client.get(f"{path.format(version)}/{name}")[1]["apiVersion"] == f"cbt.storage.k8s.io/{version}"
    assert client.get(path.format(other)) == (404, "404 page not found\n")
    assert client.get("/apis/cbt.storage.k8s.io")[1]["preferredVersion"]["version"] == version
    assert own_demo.store.get("snapshotmetadataservices", name)["apiVersion"] == "cbt.storage.k8s.io/v1beta1"
