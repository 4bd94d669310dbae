"""A resource type of the demo API server, and how the cells of its Table are computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kubectl_cbt.demo.kube.json_types import Object
from kubectl_cbt.units import age, parse_time

Cell = Callable[[Object], Any]

READ_VERBS = ("get", "list", "watch")
ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
"""The verbs of a built-in type in a real cluster's discovery."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a server-side Table.

    Attributes:
        priority: columns of priority 0 are always shown, others only with ``-o wide``.
    """

    name: str
    cell: Cell
    type: str = "string"
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Subresource:
    """A subresource; group, version and kind are those of the request body."""

    name: str
    group: str
    version: str
    kind: str
    verbs: tuple[str, ...] = ("create",)

    @property
    def group_version(self) -> str:
        """Same as for a :class:`ResourceType`."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One resource of one group version."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = False
    short_names: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    verbs: tuple[str, ...] = READ_VERBS
    subresources: tuple[Subresource, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def group_version(self) -> str:
        """``v1`` for the core group, ``group/version`` for others."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The name in error messages: ``volumesnapshots.snapshot.storage.k8s.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def field(path: str) -> Cell:
    """Return a cell with the value at a dotted path; None when any part is missing."""

    def value(item: Object) -> Any:
        found: Any = item
        for part in path.split("."):
            found = (found or {}).get(part)
        return found

    return value


def age_of(path: str) -> Cell:
    """Return a cell with the age of the timestamp at a dotted path."""
    timestamp = field(path)

    def value(item: Object) -> str | None:
        text = timestamp(item)
        return age(parse_time(text), datetime.now(UTC)) if text else None

    return value


NAME = Column("Name", field("metadata.name"))
AGE = Column("Age", age_of("metadata.creationTimestamp"), "date")
