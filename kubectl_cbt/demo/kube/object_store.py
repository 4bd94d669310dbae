"""A concurrent store of objects: versions, the log of changes, and the lock that watches use."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from kubectl_cbt.demo.kube.identity import account_uid, uid
from kubectl_cbt.demo.kube.json_types import Object, Objects
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.units import utc_time

FIRST_VERSION = 100_000
"""The version of a store's initial objects, greater than each of their ``resourceVersion`` fields."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change log.

    Attributes:
        version: increases by one with each change of any resource.
        before: None for a created object.
        after: None for a deleted object.
    """

    version: int
    resource: str
    before: Object | None
    after: Object | None


class Store:
    """Objects by plural resource name, in the order ``kubectl get`` shows them.

    Safe for use from several threads. Stored objects are replaced, never modified, so a caller can keep one.

    Attributes:
        items: tests can edit these lists directly; running watches do not see such changes.
    """

    def __init__(self, items: Mapping[str, Objects]) -> None:
        self.items = dict(items)
        for group in self.items.values():
            _sort(group)
        self._log: list[Change] = []
        self._changed = threading.Condition()

    def get(self, resource: str, name: str, namespace: str | None = None) -> Object | None:
        """Return the object of this name, or None."""
        for item in self.list(resource, namespace):
            if item["metadata"]["name"] == name:
                return item
        return None

    def list(self, resource: str, namespace: str | None = None) -> Objects:
        """Return the objects in a namespace; in all namespaces with None."""
        return self.listing(resource, namespace)[0]

    def listing(self, resource: str, namespace: str | None = None) -> tuple[Objects, int]:
        """Return the objects and the version of the list: it does not include later changes."""
        with self._changed:
            items = self.items.get(resource, [])
            found = [item for item in items if namespace is None or item["metadata"].get("namespace") == namespace]
            return found, self._version()

    def put(self, resource: str, item: Object) -> Object:
        """Create an object or replace the object of the same name.

        Pass a modified copy: after a change in place, watches cannot compare with the previous object.

        Returns:
            The stored object: with a new ``resourceVersion``, and a ``uid`` and ``creationTimestamp`` if it had none.
        """
        with self._changed:
            before = self._pop(resource, item["metadata"]["name"], item["metadata"].get("namespace"))
            version = self._version() + 1
            after = _with_server_fields(item, before, version)
            self.items.setdefault(resource, []).append(after)
            _sort(self.items[resource])
            # A copy, because tests edit what is stored.
            self._append_change(Change(version, resource, before, copy.deepcopy(after)))
            return after

    def remove(self, resource: str, name: str, namespace: str | None = None) -> Object | None:
        """Delete an object and return it; None if there is no object of this name."""
        with self._changed:
            before = self._pop(resource, name, namespace)
            if before is not None:
                self._append_change(Change(self._version() + 1, resource, before, None))
            return before

    def lock(self) -> AbstractContextManager[object]:
        """Lock the store for a read followed by a change that depends on it."""
        return self._changed

    def changes(self, after: int, seconds: float, ended: Callable[[], bool]) -> Sequence[Change]:
        """Wait for changes of any resource after ``after``.

        Args:
            seconds: maximum time to wait.
            ended: called after each :meth:`wake`; when it returns true, stop waiting.

        Returns:
            All changes so far, in order; empty after a timeout.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._version() > after or ended(), seconds)
            return self._log[max(0, after - FIRST_VERSION) :]

    def wake(self) -> None:
        """Make all threads that wait for changes call their ``ended``."""
        with self._changed:
            self._changed.notify_all()

    def _version(self) -> int:
        return FIRST_VERSION + len(self._log)

    def _append_change(self, change: Change) -> None:
        self._log.append(change)
        self._changed.notify_all()

    def _pop(self, resource: str, name: str, namespace: str | None) -> Object | None:
        items = self.items.get(resource, [])
        for index, item in enumerate(items):
            if item["metadata"]["name"] == name and item["metadata"].get("namespace") == namespace:
                return items.pop(index)
        return None


def _sort(items: list[Object]) -> None:
    items.sort(key=lambda item: (item["metadata"].get("namespace", ""), item["metadata"]["name"]))


def _with_server_fields(item: Object, before: Object | None, version: int) -> Object:
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
    # Tokens contain the account's uid, which is derived from its name.
    is_account = item.get("kind") == "ServiceAccount"
    return account_uid(ServiceAccountRef(namespace, name)) if is_account else uid(item.get("kind", ""), namespace, name)
