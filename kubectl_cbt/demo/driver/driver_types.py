"""A driver's requests and responses before encoding: the values that faults modify."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_cbt.demo.driver.encode_response import encode_response
from kubectl_cbt.demo.driver.volumes import Column, Runs, Volume
from kubectl_cbt.demo.sidecar.rpc import RpcCall


@dataclass(frozen=True, slots=True)
class DriverRequest:
    """A request as a CSI driver receives it.

    Attributes:
        snapshot_id: the driver's snapshot handle; for a delta, that of the target.
        base_snapshot_id: the base's snapshot handle; None requests the allocated extents.
    """

    snapshot_id: str
    base_snapshot_id: str | None
    starting_offset: int
    max_results: int


@dataclass(frozen=True, slots=True)
class SnapshotQuery:
    """A valid request, resolved to a volume and its generations.

    Attributes:
        target: generation of the target snapshot.
        base: generation of the base snapshot; None for allocated extents.
        starting_offset: first byte of the response.
        number: count of earlier requests to the driver.
    """

    volume: Volume
    target: int
    base: int | None
    starting_offset: int
    number: int
    call: RpcCall

    def extents(self, starting_offset: int) -> Iterator[Runs]:
        """Return the correct extents from any offset, in bytes, batch by batch."""
        if self.base is None:
            return self.volume.allocated(self.target, starting_offset)
        return self.volume.delta(self.base, self.target, starting_offset)


@dataclass(frozen=True, slots=True)
class Message:
    """A response message.

    Attributes:
        offsets, sizes: int64[n], in bytes; n may be 0.
    """

    block_metadata_type: int
    capacity_bytes: int
    offsets: Column
    sizes: Column

    def encode(self) -> bytes:
        """Encode for the wire; the layout is the same for both RPCs of both APIs."""
        return encode_response(self.block_metadata_type, self.capacity_bytes, self.offsets, self.sizes)
