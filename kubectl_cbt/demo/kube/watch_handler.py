"""Watches: what changes after a list, as a stream of events that ends with its time, its client or the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kubectl_cbt.demo.kube.https_server import HttpRequest
from kubectl_cbt.demo.kube.object_store import FIRST_VERSION, Change, Store
from kubectl_cbt.demo.kube.read_handlers import served, shown_object, wants_table
from kubectl_cbt.demo.kube.resource_paths import ResourcePath
from kubectl_cbt.demo.kube.selectors import Test, selection
from kubectl_cbt.demo.kube.server_tables import table
from kubectl_cbt.demo.kube.status_objects import StatusError, bad_request, too_old

Object = dict[str, Any]

_DEFAULT_SECONDS = 1800.0
_LOOK_SECONDS = 1.0
"""How often to look whether the client is still there."""


@dataclass(frozen=True, slots=True)
class _Watch:
    """One watch.

    Attributes:
        start: the version after which changes are told; None to begin with what there is.
    """

    store: Store
    target: ResourcePath
    taken: Test
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
            yield from (("ADDED", item) for item in items if self._concerns(item))
            if self.opening_bookmark:
                yield self._bookmark(version, {"k8s.io/initial-events-end": "true"})
        while (left := deadline - time.monotonic()) > 0 and not self.ended():
            for change in self.store.changes(version, min(left, _LOOK_SECONDS), self.ended):
                version = change.version
                yield from self._told(change)
        if self.bookmarks:
            yield self._bookmark(version, {})

    def _told(self, change: Change) -> Iterator[tuple[str, Object]]:
        """An object that comes to be selected is one that is added, one that ceases to be is deleted."""
        if change.resource != self.target.resource.plural:
            return
        before, after = change.before, change.after
        was, is_now = before is not None and self._concerns(before), after is not None and self._concerns(after)
        if after is not None and is_now:
            yield ("MODIFIED" if was else "ADDED"), after
        elif before is not None and was:
            gone = before if after is None else after
            metadata = gone["metadata"] | {"resourceVersion": str(change.version)}
            yield "DELETED", gone | {"metadata": metadata}

    def _concerns(self, item: Object) -> bool:
        metadata = item["metadata"]
        here = self.target.namespace in (None, metadata.get("namespace"))
        return here and self.target.name in ("", metadata["name"]) and self.taken(item)

    def _bookmark(self, version: int, annotations: dict[str, str]) -> tuple[str, Object]:
        metadata: Object = {"resourceVersion": str(version), "creationTimestamp": None}
        metadata |= {"annotations": annotations} if annotations else {}
        resource = self.target.resource
        return "BOOKMARK", {"kind": resource.kind, "apiVersion": resource.group_version, "metadata": metadata}


def watch(store: Store, target: ResourcePath, call: HttpRequest, stopping: Callable[[], bool]) -> Iterator[Object]:
    """The watch events for a call, as they come.

    Args:
        stopping: whether the server stops; it must wake the store then.

    Raises:
        StatusError: 400 for a parameter that cannot be read; before the first event.
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
        ended=lambda: stopping() or call.gone(),
    )
    return _documents(watching, call)


def _start(call: HttpRequest) -> int | None:
    # 0 means "any version will do", and with a list's own there would be nothing initial to send.
    return None if call.flag("sendInitialEvents") else _number(call, "resourceVersion") or None


def _number(call: HttpRequest, name: str) -> int:
    text = call.query.get(name, ["0"])[0]
    if not text.isascii() or not text.isdigit():
        raise bad_request(f'{name}: Invalid value: "{text}": not a number')
    return int(text)


def _documents(watching: _Watch, call: HttpRequest) -> Iterator[Object]:
    resource, shown = watching.target.resource, shown_object(watching.target.resource, call)
    headed = False
    for kind, item in watching.events():
        document = served(resource, item)
        if wants_table(call):
            document = table(resource, [item], item["metadata"]["resourceVersion"], shown)
            # The columns are told once, with the first event.
            document["columnDefinitions"] = None if headed else document["columnDefinitions"]
            headed = True
        yield {"type": kind, "object": document}


def _error(error: StatusError) -> Object:
    return {"type": "ERROR", "object": error.document}
