"""Typed, immutable views of the objects that a query needs.

Every field is as the API server sent it; an invalid one is omitted, and named by ``problem``.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from kubectl_cbt.address import split_address
from kubectl_cbt.errors import MalformedObject, ServiceUnusable
from kubectl_cbt.kube.object_reader import ObjectReader
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.resolved_query import CHANGE_ID_ANNOTATION, Endpoint
from kubectl_cbt.model.source_volume import Claim
from kubectl_cbt.security.pem import certificates_in, readable_certificates_in
from kubectl_cbt.units import as_argument

SNAPSHOT_GROUP = "snapshot.storage.k8s.io"
CBT_GROUP = "cbt.storage.k8s.io"

_MALFORMED = "the API server should have rejected it: do its CRDs match the installed release?"

_View = TypeVar("_View", "VolumeSnapshot", "VolumeSnapshotContent", "SnapshotMetadataService")


@dataclass(frozen=True, slots=True)
class VolumeSnapshot:
    """A namespaced request for a snapshot.

    Attributes:
        claim: the source PVC; None for a pre-provisioned snapshot.
        has_status: False until the snapshot controller has processed the object; a query for such a snapshot crashes
            the sidecar.
        content: name of the bound VolumeSnapshotContent, None until bound.
        restore_size_bytes: None when unknown, for which some drivers send 0.
        error: the controller's last message; empty without one.
        change_id: the id that vSphere's driver expects for it as a base instead of the handle; empty without the
            annotation.
        problem: the first invalid field and what is wrong with it; empty when all are valid.
    """

    ref: SnapshotRef
    claim: str | None
    has_status: bool
    content: str | None
    ready: bool
    restore_size_bytes: int | None
    created: datetime | None
    object_created: datetime | None
    error: str
    change_id: str = ""
    problem: str = ""

    @classmethod
    def of(cls, item: object) -> VolumeSnapshot:
        """Read an item of ``snapshot.storage.k8s.io/v1``. Never raises: invalid fields are omitted."""
        reader = ObjectReader(item)
        return cls(
            ref=SnapshotRef(_shared(reader.text("metadata", "namespace")), reader.needed_text("metadata", "name")),
            claim=_shared(reader.text("spec", "source", "persistentVolumeClaimName")) or None,
            has_status=reader.has("status"),
            content=_shared(reader.name("status", "boundVolumeSnapshotContentName")) or None,
            ready=reader.flag("status", "readyToUse"),
            restore_size_bytes=reader.quantity_bytes("status", "restoreSize") or None,
            created=reader.time("status", "creationTime"),
            object_created=reader.time("metadata", "creationTimestamp"),
            error=reader.text("status", "error", "message"),
            change_id=reader.text("metadata", "annotations", CHANGE_ID_ANNOTATION),
            problem=reader.problem,
        )

    def readable(self) -> VolumeSnapshot:
        """Return self if it has no problem.

        Raises:
            MalformedObject: it has one.
        """
        return _readable(self, f"volumesnapshots.{SNAPSHOT_GROUP}", str(self.ref))


@dataclass(frozen=True, slots=True)
class VolumeSnapshotContent:
    """The cluster's side of a snapshot: driver and handle.

    Attributes:
        handle: the driver's id; None until the driver has created the snapshot.
        volume_handle: the source volume's id; None for a pre-provisioned content.
        restore_size_bytes: as for a snapshot.
        class_name: of its VolumeSnapshotClass; empty without one.
        problem: as for a snapshot.
    """

    name: str
    driver: str
    handle: str | None
    volume_handle: str | None
    restore_size_bytes: int | None
    created: datetime | None
    class_name: str = ""
    problem: str = ""

    @classmethod
    def of(cls, item: object) -> VolumeSnapshotContent:
        """Read an item of ``snapshot.storage.k8s.io/v1``. Never raises: invalid fields are omitted."""
        reader = ObjectReader(item)
        return cls(
            name=_shared(reader.needed_text("metadata", "name")),
            driver=reader.needed_text("spec", "driver") and _shared(reader.name("spec", "driver")),
            handle=reader.text("status", "snapshotHandle") or None,
            volume_handle=_shared(reader.text("spec", "source", "volumeHandle")) or None,
            restore_size_bytes=reader.number("status", "restoreSize") or None,
            created=reader.nanoseconds("status", "creationTime"),
            class_name=_shared(reader.text("spec", "volumeSnapshotClassName")),
            problem=reader.problem,
        )

    def readable(self) -> VolumeSnapshotContent:
        """As :meth:`VolumeSnapshot.readable`."""
        return _readable(self, f"volumesnapshotcontents.{SNAPSHOT_GROUP}", self.name)


@dataclass(frozen=True, slots=True)
class SnapshotMetadataService:
    """Where a driver's sidecar listens; the same fields in v1alpha1 and v1beta1.

    Attributes:
        problem: as for a snapshot.
    """

    name: str
    address: str
    audience: str
    ca_cert: str
    version: str = "v1beta1"
    problem: str = ""

    @classmethod
    def of(cls, item: object) -> SnapshotMetadataService:
        """Read an item of ``cbt.storage.k8s.io``. Never raises: invalid fields are omitted."""
        reader = ObjectReader(item)
        return cls(
            name=reader.needed_text("metadata", "name"),
            address=reader.text("spec", "address"),
            audience=reader.text("spec", "audience"),
            ca_cert=reader.text("spec", "caCert"),
            version=(reader.text("apiVersion") or "v1beta1").rpartition("/")[2],
            problem=reader.problem,
        )

    def readable(self) -> SnapshotMetadataService:
        """As :meth:`VolumeSnapshot.readable`."""
        return _readable(self, f"snapshotmetadataservices.{CBT_GROUP}", self.name)

    def ca_pem(self) -> bytes:
        """``caCert`` decoded.

        Raises:
            ServiceUnusable: it is not base64, or does not contain PEM certificates.
        """
        try:
            pem = base64.b64decode("".join(self.ca_cert.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self._unusable("spec.caCert is not base64") from error
        if not readable_certificates_in(pem):
            raise self._unusable("spec.caCert contains no PEM certificate")
        return pem

    def ca_expires(self) -> datetime:
        """The earliest expiry of the certificates of ``caCert``.

        Raises:
            ServiceUnusable: as :meth:`ca_pem`, or no certificate is readable.
        """
        from cryptography import x509

        ends = []
        for der in certificates_in(self.ca_pem()):
            with contextlib.suppress(ValueError, x509.InvalidVersion):
                ends.append(x509.load_der_x509_certificate(der).not_valid_after_utc)
        if not ends:
            raise self._unusable("spec.caCert contains no readable certificate")
        return min(ends)

    def endpoint(self) -> Endpoint:
        """The validated address, audience and CA.

        Raises:
            ServiceUnusable: names the invalid field.
        """
        try:
            split_address(self.address)
        except ValueError as error:
            raise self._unusable(f"spec.address {error}") from error
        if not self.audience:
            raise self._unusable("spec.audience is empty")
        return Endpoint(self.name, self.address, self.audience, self.ca_pem(), version=self.version)

    def _unusable(self, what: str) -> ServiceUnusable:
        return ServiceUnusable(
            f'snapshotmetadataservices.{CBT_GROUP} "{self.name}": {what}',
            hint="the driver's administrator has to correct it:"
            f" kubectl edit snapshotmetadataservice {as_argument(self.name)}",
        )


def claim_of(item: object) -> Claim:
    """Read an item of ``v1`` ``persistentvolumeclaims``. Never raises: invalid fields are omitted."""
    reader = ObjectReader(item)
    return Claim(
        namespace=_shared(reader.text("metadata", "namespace")),
        name=_shared(reader.text("metadata", "name")),
        capacity_bytes=reader.quantity_bytes("status", "capacity", "storage") or None,
    )


def _shared(text: str) -> str:
    """One string for all objects that have it, as lists have thousands."""
    return sys.intern(text)


def _readable(view: _View, kind: str, name: str) -> _View:
    if view.problem:
        raise MalformedObject(f'{kind} "{name}": {view.problem}', hint=_MALFORMED)
    return view
