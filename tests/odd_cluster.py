"""An API server whose every answer a test may spoil: HTTP on loopback, at first with the answers of a real cluster."""

import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from recorded import api_answer

SNAPSHOTS = "/apis/snapshot.storage.k8s.io/v1/namespaces/default/volumesnapshots"
CONTENTS = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents"
SERVICES = "/apis/cbt.storage.k8s.io/v1beta1/snapshotmetadataservices"
TOKEN = "/api/v1/namespaces/backup/serviceaccounts/backup-app/token"
REVIEWS = "/apis/authorization.k8s.io/v1"
WATCH = f"{SNAPSHOTS}?watch"

FORBIDDEN = {"kind": "Status", "message": "no more", "reason": "Forbidden", "code": 403}


def recorded_answers() -> dict[str, Any]:
    """Documents by path, and under ``WATCH`` a list of events; ``snap-a`` and ``snap-b`` are of one volume."""
    found: dict[str, Any] = {}
    for name in (
        *("volumesnapshot-list", "volumesnapshot", "volumesnapshotcontent", "snapshotmetadataservice-list"),
        *("snapshotmetadataservice", "discovery-cbt-group", "selfsubjectreview", "selfsubjectaccessreview-allowed"),
        *("tokenrequest", "version"),
    ):
        answer = api_answer(name)
        found[answer["request"]["path"]] = answer["response"]
    snapshots = found[SNAPSHOTS]["items"]
    content = found[f"{CONTENTS}/snapcontent-snap-b"]
    contents = []
    for snapshot in snapshots:
        found[f"{SNAPSHOTS}/{snapshot['metadata']['name']}"] = snapshot
        name = (snapshot.get("status") or {}).get("boundVolumeSnapshotContentName")
        if name:
            one = copy.deepcopy(content)
            one["metadata"]["name"], one["status"]["snapshotHandle"] = name, f"handle of {name}"
            found[f"{CONTENTS}/{name}"] = one
            contents.append(one)
    found[CONTENTS] = {"kind": "VolumeSnapshotContentList", "metadata": {}, "items": contents}
    found["/apis/snapshot.storage.k8s.io/v1/volumesnapshots"] = found[SNAPSHOTS]
    found["/apis/snapshot.storage.k8s.io"] = {"versions": [{"version": "v1"}]}
    found["/apis/snapshot.storage.k8s.io/v1/volumesnapshotclasses"] = {
        "items": [api_answer("volumesnapshotclass")["response"]]
    }
    found[f"{REVIEWS}/subjectaccessreviews"] = found[f"{REVIEWS}/selfsubjectaccessreviews"]
    found["/api/v1/services"] = {"items": [_service()]}
    found["/api/v1/namespaces/driver/services/metadata"] = _service()
    found["/api/v1/namespaces/default"] = {"metadata": {"name": "default"}}
    found[WATCH] = [{"type": kind, "object": snapshots[0]} for kind in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK")]
    return copy.deepcopy(found)


def _service() -> dict[str, Any]:
    spec = {"clusterIP": "10.1.2.3", "clusterIPs": ["10.1.2.3"], "ports": [{"port": 6443}]}
    return {"metadata": {"name": "metadata", "namespace": "driver"}, "spec": spec}


class OddCluster:
    """Serves ``answers``: JSON documents, or bytes as they are; ``FORBIDDEN`` is a 403. Other paths are 404.

    A watch sends its events once; the next is rejected, so that a command that follows it ends.
    """

    def __init__(self) -> None:
        self.answers = recorded_answers()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is not ours
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> "OddCluster":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        """The recorded answers again."""
        self.answers = recorded_answers()

    def answer(self, target: str) -> tuple[int, bytes]:
        """Status and body for a request."""
        url = urlsplit(target)
        if "watch=true" in url.query:
            events = self.answers.pop(WATCH, None)
            if events is None:
                return 403, json.dumps(FORBIDDEN).encode()
            return 200, b"\n".join(map(encoded, events)) + b"\n"
        found = self.answers.get(url.path)
        if found is None and url.path not in self.answers:
            return 404, json.dumps({"kind": "Status", "message": "not found", "reason": "NotFound"}).encode()
        return 403 if found is FORBIDDEN else 200, encoded(found)


def encoded(document: Any) -> bytes:
    """A document as JSON; bytes are it already."""
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def _handler(cluster: OddCluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._answer()

        def _answer(self) -> None:
            status, body = cluster.answer(self.path)
            head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self.wfile.write(head.encode() + body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    return Handler
