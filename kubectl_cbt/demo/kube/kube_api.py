"""A Kubernetes API server for the demo's objects: HTTPS, discovery, and errors worded as in a real API server.

It serves what kubectl and kubectl-cbt request: discovery in both forms; get, list and watch as objects and as Tables;
tokens and reviews. ServiceAccounts and RBAC objects can be changed; everything else is read-only.
"""

from __future__ import annotations

from http.client import HTTPMessage

from kubectl_cbt.demo.certificates import ServerCertificate
from kubectl_cbt.demo.kube.access_reviews import Reviews
from kubectl_cbt.demo.kube.authn import authenticate
from kubectl_cbt.demo.kube.demo_objects import ObjectStore
from kubectl_cbt.demo.kube.discovery import accepts_aggregated, discovery
from kubectl_cbt.demo.kube.https_server import HttpRequest, HttpResponse, HttpsServer
from kubectl_cbt.demo.kube.identity import Identity, Request, User
from kubectl_cbt.demo.kube.openapi import openapi
from kubectl_cbt.demo.kube.rbac_bindings import Bindings
from kubectl_cbt.demo.kube.read_handlers import read
from kubectl_cbt.demo.kube.request_bodies import read_body
from kubectl_cbt.demo.kube.resource_paths import ResourcePath, access_request, body_type, is_watch, locate
from kubectl_cbt.demo.kube.resource_types import ALL_TYPES
from kubectl_cbt.demo.kube.status_objects import (
    StatusError,
    forbidden,
    method_not_allowed,
    no_kubelet,
    not_found,
    read_only,
)
from kubectl_cbt.demo.kube.watch_handler import watch
from kubectl_cbt.demo.kube.write_handlers import writable, write

_VERSION = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.0-kubectl-cbt-demo",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-11-16T02:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "demo",
}


class KubeApi:
    """The API server; it listens from construction until :meth:`stop`.

    Args:
        client_ca_pem: CA of client certificates that authenticate; None requests no client certificate.

    Attributes:
        served: resource types; tests remove some to simulate a cluster without their CRDs.
        fault: called with each request's path before it is handled; tests make it raise or wait.
        on_request: called with each request's method, path with query, and headers, before anything else.
    """

    def __init__(
        self,
        store: ObjectStore,
        identity: Identity,
        certificate: ServerCertificate,
        client_ca_pem: bytes | None = None,
    ) -> None:
        self.store = store
        self.identity = identity
        bindings = Bindings(store)
        identity.granted = bindings.grant
        identity.granted_rules = lambda *scope: list(bindings.rules(*scope))
        self.served = ALL_TYPES
        self.fault = _no_fault
        self.on_request = _ignore_request
        self._reviews = Reviews(store, identity)
        self._server = HttpsServer(
            lambda method, path, headers: self.on_request(method, path, headers),
            self._answer,
            certificate,
            client_ca_pem,
        )

    @property
    def url(self) -> str:
        """The URL that it listens on."""
        return self._server.url

    def stop(self) -> None:
        """Stop listening and end running watches."""
        self._server.stopping.set()
        self.store.wake()
        self._server.stop()

    def _answer(self, call: HttpRequest) -> HttpResponse:
        self.fault(call.url.path)
        if call.url.path in ("/healthz", "/livez", "/readyz"):
            return HttpResponse("ok", media="text/plain")
        user = authenticate(self.identity, call)
        if call.url.path == "/version":
            return HttpResponse(dict(_VERSION))
        return self._discovered(call) or self._answer_resource(user, call)

    def _discovered(self, call: HttpRequest) -> HttpResponse | None:
        if call.method != "GET":
            return None
        path = call.url.path
        aggregated = accepts_aggregated(call.headers.get("Accept", ""))
        document = discovery(self.served, path, aggregated=aggregated) or openapi(self.served, path)
        if document is None:
            return None
        media = ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        listed = document.get("kind") == "APIGroupDiscoveryList"
        return HttpResponse(document, media="application/json" + (media if listed else ""))

    def _answer_resource(self, user: User, call: HttpRequest) -> HttpResponse:
        target = locate(self.served, call.url.path)
        request = access_request(call, target)
        if not self.identity.allows(user.name, request, user.groups):
            raise forbidden(user, request)
        if request.resource == "pods/portforward":
            raise self._not_forwarded(target)
        if call.method != "GET" and writable(target):
            return write(self.store, target, call)
        if call.method == "POST":
            return self._create(user, request, target, call)
        if call.method != "GET" or target.subresource:
            raise method_not_allowed()
        if is_watch(call):
            return HttpResponse(watch(self.store, target, call, self._server.stopping.is_set))
        return HttpResponse(read(self.store, target, call))

    def _create(self, user: User, request: Request, target: ResourcePath, call: HttpRequest) -> HttpResponse:
        sent = body_type(target)
        if sent is None or not self._reviews.handles(request.resource):
            raise read_only(target.resource.plural)
        body = read_body(call, sent.kind, sent.group_version)
        return HttpResponse(self._reviews.answer(user, request, body), 201)

    def _not_forwarded(self, target: ResourcePath) -> StatusError:
        found = self.store.get(target.resource.plural, target.name, target.namespace)
        return no_kubelet() if found else not_found(target.resource, target.name)


def _no_fault(path: str) -> None:
    """Inject no fault."""


def _ignore_request(method: str, path: str, headers: HTTPMessage) -> None:
    """Ignore the request."""
