"""A query, and what is known of its snapshots and of the service that answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from kubectl_cbt.address import split_address
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.stream_query import Query

CHANGE_ID_ANNOTATION = "csi.vsphere.volume/change-id"
"""Of a VolumeSnapshot: what vSphere's driver takes for it as a base instead of its handle."""

OLDEST_VERSION = "v1alpha1"
"""Of the SnapshotMetadataService API: some of the sidecars it leads to take a base's name for its handle."""


class HasVolume(Protocol):
    """What distinguishes source volumes; both are None where the objects do not record it."""

    @property
    def claim(self) -> str | None:
        """The PersistentVolumeClaim; a new one may have the name of a deleted one."""
        ...

    @property
    def volume_handle(self) -> str | None:
        """The driver's own id of the volume."""
        ...


def same_volume(one: HasVolume, other: HasVolume) -> bool | None:
    """Whether two snapshots of one driver are of one volume; None when that is not known."""
    if one.volume_handle and other.volume_handle:
        return one.volume_handle == other.volume_handle
    if one.claim and other.claim:
        return one.claim == other.claim
    return None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A ready VolumeSnapshot together with its content.

    Attributes:
        restore_size_bytes: from the content; None when it has none.
        volume_handle: the source volume as the driver names it; None for pre-provisioned contents.
        created: when the snapshot was taken, None when unknown.
        change_id: what vSphere's driver takes for the snapshot as a base instead of its handle, from an annotation of
            the VolumeSnapshot; None without one.
    """

    ref: SnapshotRef
    content: str
    driver: str
    handle: SnapshotHandle
    claim: str | None
    volume_handle: str | None
    restore_size_bytes: int | None
    created: datetime | None
    change_id: str | None = None

    @property
    def base_id(self) -> SnapshotHandle:
        """The id to name the snapshot by as a delta's base: its change id, else its handle."""
        return SnapshotHandle(self.change_id) if self.change_id else self.handle


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A SnapshotMetadataService's address and CA.

    Attributes:
        service: name of the SnapshotMetadataService object.
        address: ``host:port`` as the object has it, checked.
        ca_pem: the only certificates to trust for it, PEM.
        tls_server_name: the name its certificate has to carry; empty for the host part of the address, verbatim.
        version: of the API the object was read from, ``v1beta1``.
    """

    service: str
    address: str
    audience: str
    ca_pem: bytes = field(repr=False)
    tls_server_name: str = ""
    version: str = "v1beta1"

    @property
    def host(self) -> str:
        """The name that its certificate must contain, independent of the route."""
        return self.tls_server_name or split_address(self.address)[0]


@dataclass(frozen=True, slots=True)
class ResolvedQuery:
    """A query, and what the API server, the driver or a document knows of its snapshots and of the service.

    Attributes:
        target: the target snapshot; of a query for allocated extents the only one.
        base: the base snapshot's object; None for allocated extents, and where only the base's handle is known.
        endpoint: the service to query; None for a CSI socket, a recording and a document.
        shows_missing: whether the extents are not the answer, but what a verification found to be missing from it.
    """

    query: Query
    target: Snapshot
    base: Snapshot | None = None
    endpoint: Endpoint | None = None
    shows_missing: bool = False

    @property
    def service_endpoint(self) -> Endpoint:
        """The endpoint of a query that was resolved in a cluster.

        Raises:
            ValueError: the query has none.
        """
        if self.endpoint is None:
            raise ValueError(f"{self.query.operation} of {self.target.ref} was not resolved in a cluster")
        return self.endpoint
