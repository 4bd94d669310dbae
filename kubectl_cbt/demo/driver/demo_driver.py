"""The demo's CSI driver: answers about its volumes, for its sidecar and on its own socket alike."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from kubectl_cbt.demo.driver.driver_types import DriverRequest, Message, SnapshotQuery
from kubectl_cbt.demo.driver.extent_faults import paged, with_extent_faults
from kubectl_cbt.demo.driver.faults import NO_FAULTS, FaultSet
from kubectl_cbt.demo.driver.message_faults import with_message_faults
from kubectl_cbt.demo.scenarios import DemoSnapshot, DemoVolume
from kubectl_cbt.demo.sidecar.rpc import Code, Refusal, RpcCall
from kubectl_cbt.wire.snapshot_metadata_pb2 import FIXED_LENGTH, VARIABLE_LENGTH

_DEFAULT_MAX_RESULTS = 256
_LARGEST_MAX_RESULTS = 65536
_OWN_MAX_RESULTS = 8192
"""Of a driver that does not listen: more than a client asks for."""

_WRONG_CODES = {
    Code.NOT_FOUND: Code.INTERNAL,
    Code.INVALID_ARGUMENT: Code.UNKNOWN,
    Code.OUT_OF_RANGE: Code.UNKNOWN,
}


class DemoDriver:
    """A driver and its snapshots.

    Attributes:
        name: as a VolumeSnapshotContent names it.
        volumes: its own.
        faults: may be changed while it runs; a stream keeps those it began with.
    """

    def __init__(self, name: str, volumes: tuple[DemoVolume, ...], faults: FaultSet = NO_FAULTS) -> None:
        self.name = name
        self.faults = faults
        self.volumes = tuple(demo for demo in volumes if demo.driver == name)
        self._numbers = itertools.count()
        self._by_handle = {
            demo.snapshot_handle(snapshot): (demo, snapshot) for demo in self.volumes for snapshot in demo.snapshots
        }

    def answer(self, request: DriverRequest, call: RpcCall) -> Iterator[bytes]:
        """The response messages.

        Raises:
            Refusal: with the code that the CSI specification asks for, unless a fault is on.
        """
        try:
            for message in self._messages(request, call):
                yield message.encode()
        except Refusal as refusal:
            code = _WRONG_CODES.get(refusal.code, refusal.code) if "wrong-code" in self.faults else refusal.code
            raise Refusal(code, refusal.details) from refusal

    def _messages(self, request: DriverRequest, call: RpcCall) -> Iterator[Message]:
        faults, asked = self.faults, self._understood(request, call)
        block_type = FIXED_LENGTH if asked.volume.fixed_length else VARIABLE_LENGTH
        extents = with_extent_faults(asked.extents(asked.starting_offset), asked, faults)
        messages = (
            Message(block_type, asked.volume.capacity_bytes, offsets, sizes)
            for offsets, sizes in paged(extents, self._page(request))
        )
        return with_message_faults(messages, asked, faults)

    def _understood(self, request: DriverRequest, call: RpcCall) -> SnapshotQuery:
        demo, snapshot = self._snapshot(request.snapshot_id)
        start = 0 if "offset-ignored" in self.faults else request.starting_offset
        if not 0 <= start <= demo.volume.capacity_bytes:
            raise Refusal(Code.OUT_OF_RANGE, f"starting offset {start} is not within the volume")
        if request.max_results < 0:
            raise Refusal(Code.INVALID_ARGUMENT, "max_results is negative")
        base = None
        if request.base_snapshot_id is not None:
            base_demo, base_snapshot = self._snapshot(request.base_snapshot_id)
            if base_demo is not demo:
                raise Refusal(Code.NOT_FOUND, "the base snapshot is not one of the volume")
            base = base_snapshot.generation
        return SnapshotQuery(demo.volume, snapshot.generation, base, start, next(self._numbers), call)

    def _snapshot(self, handle: str) -> tuple[DemoVolume, DemoSnapshot]:
        if not handle:
            raise Refusal(Code.INVALID_ARGUMENT, "snapshot id is missing")
        if handle not in self._by_handle:
            raise Refusal(Code.NOT_FOUND, "cannot find the source snapshot")
        return self._by_handle[handle]

    def _page(self, request: DriverRequest) -> int | None:
        """Most extents of a message; None for all there are."""
        if "huge-messages" in self.faults:
            return None
        if "max-results-ignored" in self.faults:
            return _OWN_MAX_RESULTS
        asked_for = min(request.max_results or _DEFAULT_MAX_RESULTS, _LARGEST_MAX_RESULTS)
        return min(asked_for, _DEFAULT_MAX_RESULTS) if "cancel-is-ok" in self.faults else asked_for
