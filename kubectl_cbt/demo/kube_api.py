"""A Kubernetes API server of the demo's objects: real HTTPS, real discovery, errors as a real one words them.

It answers what kubectl and kubectl-cbt ask: discovery in both forms, get and list as objects and as Tables,
tokens and reviews. It is read-only; everything that would change an object is refused.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from kubectl_cbt.demo.certificates import ServerCertificate
from kubectl_cbt.demo.identity import API_AUDIENCE, Identity, Request, User
from kubectl_cbt.demo.objects import ObjectStore
from kubectl_cbt.demo.resource_types import RESOURCE_TYPES, ResourceType, discovery, table
from kubectl_cbt.model.refs import ServiceAccountRef

Object = dict[str, Any]

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
_MIN_TOKEN_SECONDS = 600


class StatusError(Exception):
    """Answer with a Status object."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.document: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "code": code,
        }
        if details:
            self.document["details"] = details


class KubeApi:
    """The server; it listens from construction until :meth:`stop`.

    Attributes:
        served: resource types; tests take some away to play a cluster without their CRDs.
        fault: called with each request's path before it is answered; tests let it raise or wait.
    """

    def __init__(self, store: ObjectStore, identity: Identity, certificate: ServerCertificate) -> None:
        self.store = store
        self.identity = identity
        self.served = RESOURCE_TYPES
        self.fault = _no_fault
        self._server = _HttpsServer(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self._server.socket = _tls_context(certificate).wrap_socket(
            # The handshake is left to the connection's own thread: a silent client must not stop the others.
            self._server.socket,
            server_side=True,
            do_handshake_on_connect=False,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """Stop listening and wait for the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, path: str, headers: Any, body: Object) -> tuple[Object | str, str]:
        """The document for a request and its content type.

        Raises:
            StatusError: for every answer that is none.
        """
        url = urlsplit(path)
        self.fault(url.path)
        accept = headers.get("Accept", "")
        if url.path in ("/healthz", "/livez", "/readyz"):
            return "ok", "text/plain"
        user = self._authenticate(headers)
        if url.path == "/version":
            return _VERSION, "application/json"
        aggregated = "apidiscovery.k8s.io" in accept
        document = discovery(self.served, url.path, aggregated=aggregated) if method == "GET" else None
        if document is not None:
            media = ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
            return document, "application/json" + (media if document["kind"] == "APIGroupDiscoveryList" else "")
        resource, namespace, name, subresource = self._locate(url.path)
        request = _request(method, resource, namespace, name, subresource)
        if not self.identity.allows(user.name, request):
            raise _forbidden(user, request)
        if method == "POST":
            return self._create(user, resource, request, body), "application/json"
        if method != "GET" or subresource:
            raise StatusError(
                405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
            )
        return self._read(resource, namespace, name, parse_qs(url.query), accept), "application/json"

    def _authenticate(self, headers: Any) -> User:
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        user = self.identity.review(token, [API_AUDIENCE])
        if user is None:
            raise StatusError(401, "Unauthorized", "Unauthorized")
        return user

    def _locate(self, path: str) -> tuple[ResourceType, str | None, str, str]:
        """Resource type, namespace, name and subresource of a path."""
        parts = [unquote(part) for part in path.strip("/").split("/")]
        depth = 2 if parts[0] == "api" else 3
        group_version, rest = "/".join(parts[1:depth]), parts[depth:]
        namespace = None
        if len(rest) > 2 and rest[0] == "namespaces":
            namespace, rest = rest[1], rest[2:]
        for resource in self.served:
            if rest and resource.group_version == group_version and resource.plural == rest[0]:
                name, subresource = (*rest[1:], "", "")[:2]
                return resource, namespace, name, subresource
        # A group or version that is not served: no Status object, as a real API server.
        raise LookupError(path)

    def _read(
        self, resource: ResourceType, namespace: str | None, name: str, query: dict[str, list[str]], accept: str
    ) -> Object:
        if "watch" in query and query["watch"][0] in ("1", "true"):
            raise StatusError(405, "MethodNotAllowed", "the demo cluster does not change: there is nothing to watch")
        wants_table = "as=Table" in accept
        if name:
            item = self.store.get(resource.plural, name, namespace)
            if item is None:
                raise _not_found(resource, name)
            return table(resource, [item], item["metadata"]["resourceVersion"]) if wants_table else item
        items = self.store.list(resource.plural, namespace)
        for selector in query.get("fieldSelector", []):
            items = [item for item in items if _selected(item, selector)]
        if not all(map(_selects_unlabelled, query.get("labelSelector", []))):
            items = []
        if wants_table:
            return table(resource, items, "1234")
        return {
            "apiVersion": resource.group_version,
            "kind": f"{resource.kind}List",
            "metadata": {"resourceVersion": "1234"},
            "items": items,
        }

    def _create(self, user: User, resource: ResourceType, request: Request, body: Object) -> Object:
        answers = {
            "serviceaccounts/token": self._token,
            "tokenreviews": self._token_review,
            "selfsubjectreviews": self._self_subject_review,
            "selfsubjectaccessreviews": self._access_review,
            "subjectaccessreviews": self._access_review,
        }
        if request.resource not in answers:
            raise StatusError(405, "MethodNotAllowed", "the demo cluster is read-only")
        return answers[request.resource](user, request, body)

    def _token(self, user: User, request: Request, body: Object) -> Object:
        account = ServiceAccountRef(request.namespace or "", request.name)
        found = self.store.get("serviceaccounts", account.name, account.namespace)
        if found is None:
            details = {"name": account.name, "kind": "serviceaccounts"}
            raise StatusError(404, "NotFound", f'serviceaccounts "{account.name}" not found', details)
        spec = body.get("spec") or {}
        seconds = spec.get("expirationSeconds") or 3600
        if seconds < _MIN_TOKEN_SECONDS:
            raise _token_too_short(seconds)
        audiences = spec.get("audiences") or [API_AUDIENCE]
        token, expires = self.identity.issue(account, audiences, seconds)
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": account.name,
                "namespace": account.namespace,
                "uid": found["metadata"]["uid"],
                "creationTimestamp": _rfc3339(datetime.now(UTC)),
            },
            "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": None},
            "status": {"token": token, "expirationTimestamp": _rfc3339(datetime.fromtimestamp(expires, UTC))},
        }

    def _token_review(self, user: User, request: Request, body: Object) -> Object:
        spec = body.get("spec") or {}
        audiences = spec.get("audiences") or [API_AUDIENCE]
        found = self.identity.review(spec.get("token", ""), audiences)
        status: Object = {"user": {}, "error": "invalid bearer token"}
        if found:
            status = {"authenticated": True, "user": _user_info(found), "audiences": audiences}
        return {"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {}, "status": status}

    def _self_subject_review(self, user: User, request: Request, body: Object) -> Object:
        return {
            "kind": "SelfSubjectReview",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"creationTimestamp": _rfc3339(datetime.now(UTC))},
            "status": {"userInfo": _user_info(user)},
        }

    def _access_review(self, user: User, request: Request, body: Object) -> Object:
        spec = body.get("spec") or {}
        wanted = spec.get("resourceAttributes") or {}
        resource = "/".join(part for part in (wanted.get("resource", ""), wanted.get("subresource")) if part)
        allowed = self.identity.allows(
            spec.get("user") or user.name,
            Request(
                wanted.get("verb", ""),
                wanted.get("group", ""),
                resource,
                wanted.get("namespace") or None,
                wanted.get("name", ""),
            ),
        )
        kind = "SelfSubjectAccessReview" if request.resource.startswith("self") else "SubjectAccessReview"
        return {
            "kind": kind,
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": spec,
            "status": {"allowed": allowed},
        }


class _HttpsServer(ThreadingHTTPServer):
    daemon_threads = True
    api: KubeApi

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or does not like our certificate, is its own business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _HttpsServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name for it
        """Silent: stderr is the user's."""

    def do_GET(self) -> None:  # the base class's way to route methods
        self._respond("GET")

    def do_POST(self) -> None:
        self._respond("POST")

    do_PUT = do_PATCH = do_DELETE = do_POST  # noqa: N815  # all refused alike, behind the same checks

    def _respond(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        code, media = (201 if method == "POST" else 200), "application/json"
        try:
            body = _body(raw, self.headers.get("Content-Type") or "")
            document, media = self.server.api.answer(self.command, self.path, self.headers, body)
        except StatusError as error:
            code, document = error.code, error.document
        except LookupError:
            code, document, media = 404, "404 page not found\n", "text/plain; charset=utf-8"
        text = document if isinstance(document, str) else json.dumps(document)
        self._send(code, media, text.encode())

    def _send(self, code: int, media: str, data: bytes) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            self.send_response(code)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)


def _body(raw: bytes, media: str) -> Object:
    if not raw:
        return {}
    if "json" not in media:
        # kubectl's own POSTs are protobuf.
        raise StatusError(415, "UnsupportedMediaType", "the demo API server takes bodies as JSON only")
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise StatusError(400, "BadRequest", f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise StatusError(400, "BadRequest", "the body is not a JSON object")
    return body


def _no_fault(path: str) -> None:
    """Answer as always."""


def _tls_context(certificate: ServerCertificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory(prefix="kubectl-cbt-demo-") as folder:
        # OpenSSL reads the pair from files only; they are gone before anything connects.
        path = Path(folder) / "server.pem"
        path.touch(mode=0o600)
        path.write_bytes(certificate.key_pem + certificate.certificate_pem)
        context.load_cert_chain(path)
    return context


def _request(method: str, resource: ResourceType, namespace: str | None, name: str, subresource: str) -> Request:
    verbs = {"GET": "get" if name else "list", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    full = f"{resource.plural}/{subresource}" if subresource else resource.plural
    return Request(verbs[method], resource.group, full, namespace, name)


def _forbidden(user: User, request: Request) -> StatusError:
    plural = request.resource.partition("/")[0]
    qualified = f"{plural}.{request.group}" if request.group else plural
    quoted = f' "{request.name}"' if request.name else ""
    where = f'in the namespace "{request.namespace}"' if request.namespace else "at the cluster scope"
    details = {"kind": plural}
    details |= {"name": request.name} if request.name else {}
    details |= {"group": request.group} if request.group else {}
    return StatusError(
        403,
        "Forbidden",
        f'{qualified}{quoted} is forbidden: User "{user.name}" cannot {request.verb} resource "{request.resource}"'
        f' in API group "{request.group}" {where}',
        details,
    )


def _not_found(resource: ResourceType, name: str) -> StatusError:
    details = {"name": name, **({"group": resource.group} if resource.group else {}), "kind": resource.plural}
    return StatusError(404, "NotFound", f'{resource.qualified} "{name}" not found', details)


def _token_too_short(seconds: int) -> StatusError:
    what = f"Invalid value: {seconds}: may not specify a duration less than 10 minutes"
    return StatusError(
        422,
        "Invalid",
        f'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: {what}',
        {
            "group": "authentication.k8s.io",
            "kind": "TokenRequest",
            "causes": [{"reason": "FieldValueInvalid", "message": what, "field": "spec.expirationSeconds"}],
        },
    )


def _selected(item: Object, selector: str) -> bool:
    """Field selectors as far as the API server supports them for custom resources: name and namespace."""
    for term in selector.split(","):
        field, _, value = term.partition("=")
        known = {"metadata.name": "name", "metadata.namespace": "namespace"}
        if field in known and item["metadata"].get(known[field]) != value.lstrip("="):
            return False
    return True


def _selects_unlabelled(selector: str) -> bool:
    """Whether a label selector takes objects without labels, which all of the demo's are."""
    terms = [term.strip() for term in re.split(r",(?![^(]*\))", selector) if term.strip()]
    return all(term.startswith("!") or "!=" in term or " notin " in term for term in terms)


def _user_info(user: User) -> Object:
    return {
        "username": user.name,
        **({"uid": user.uid} if user.uid else {}),
        "groups": list(user.groups),
    }


def _rfc3339(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
