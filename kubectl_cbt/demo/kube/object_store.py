"""Objects that change while they are read: the versions, the log of changes, and the lock that a watch relies on."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kubectl_cbt.demo.kube.identity import account_uid, uid
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.units import utc_time

Object = dict[str, Any]
Objects = list[Object]

FIRST_VERSION = 100_000
"""The version of what a store begins with, above every ``resourceVersion`` those objects carry."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log.

    Attributes:
        version: grows by one with each change, whatever the resource.
        before: None for an object that is new.
        after: None for one that is gone.
    """

    version: int
    resource: str
    before: Object | None
    after: Object | None


class Store:
    """Objects by plural resource name, in the order ``kubectl get`` shows them.

    Safe to use from several threads. Objects once stored are replaced, never changed: who has one may keep it.

    Attributes:
        items: tests may edit these lists directly; running watches do not see that.
    """

    def __init__(self, items: Mapping[str, Objects]) -> None:
        self.items = dict(items)
        for group in self.items.values():
            _sort(group)
        self._log: list[Change] = []
        self._changed = threading.Condition()

    def get(self, resource: str, name: str, namespace: str | None = None) -> Object | None:
        """One object, None when there is none of the name."""
        for item in self.list(resource, namespace):
            if item["metadata"]["name"] == name:
                return item
        return None

    def list(self, resource: str, namespace: str | None = None) -> Objects:
        """Those of a namespace, or with None all."""
        return self.listing(resource, namespace)[0]

    def listing(self, resource: str, namespace: str | None = None) -> tuple[Objects, int]:
        """The objects and the version they are of: the changes after it are the ones the list does not show."""
        with self._changed:
            items = self.items.get(resource, [])
            found = [item for item in items if namespace is None or item["metadata"].get("namespace") == namespace]
            return found, self._version()

    def put(self, resource: str, item: Object) -> Object:
        """Create an object or replace the one of its name.

        Give it a changed copy: of an object changed in place no watch can tell what it was before.

        Returns:
            It as stored: with a new ``resourceVersion``, and a ``uid`` and ``creationTimestamp`` where it had none.
        """
        with self._changed:
            before = self._take(resource, item["metadata"]["name"], item["metadata"].get("namespace"))
            version = self._version() + 1
            after = _stored(item, before, version)
            self.items.setdefault(resource, []).append(after)
            _sort(self.items[resource])
            # A copy, because tests edit what is stored.
            self._note(Change(version, resource, before, copy.deepcopy(after)))
            return after

    def remove(self, resource: str, name: str, namespace: str | None = None) -> Object | None:
        """Take an object away and return it; None when there is none of the name."""
        with self._changed:
            before = self._take(resource, name, namespace)
            if before is not None:
                self._note(Change(self._version() + 1, resource, before, None))
            return before

    def held(self) -> AbstractContextManager[object]:
        """Keep other threads out, for a change that depends on what is read before it."""
        return self._changed

    def changes(self, after: int, seconds: float, ended: Callable[[], bool]) -> Sequence[Change]:
        """Wait for changes of any resource after a version.

        Args:
            seconds: how long at most.
            ended: asked after each :meth:`wake`; when true the waiting is over.

        Returns:
            All there are by now, in order; none when nothing came.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._version() > after or ended(), seconds)
            return self._log[max(0, after - FIRST_VERSION) :]

    def wake(self) -> None:
        """Let everyone who waits for changes look whether to go on."""
        with self._changed:
            self._changed.notify_all()

    def _version(self) -> int:
        return FIRST_VERSION + len(self._log)

    def _note(self, change: Change) -> None:
        self._log.append(change)
        self._changed.notify_all()

    def _take(self, resource: str, name: str, namespace: str | None) -> Object | None:
        items = self.items.get(resource, [])
        for index, item in enumerate(items):
            if item["metadata"]["name"] == name and item["metadata"].get("namespace") == namespace:
                return items.pop(index)
        return None


def _sort(items: list[Object]) -> None:
    items.sort(key=lambda item: (item["metadata"].get("namespace", ""), item["metadata"]["name"]))


def _stored(item: Object, before: Object | None, version: int) -> Object:
    stored = copy.deepcopy(item)
    metadata = stored["metadata"]
    known = before["metadata"] if before else {"uid": _new_uid(item), "creationTimestamp": utc_time(datetime.now(UTC))}
    for key in ("uid", "creationTimestamp"):
        if not metadata.get(key):
            metadata[key] = known[key]
    metadata["resourceVersion"] = str(version)
    return stored


def _new_uid(item: Object) -> str:
    name, namespace = item["metadata"]["name"], item["metadata"].get("namespace") or ""
    # Tokens name their account's uid, and know of it no other way.
    is_account = item.get("kind") == "ServiceAccount"
    return account_uid(ServiceAccountRef(namespace, name)) if is_account else uid(item.get("kind", ""), namespace, name)
