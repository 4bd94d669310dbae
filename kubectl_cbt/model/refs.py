"""How snapshots are named: a base by its CSI handle, a target by its Kubernetes name. Two types, never one str."""

from __future__ import annotations

from dataclasses import dataclass

SNAPSHOT_PREFIX = "volumesnapshot.snapshot.storage.k8s.io/"
"""What ``-o name`` puts before the name of a VolumeSnapshot, as kubectl does."""

SNAPSHOT_KINDS = (
    "vs",
    "volumesnapshot",
    "volumesnapshots",
    "volumesnapshot.snapshot.storage.k8s.io",
    "volumesnapshots.snapshot.storage.k8s.io",
)
"""What may precede the slash in the name of a VolumeSnapshot, as for kubectl."""


UNKNOWN_NAMESPACE = "unknown"
"""Of the snapshot of a file that does not record its query; its name is that of the file."""


@dataclass(frozen=True, slots=True)
class SnapshotRef:
    """A VolumeSnapshot by its Kubernetes name; with an empty namespace a snapshot by the id of its driver."""

    namespace: str
    name: str

    @property
    def qualified(self) -> str:
        """The name as printed by ``-o name``: with the type, except for an id, which is not an object's name."""
        return f"{SNAPSHOT_PREFIX}{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class SnapshotHandle:
    """A snapshot by the handle that its CSI driver gave it: opaque, may have any character, spaces included."""

    value: str

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class SnapshotIds:
    """A snapshot as the two operations name it: as a target by its name, as a base by its handle."""

    ref: SnapshotRef
    handle: SnapshotHandle


@dataclass(frozen=True, slots=True)
class SnapshotNames:
    """The snapshots of a query, as a user names them.

    Attributes:
        base: None for allocated extents, and with ``base_handle``.
        base_handle: names a base whose VolumeSnapshot was deleted; None otherwise.
        force: allow a pair whose order or volume is doubtful.
        verb: the command that the hints of errors suggest; ``delta`` unless another one queries them.
    """

    target: SnapshotRef
    base: SnapshotRef | None = None
    base_handle: SnapshotHandle | None = None
    force: bool = False
    verb: str = "delta"

    def __str__(self) -> str:
        return self.target.name if self.base is None else f"{self.base.name} → {self.target.name}"


@dataclass(frozen=True, slots=True)
class ServiceAccountRef:
    """A Kubernetes ServiceAccount."""

    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str, default_namespace: str) -> ServiceAccountRef:
        """Read ``NAME`` or ``NAMESPACE/NAME``.

        Raises:
            ValueError: when a part is empty, or there are more than two.
        """
        namespace, slash, name = text.rpartition("/")
        if not name or "/" in namespace or (slash and not namespace):
            raise ValueError(f"{text!r} is not NAME or NAMESPACE/NAME of a ServiceAccount")
        return cls(namespace or default_namespace, name)

    @classmethod
    def of_user(cls, username: str) -> ServiceAccountRef | None:
        """The ServiceAccount of ``system:serviceaccount:<namespace>:<name>``; None for any other user."""
        parts = username.split(":")
        if len(parts) == 4 and parts[:2] == ["system", "serviceaccount"]:
            return cls(parts[2], parts[3])
        return None

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
