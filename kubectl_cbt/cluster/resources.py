"""Typed, immutable views of the objects that lead to a snapshot's metadata. Every field is what the API server said."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kubectl_cbt.cluster.api import Object
from kubectl_cbt.errors import ServiceUnusable
from kubectl_cbt.model.address import split_address
from kubectl_cbt.model.pem import certificates_in
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.model.target import Endpoint
from kubectl_cbt.units import as_argument

SNAPSHOT_GROUP = "snapshot.storage.k8s.io"
CBT_GROUP = "cbt.storage.k8s.io"

_BINARY_UNITS = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_PLAIN_QUANTITY = re.compile(f"([0-9]+)({'|'.join(_BINARY_UNITS)})")


@dataclass(frozen=True, slots=True)
class VolumeSnapshot:
    """A namespaced request for a snapshot.

    Attributes:
        claim: the source PVC; None for a pre-provisioned snapshot.
        has_status: False until the snapshot controller has seen the object. The sidecar crashes when asked about one.
        content: name of the bound VolumeSnapshotContent, None until bound.
        error: the controller's last message, empty when there is none.
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

    @classmethod
    def of(cls, item: Object) -> VolumeSnapshot:
        """Read an item of ``snapshot.storage.k8s.io/v1``."""
        metadata, status = item["metadata"], item.get("status") or {}
        return cls(
            ref=SnapshotRef(metadata.get("namespace", ""), metadata["name"]),
            claim=_source(item).get("persistentVolumeClaimName"),
            has_status=bool(item.get("status")),
            content=status.get("boundVolumeSnapshotContentName"),
            ready=status.get("readyToUse") is True,
            restore_size_bytes=_quantity(status.get("restoreSize")),
            created=_time(status.get("creationTime")),
            object_created=_time(metadata.get("creationTimestamp")),
            error=str((status.get("error") or {}).get("message") or ""),
        )


@dataclass(frozen=True, slots=True)
class VolumeSnapshotContent:
    """The cluster's side of a snapshot: driver and handle.

    Attributes:
        handle: the driver's id; None until the driver has made the snapshot.
        volume_handle: the source volume's id; None when the content was pre-provisioned.
    """

    name: str
    driver: str
    handle: str | None
    volume_handle: str | None
    restore_size_bytes: int | None
    created: datetime | None

    @classmethod
    def of(cls, item: Object) -> VolumeSnapshotContent:
        """Read an item of ``snapshot.storage.k8s.io/v1``."""
        spec, status = item["spec"], item.get("status") or {}
        nanoseconds = status.get("creationTime")
        return cls(
            name=item["metadata"]["name"],
            driver=spec["driver"],
            handle=status.get("snapshotHandle"),
            volume_handle=_source(item).get("volumeHandle"),
            restore_size_bytes=status.get("restoreSize"),
            created=datetime.fromtimestamp(nanoseconds / 1e9, UTC) if nanoseconds else None,
        )


@dataclass(frozen=True, slots=True)
class SnapshotMetadataService:
    """Where a driver's sidecar listens; the same fields in v1alpha1 and v1beta1."""

    name: str
    address: str
    audience: str
    ca_cert: str
    version: str = "v1beta1"

    @classmethod
    def of(cls, item: Object) -> SnapshotMetadataService:
        """Read an item of ``cbt.storage.k8s.io``."""
        spec = item.get("spec") or {}
        return cls(
            name=item["metadata"]["name"],
            address=str(spec.get("address") or ""),
            audience=str(spec.get("audience") or ""),
            ca_cert=str(spec.get("caCert") or ""),
            version=str(item.get("apiVersion") or "v1beta1").rpartition("/")[2],
        )

    def ca_pem(self) -> bytes:
        """``caCert`` decoded.

        Raises:
            ServiceUnusable: it is not base64, or what it holds is not PEM certificates.
        """
        try:
            pem = base64.b64decode("".join(self.ca_cert.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self._unusable("spec.caCert is not base64") from error
        if not any(map(_is_certificate, certificates_in(pem))):
            raise self._unusable("spec.caCert holds no PEM certificate")
        return pem

    def ca_expires(self) -> datetime:
        """When the first certificate of ``caCert`` to expire does.

        Raises:
            ServiceUnusable: as :meth:`ca_pem`, or none of its certificates can be read.
        """
        from cryptography import x509

        ends = []
        for der in certificates_in(self.ca_pem()):
            with contextlib.suppress(ValueError, x509.InvalidVersion):
                ends.append(x509.load_der_x509_certificate(der).not_valid_after_utc)
        if not ends:
            raise self._unusable("spec.caCert holds no certificate that can be read")
        return min(ends)

    def endpoint(self) -> Endpoint:
        """Address, audience and CA, checked.

        Raises:
            ServiceUnusable: naming the field that is wrong.
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
            hint="whoever runs the driver has to mend it:"
            f" kubectl edit snapshotmetadataservice {as_argument(self.name)}",
        )


def _is_certificate(der: bytes) -> bool:
    """Read by OpenSSL, which is loaded anyway; nothing is verified with it."""
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=der)
    except (OSError, ValueError):
        return False
    return True


def _source(item: Object) -> dict[str, Any]:
    return (item.get("spec") or {}).get("source") or {}


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _quantity(text: str | None) -> int | None:
    if text is None:
        return None
    plain = _PLAIN_QUANTITY.fullmatch(text)
    if plain:
        # What nearly every object says. The client takes longer to import than all else a listing does.
        return int(plain[1]) << 10 * _BINARY_UNITS.index(plain[2])
    from kubernetes.utils.quantity import parse_quantity

    return int(parse_quantity(text))
