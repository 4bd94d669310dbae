"""Recordings for tests: how they are written, read and replayed."""

import zlib
from pathlib import Path

import samples
from recorded_again import Script, ScriptedSource, live, recording_of
from strategies import Extent

from kubectl_cbt.checks.conformance.cases import CASES
from kubectl_cbt.checks.conformance.recorded_context import RecordedContext
from kubectl_cbt.checks.runner import run
from kubectl_cbt.core.file_backend import open_recording
from kubectl_cbt.documents.byte_source import RewindableInput
from kubectl_cbt.errors import (
    CbtError,
)
from kubectl_cbt.model.finding import Verdict
from kubectl_cbt.recording.format import FIRST_LINE
from kubectl_cbt.wire.snapshot_metadata_pb2 import BlockMetadata, GetMetadataDeltaResponse

RESOLVED = samples.resolved()


def encoded(*extents: Extent, capacity: int = samples.CAPACITY) -> bytes:
    response = GetMetadataDeltaResponse(
        block_metadata_type=2,
        volume_capacity_bytes=capacity,
        block_metadata=[BlockMetadata(byte_offset=offset, size_bytes=size) for offset, size in extents],
    )
    return response.SerializeToString()


def read(stream) -> tuple[list, CbtError | None]:
    found = []
    try:
        for batch in stream:
            found += zip(batch.offsets.tolist(), batch.sizes.tolist(), strict=True)
    except CbtError as error:
        return found, error
    return found, None


def record(path: Path, *scripts: Script, **settings) -> tuple[list, CbtError | None, object]:
    """Record a stream; returns what the live one gave."""
    asking = {"no_probe": not settings.get("probe", True), "retries": settings.get("retries", 6)}
    source = recording_of(path, ScriptedSource(*scripts), RESOLVED, **asking)
    stream = live(source, RESOLVED, **settings)
    found, error = read(stream)
    source.close()
    return found, error, stream.outcome(error)


def replayed(path: Path) -> tuple[list, CbtError | None, object]:
    with path.open("rb") as data:
        _, _, stream = open_recording(RewindableInput(data, path.name))
        found, error = read(stream)
    return found, error, stream.outcome(error)


def same(one, other) -> None:
    """Extents, error and outcome but for the time."""
    assert one[0] == other[0]
    assert (type(one[1]), str(one[1])) == (type(other[1]), str(other[1]))
    without_time = [{**_fields(outcome), "seconds": None} for outcome in (one[2], other[2])]
    assert without_time[0] == without_time[1]


def _fields(outcome) -> dict:
    return {name: getattr(outcome, name) for name in outcome.__slots__}


def unpacked(path: Path) -> bytes:
    line, _, packed = path.read_bytes().partition(b"\n")
    assert line + b"\n" == FIRST_LINE
    return zlib.decompressobj().decompress(packed)


class Clock:
    """Goes on by a second each time it is looked at."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1.0
        return self.seconds


# Broken files.


# Masking.

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJodHRwczovL2t1YmVybmV0ZXMifQ.c2lnbmF0dXJlc2lnbmF0dXJl"


# Checking what was recorded.

LOOKED_AT = {case.id for case in CASES if case.id.startswith("rule-")} | {"complete", "timing"}


def recorded(path: Path) -> RecordedContext:
    with path.open("rb") as data:
        _, source, stream = open_recording(RewindableInput(data, path.name))
        return RecordedContext(source, stream)


def verdicts(path: Path) -> dict[str, Verdict]:
    context = recorded(path)
    return {finding.id: finding.verdict for finding in run(CASES, context, lambda case_id: None)}
