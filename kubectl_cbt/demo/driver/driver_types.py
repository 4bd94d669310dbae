"""What a driver is asked and what it answers with, before it is bytes: what faults get to work on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kubectl_cbt.demo.driver.encode_response import encode_response
from kubectl_cbt.demo.driver.volumes import Column, Runs, Volume
from kubectl_cbt.demo.sidecar.rpc import RpcCall


@dataclass(frozen=True, slots=True)
class DriverRequest:
    """A question as a CSI driver gets it.

    Attributes:
        snapshot_id: the driver's own id of the snapshot, or of the target of a delta.
        base_snapshot_id: None asks for the allocated extents.
    """

    snapshot_id: str
    base_snapshot_id: str | None
    starting_offset: int
    max_results: int


@dataclass(frozen=True, slots=True)
class SnapshotQuery:
    """A question that was understood.

    Attributes:
        target: generation of the volume.
        base: generation; None for allocated.
        starting_offset: where the answer begins.
        number: how many questions the driver was asked before.
    """

    volume: Volume
    target: int
    base: int | None
    starting_offset: int
    number: int
    call: RpcCall

    def extents(self, starting_offset: int) -> Iterator[Runs]:
        """The true answer from any offset, in bytes, batch by batch."""
        if self.base is None:
            return self.volume.allocated(self.target, starting_offset)
        return self.volume.delta(self.base, self.target, starting_offset)


@dataclass(frozen=True, slots=True)
class Message:
    """A response.

    Attributes:
        offsets, sizes: int64[n], in bytes; n may be 0.
    """

    block_metadata_type: int
    capacity_bytes: int
    offsets: Column
    sizes: Column

    def encode(self) -> bytes:
        """As on the wire; the layout is the same for both RPCs of both APIs."""
        return encode_response(self.block_metadata_type, self.capacity_bytes, self.offsets, self.sizes)
