"""A demo cluster whose sidecar is reached as in a real one: through a Service that only Pods can connect to."""

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from conftest import command_environment
from peers import KUBECTL

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.demo.sidecar.metadata_service import MetadataService

NAME, NAMESPACE, PORT, CLUSTER_IP = "csi-snapshot-metadata", "storage", 6443, "10.96.7.8"
HOST = f"{NAME}.{NAMESPACE}"
STANDIN = Path(__file__).with_name("standin_kubectl.py")


def behind_a_service(demo: DemoCluster, host: str = HOST, port: int = PORT, **certificate: Any) -> MetadataService:
    """Put Service, EndpointSlice and Pod in front of the demo's sidecar, and its name into address and certificate."""
    service = demo.services[PAGES_DRIVER]
    service.restart(service.authority.issue(host, **certificate))
    point_at(demo, f"{host}:{port}")
    selector = {"app": NAME}
    demo.store.put("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    add_service(demo, NAME, NAMESPACE, PORT, selector)
    demo.store.put(
        "pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"{NAME}-0", "namespace": NAMESPACE, "labels": selector},
            "spec": {"containers": [{"name": "sidecar", "ports": [{"containerPort": 50051}]}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        },
    )
    set_ready(demo, ready=True)
    return service


def add_service(demo: DemoCluster, name: str, namespace: str, port: int, selector: dict[str, str] | None) -> None:
    spec = {"clusterIP": CLUSTER_IP, "clusterIPs": [CLUSTER_IP], "ports": [{"port": port, "targetPort": 50051}]}
    demo.store.put(
        "services",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace},
            "spec": spec | ({"selector": selector} if selector else {}),
        },
    )


def set_ready(demo: DemoCluster, *, ready: bool) -> None:
    demo.store.put(
        "endpointslices",
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{NAME}-abcde",
                "namespace": NAMESPACE,
                "labels": {"kubernetes.io/service-name": NAME},
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.1.0.9"], "conditions": {"ready": ready}}],
            "ports": [{"port": 50051}],
        },
    )


def point_at(demo: DemoCluster, address: str) -> None:
    spec = demo.store.get("snapshotmetadataservices", PAGES_DRIVER)["spec"]
    service = demo.services[PAGES_DRIVER]
    spec |= {"address": address, "caCert": base64.b64encode(service.ca_pem).decode()}


class Standin:
    """A folder for PATH with a stand-in for kubectl.

    Args:
        port: where it forwards to.
        acts: what each child does in turn, see ``standin_kubectl.act``; the last one also for all later ones.
    """

    def __init__(self, folder: Path, port: int, *acts: dict[str, Any]) -> None:
        self._folder = folder
        self._calls = folder / "calls"
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        script = bin_folder / "kubectl"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STANDIN}" "$@"\n')
        script.chmod(0o755)
        (folder / "plan").write_text(json.dumps({"port": port, "calls": str(self._calls), "acts": acts or [{}]}))
        self.environment = {
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "STANDIN": str(folder / "plan"),
            "STANDIN_REAL": KUBECTL or "",
        }

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What it was called with, each with its pid."""
        text = self._calls.read_text() if self._calls.exists() else ""
        whole, _, _ = text.rpartition("\n")  # the last line may be half written
        return [json.loads(line) for line in whole.splitlines()]

    def command_environment(self, demo: DemoCluster) -> dict[str, str]:
        return command_environment(demo, **self.environment)
