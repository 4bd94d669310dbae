"""Pods, Services and EndpointSlices: the objects that a client reads for a port-forward to a sidecar.

The demo's sidecars do not run in Pods: a demo cluster has no such objects until a test adds them to its store.
"""

from __future__ import annotations

from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.resource_type import AGE, ALL_VERBS, NAME, Column, ResourceType, Subresource, field


def _ready(pod: Object) -> str:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    containers = (pod.get("spec") or {}).get("containers") or []
    return f"{sum(bool(status.get('ready')) for status in statuses)}/{len(containers)}"


def _restarts(pod: Object) -> str:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return str(sum(status.get("restartCount", 0) for status in statuses))


def _service_ports(service: Object) -> str:
    ports = (service.get("spec") or {}).get("ports") or []
    return ",".join(f"{port.get('port')}/{port.get('protocol', 'TCP')}" for port in ports) or "<none>"


def _selector(service: Object) -> str:
    selector = (service.get("spec") or {}).get("selector") or {}
    return ",".join(f"{name}={value}" for name, value in sorted(selector.items())) or "<none>"


def _slice_ports(endpoints: Object) -> str:
    return ",".join(str(port.get("port")) for port in endpoints.get("ports") or []) or "<unset>"


def _slice_addresses(endpoints: Object) -> str:
    addresses = [address for entry in endpoints.get("endpoints") or [] for address in entry.get("addresses", [])]
    return ",".join(addresses) or "<unset>"


POD_TYPES = (
    ResourceType(
        "", "v1", "pods", "Pod", namespaced=True, short_names=("po",), verbs=ALL_VERBS, categories=("all",),
        columns=(
            NAME,
            Column("Ready", _ready),
            Column("Status", field("status.phase")),
            Column("Restarts", _restarts),
            AGE,
            Column("IP", field("status.podIP"), priority=1),
            Column("Node", field("spec.nodeName"), priority=1),
        ),
        subresources=(Subresource("portforward", "", "v1", "PodPortForwardOptions", ("create", "get")),),
    ),
    ResourceType(
        "", "v1", "services", "Service", namespaced=True, short_names=("svc",), verbs=ALL_VERBS, categories=("all",),
        columns=(
            NAME,
            Column("Type", field("spec.type")),
            Column("Cluster-IP", field("spec.clusterIP")),
            Column("External-IP", lambda item: "<none>"),
            Column("Port(s)", _service_ports),
            AGE,
            Column("Selector", _selector, priority=1),
        ),
    ),
)  # fmt: skip

ENDPOINT_TYPES = (
    ResourceType(
        "discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", namespaced=True, verbs=ALL_VERBS,
        columns=(
            NAME,
            Column("AddressType", field("addressType")),
            Column("Ports", _slice_ports),
            Column("Endpoints", _slice_addresses),
            AGE,
        ),
    ),
)  # fmt: skip
