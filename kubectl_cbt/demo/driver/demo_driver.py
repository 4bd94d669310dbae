"""The demo's CSI driver: extents of its volumes, for its sidecar and for its own socket."""

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
_FIXED_MAX_RESULTS = 8192
"""Used by the fault max-results-ignored: more than a client requests."""

_WRONG_CODES = {
    Code.NOT_FOUND: Code.INTERNAL,
    Code.INVALID_ARGUMENT: Code.UNKNOWN,
    Code.OUT_OF_RANGE: Code.UNKNOWN,
}


class DemoDriver:
    """A driver and its snapshots.

    Attributes:
        name: driver name, as in ``spec.driver`` of a VolumeSnapshotContent.
        volumes: the volumes of this driver.
        faults: can be changed at any time; a running stream keeps the faults it started with.
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
        """Yield the response messages.

        Raises:
            Refusal: with the status code that the CSI specification requires, unless a fault changes it.
        """
        try:
            for message in self._messages(request, call):
                yield message.encode()
        except Refusal as refusal:
            code = _WRONG_CODES.get(refusal.code, refusal.code) if "wrong-code" in self.faults else refusal.code
            raise Refusal(code, refusal.details) from refusal

    def _messages(self, request: DriverRequest, call: RpcCall) -> Iterator[Message]:
        faults, query = self.faults, self._resolve(request, call)
        block_type = FIXED_LENGTH if query.volume.fixed_length else VARIABLE_LENGTH
        extents = with_extent_faults(query.extents(query.starting_offset), query, faults)
        messages = (
            Message(block_type, query.volume.capacity_bytes, offsets, sizes)
            for offsets, sizes in paged(extents, self._page(request))
        )
        return with_message_faults(messages, query, faults)

    def _resolve(self, request: DriverRequest, call: RpcCall) -> SnapshotQuery:
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
            self._require_tracking(demo, base_snapshot)
            base = base_snapshot.generation
        return SnapshotQuery(demo.volume, snapshot.generation, base, start, next(self._numbers), call)

    def _require_tracking(self, demo: DemoVolume, base: DemoSnapshot) -> None:
        """Refuse an old base with the fault old-bases-lost, as a driver does that keeps few change records."""
        kept = self.faults.value("old-bases-lost")
        if kept is not None and base not in demo.snapshots[max(len(demo.snapshots) - int(kept), 0) :]:
            raise Refusal(Code.NOT_FOUND, "the change records of the base snapshot were deleted")

    def _snapshot(self, handle: str) -> tuple[DemoVolume, DemoSnapshot]:
        if not handle:
            raise Refusal(Code.INVALID_ARGUMENT, "snapshot id is missing")
        if handle not in self._by_handle:
            raise Refusal(Code.NOT_FOUND, "cannot find the source snapshot")
        return self._by_handle[handle]

    def _page(self, request: DriverRequest) -> int | None:
        """Return the maximum number of extents per message; None for no limit."""
        if "huge-messages" in self.faults:
            return None
        if "max-results-ignored" in self.faults:
            return _FIXED_MAX_RESULTS
        max_results = min(request.max_results or _DEFAULT_MAX_RESULTS, _LARGEST_MAX_RESULTS)
        return min(max_results, _DEFAULT_MAX_RESULTS) if "cancel-is-ok" in self.faults else max_results
