"""Watches: a stream of change events that ends with its timeout, its client or the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kubectl_cbt.demo.kube.https_server import HttpRequest
from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.demo.kube.object_store import FIRST_VERSION, Change, Store
from kubectl_cbt.demo.kube.read_handlers import row_object, served, wants_table
from kubectl_cbt.demo.kube.resource_paths import ResourcePath
from kubectl_cbt.demo.kube.selectors import Test, selection
from kubectl_cbt.demo.kube.server_tables import table
from kubectl_cbt.demo.kube.status_objects import StatusError, bad_request, too_old

_DEFAULT_SECONDS = 1800.0
_POLL_SECONDS = 1.0
"""How often to check whether the client is still connected."""


@dataclass(frozen=True, slots=True)
class _Watch:
    """One watch.

    Attributes:
        start: the version after which changes are reported; None starts with the existing objects.
    """

    store: Store
    target: ResourcePath
    selected: Test
    start: int | None
    seconds: float
    bookmarks: bool
    opening_bookmark: bool
    ended: Callable[[], bool]

    def events(self) -> Iterator[tuple[str, Object]]:
        deadline = time.monotonic() + self.seconds
        version = self.start
        if version is None:
            items, version = self.store.listing(self.target.resource.plural, self.target.namespace)
            yield from (("ADDED", item) for item in items if self._matches(item))
            if self.opening_bookmark:
                yield self._bookmark(version, {"k8s.io/initial-events-end": "true"})
        while (left := deadline - time.monotonic()) > 0 and not self.ended():
            for change in self.store.changes(version, min(left, _POLL_SECONDS), self.ended):
                version = change.version
                yield from self._events_of(change)
        if self.bookmarks:
            yield self._bookmark(version, {})

    def _events_of(self, change: Change) -> Iterator[tuple[str, Object]]:
        """Yield an event: an object that starts to match is ADDED, one that stops matching is DELETED."""
        if change.resource != self.target.resource.plural:
            return
        before, after = change.before, change.after
        was, is_now = before is not None and self._matches(before), after is not None and self._matches(after)
        if after is not None and is_now:
            yield ("MODIFIED" if was else "ADDED"), after
        elif before is not None and was:
            last = before if after is None else after
            metadata = last["metadata"] | {"resourceVersion": str(change.version)}
            yield "DELETED", last | {"metadata": metadata}

    def _matches(self, item: Object) -> bool:
        metadata = item["metadata"]
        here = self.target.namespace in (None, metadata.get("namespace"))
        return here and self.target.name in ("", metadata["name"]) and self.selected(item)

    def _bookmark(self, version: int, annotations: dict[str, str]) -> tuple[str, Object]:
        metadata: Object = {"resourceVersion": str(version), "creationTimestamp": None}
        metadata |= {"annotations": annotations} if annotations else {}
        resource = self.target.resource
        return "BOOKMARK", {"kind": resource.kind, "apiVersion": resource.group_version, "metadata": metadata}


def watch(store: Store, target: ResourcePath, call: HttpRequest, stopping: Callable[[], bool]) -> Iterator[Object]:
    """Yield the watch events for a call as they occur.

    Args:
        stopping: returns whether the server stops; it must then also wake the store.

    Raises:
        StatusError: 400 for an invalid parameter; before the first event.
    """
    start = _start(call)
    if start is not None and start < FIRST_VERSION:
        return iter([_error(too_old(start, FIRST_VERSION))])
    watching = _Watch(
        store,
        target,
        selection(target.resource, call.query),
        start,
        _number(call, "timeoutSeconds") or _DEFAULT_SECONDS,
        bookmarks=call.flag("allowWatchBookmarks"),
        opening_bookmark=call.flag("sendInitialEvents"),
        ended=lambda: stopping() or call.disconnected(),
    )
    return _documents(watching, call)


def _start(call: HttpRequest) -> int | None:
    # 0 means "any version". With sendInitialEvents the list's version does not matter: all objects are sent.
    return None if call.flag("sendInitialEvents") else _number(call, "resourceVersion") or None


def _number(call: HttpRequest, name: str) -> int:
    text = call.query.get(name, ["0"])[0]
    if not text.isascii() or not text.isdigit():
        raise bad_request(f'{name}: Invalid value: "{text}": not a number')
    return int(text)


def _documents(watching: _Watch, call: HttpRequest) -> Iterator[Object]:
    resource, shown = watching.target.resource, row_object(watching.target.resource, call)
    headed = False
    for kind, item in watching.events():
        document = served(resource, item)
        if wants_table(call):
            document = table(resource, [item], {"resourceVersion": item["metadata"]["resourceVersion"]}, shown)
            # Only the first event contains the columns.
            document["columnDefinitions"] = None if headed else document["columnDefinitions"]
            headed = True
        yield {"type": kind, "object": document}


def _error(error: StatusError) -> Object:
    return {"type": "ERROR", "object": error.document}
