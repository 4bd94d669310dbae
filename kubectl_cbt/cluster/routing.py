"""The route to a service's address: a direct connection, or a port-forward to the Service that it names."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kubectl_cbt.address import is_loopback, split_address
from kubectl_cbt.cluster.api_hints import FORWARD_HINTS
from kubectl_cbt.errors import Forbidden, NotFound, ServiceUnusable, UsageError
from kubectl_cbt.kube.api import Api
from kubectl_cbt.kube.object_reader import ObjectReader, items_of
from kubectl_cbt.kube.port_forward import PodPort, PortForward, no_ready_pod
from kubectl_cbt.kube.request_log import RequestLog
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.model.route import Connect, DirectRoute, Route
from kubectl_cbt.units import as_argument

_CUSTOM = "--address HOST:PORT sets another address, --connect direct uses it unchanged"


@dataclass(frozen=True, slots=True)
class RouteOptions:
    """The user's options for the connection.

    Attributes:
        address: ``host:port`` to use instead of the endpoint's own; empty for the endpoint's own.
    """

    connect: Connect = Connect.AUTO
    address: str = ""


@dataclass(frozen=True, slots=True)
class _Service:
    """A Service of the cluster."""

    namespace: str
    name: str
    ports: tuple[int, ...]

    @classmethod
    def of(cls, item: object) -> _Service:
        """Read an item of ``v1``.

        Raises:
            MalformedObject: a field is invalid.
        """
        reader = ObjectReader(item)
        namespace, name = reader.needed_text("metadata", "namespace"), reader.needed_text("metadata", "name")
        ports = list(reader.objects("spec", "ports"))
        numbers = tuple(port.number("port") or 0 for port in ports)
        for one in (reader, *ports):
            one.require(f'services "{namespace}/{name}"')
        return cls(namespace, name, numbers)


def find_route(
    api: Api,
    endpoint: Endpoint,
    route_options: RouteOptions,
    kubeconfig: Callable[[], bytes],
    *,
    log: RequestLog | None = None,
) -> Route:
    """The route to an endpoint. A port-forward starts when its address is requested.

    Args:
        kubeconfig: returns the kubeconfig of our login, for a kubectl child process.

    Raises:
        UsageError: the given address is invalid.
        ServiceUnusable: the address does not name a Service or port of the cluster.
        ApiError: the Service could not be looked up.
    """
    address = route_options.address or endpoint.address
    try:
        host, port = split_address(address)
    except ValueError as error:
        raise UsageError(f"--address {error}") from error
    if route_options.connect is Connect.DIRECT or (route_options.connect is Connect.AUTO and _is_reachable_here(host)):
        return DirectRoute(address)
    service = _service_at(api, host, port, route_options)
    if service is None:
        return DirectRoute(address)
    found = PodPort(service.namespace, service.name, port)
    _check_port(service, found, endpoint, is_own=bool(route_options.address))
    return PortForward(found, kubeconfig, lambda: _check_ready(api, found), log, FORWARD_HINTS)


def namespaces_of(api: Api, addresses: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    """The namespaces of the Services of addresses, and whether finding one of them requires listing all Services.

    Invalid addresses, and addresses without a Service, are omitted.

    Raises:
        ApiError: from the API server.
    """
    found, finds = set(), False
    for address in addresses:
        try:
            host, port = split_address(address)
        except ValueError:
            continue
        if is_loopback(host):
            continue
        service = _service_at(api, host, port, RouteOptions())
        if service is not None:
            found.add(service.namespace)
            finds |= not (service_names(host) or ("", ""))[1]
    return tuple(sorted(found)), finds


def service_names(host: str) -> tuple[str, str] | None:
    """Name and namespace of the Service of a cluster-internal host name; the namespace may be empty.

    None for other hosts: an IP address, or an external domain.
    """
    labels = host.rstrip(".").split(".")
    if _ip(host) is not None or not all(labels):
        return None
    if len(labels) == 1:
        return labels[0], ""
    if len(labels) == 2 or labels[2] == "svc":
        return labels[0], labels[1]
    return None


def _is_reachable_here(host: str) -> bool:
    """Whether it is this machine or, in a pod, a name that resolves: it does not in a pod of another cluster."""
    if is_loopback(host):
        return True
    return "KUBERNETES_SERVICE_HOST" in os.environ and _resolves(host)


def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return True


def _service_at(api: Api, host: str, port: int, route_options: RouteOptions) -> _Service | None:
    """The Service that an address names; None for an address that can be used directly."""
    names = service_names(host)
    found: _Service | None = None
    try:
        if names is None:
            found = _service_of_ip(api, host) if _ip(host) is not None else None
        elif names[1]:
            found = _Service.of(api.get("api", "v1", "namespaces", names[1], "services", names[0]))
        else:
            found = _service_of_any_namespace(api, names[0], port)
    except NotFound:
        pass
    except Forbidden as error:
        if route_options.connect is Connect.AUTO and _resolves(host):
            return None  # connect directly
        raise error.with_hint(f"{_needed_permissions(names)}\n{_CUSTOM}") from error
    if found is None and route_options.connect is Connect.PORT_FORWARD:
        raise ServiceUnusable(f"cannot forward to {host}:{port}: it is not a Service of this cluster", hint=_CUSTOM)
    return found


def _service_of_any_namespace(api: Api, name: str, port: int) -> _Service | None:
    """Find a Service by a bare name, which resolves in the driver's own, unknown namespace."""
    answer = api.get("api", "v1", "services", fieldSelector=f"metadata.name={name}")
    found = [_Service.of(item) for item in items_of(answer, "the list of services")]
    fitting = [service for service in found if port in service.ports] or found
    if len(fitting) > 1:
        where = ", ".join(sorted(service.namespace for service in fitting))
        raise ServiceUnusable(
            f'there is a Service "{name}" in several namespaces: {where}',
            hint=f"choose one: --address {as_argument(name)}.NAMESPACE:{port}",
        )
    return fitting[0] if fitting else None


def _service_of_ip(api: Api, host: str) -> _Service | None:
    wanted = _ip(host)
    for item in items_of(api.get("api", "v1", "services"), "the list of services"):
        reader = ObjectReader(item)
        addresses = reader.texts("spec", "clusterIPs") or [reader.text("spec", "clusterIP")]
        # An invalid Service is skipped if another one matches.
        if any(_ip(address) == wanted for address in addresses):
            return _Service.of(item)
    return None


def _ip(text: str) -> Any:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _check_port(service: _Service, found: PodPort, endpoint: Endpoint, *, is_own: bool) -> None:
    if found.port in service.ports:
        return
    has = ", ".join(map(str, service.ports)) or "none"
    hint = f"--address {as_argument(found.name)}.{as_argument(found.namespace)}:PORT"
    if not is_own:
        edit = f"kubectl edit snapshotmetadataservice {as_argument(endpoint.service)}"
        hint = f"the driver's administrator has to correct it: {edit}\nuntil then: {hint}"
    raise ServiceUnusable(f"{found} has no port {found.port}; its ports: {has}", hint=hint)


def _check_ready(api: Api, service: PodPort) -> None:
    """Fail early: kubectl would wait a minute for a ready pod."""
    try:
        slices = api.get(
            *("apis", "discovery.k8s.io", "v1", "namespaces", service.namespace, "endpointslices"),
            labelSelector=f"kubernetes.io/service-name={service.name}",
        )
    except (Forbidden, NotFound):
        return  # unknown; kubectl will report it
    readers = map(ObjectReader, items_of(slices, "the list of endpointslices"))
    endpoints = [endpoint for reader in readers for endpoint in reader.objects("endpoints")]
    # A missing condition means ready, as defined by the API.
    if not any(endpoint.mapping("conditions").get("ready") is not False for endpoint in endpoints):
        raise no_ready_pod(service, FORWARD_HINTS)


def _needed_permissions(names: tuple[str, str] | None) -> str:
    where = f"in namespace {as_argument(names[1])}" if names and names[1] else "in all namespaces"
    return f"looking up the Service of the address needs get and list on services {where}: kubectl cbt rbac --for-user"
