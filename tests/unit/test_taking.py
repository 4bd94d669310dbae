"""What is reported of an answer that did not end in time: a stream that went silent is not one that was flowing."""

import itertools
import json
from collections.abc import Generator
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest

from kubectl_cbt.checks.check import CheckResult
from kubectl_cbt.checks.conformance.cases import CASES
from kubectl_cbt.checks.conformance.driver_context import DriverContext, SnapshotSeries
from kubectl_cbt.checks.doctor.stream_hops import check_first_response, check_stream
from kubectl_cbt.checks.runner import run
from kubectl_cbt.errors import Interrupted
from kubectl_cbt.model.finding import Finding, Verdict
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotIds, SnapshotRef
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.output.report import Report, ReportFormat
from kubectl_cbt.output.writer import OutputTarget
from kubectl_cbt.stream import collect
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.snapshot_metadata_pb2 import BlockMetadata, GetMetadataAllocatedResponse
from kubectl_cbt.wire.source import Origin

MIB = 2**20
SNAPSHOT = SnapshotIds(SnapshotRef("shop", "snap"), SnapshotHandle("handle"))


class Stalling:
    """Sends a message of 1 MiB after each wait, and then nothing for a while; by a clock of its own.

    Args:
        waits: seconds before each message.
        silence: seconds from the last message to the deadline.
    """

    def __init__(self, waits: list[float], silence: float) -> None:
        self.now = 0.0
        self._waits, self._silence = waits, silence

    origin = Origin("direct")

    def query(self, query: Query, cancellation: Cancellation) -> Generator[bytes, None, None]:
        for number, wait in enumerate(self._waits):
            self.now += wait
            extents = [BlockMetadata(byte_offset=2 * number * MIB, size_bytes=MIB)]
            yield GetMetadataAllocatedResponse(
                block_metadata_type=2, volume_capacity_bytes=64 * MIB, block_metadata=extents
            ).SerializeToString()
        assert cancellation.wait(60)
        self.now += self._silence
        raise Interrupted("cancelled")

    def close(self) -> None:
        """Nothing is open."""


FLOWS = "10 extents in 10 messages, VARIABLE_LENGTH, {} B received, up to offset 19 MiB of 64 MiB, still flowing when"
STREAMS = {
    "flowing": ([6.0] * 10, 0.5, FLOWS),
    "flowing with a pause": ([1.0, 1.0, 8.0, 1.0] + [7.0] * 6, 12.0, FLOWS),
    "silent": ([0.1, 0.2, 0.1], 59.6, "3 extents in 3 messages, VARIABLE_LENGTH, then nothing for 1 min 0 s when"),
    "silent after one": ([0.1], 59.9, "1 extent in 1 message, VARIABLE_LENGTH, then nothing for 1 min 0 s when"),
    "nothing at all": ([], 60.0, "no message in 1 min 0 s"),
}


@pytest.fixture(params=STREAMS)
def stream(request, monkeypatch) -> tuple[Stalling, str, bool]:
    """A source, what is to be reported, and whether its stream flows."""
    waits, silence, words = STREAMS[request.param]
    source = Stalling(waits, silence)
    monkeypatch.setattr(collect, "time", SimpleNamespace(monotonic=lambda: source.now))
    sent = sum(map(len, itertools.islice(source.query(Query(SNAPSHOT.ref), Cancellation()), len(waits))))
    source.now = 0.0
    return source, words.format(sent), "flowing" in request.param


def reported(form: ReportFormat, finding: Finding) -> str:
    written: list[str] = []
    report = Report(form, written.append, OutputTarget(), "check", {})
    report.add(finding)
    report.end(complete=True)
    return "".join(written)


def test_check_names_what_came_and_what_to_do(stream):
    source, words, flows = stream
    context = DriverContext(source, SnapshotSeries(SNAPSHOT), deadline_seconds=0.01)
    found = {finding.id: finding for finding in run(CASES[:2], context, lambda _: None)}
    answers = found["answers"]
    assert answers.verdict is Verdict.FAIL
    assert answers.evidence[0].startswith(f"allocated: {words}")
    assert ("--deadline" in answers.fix, "a lock is still held by an earlier call" in answers.fix) == (flows, not flows)
    document = json.loads(reported(ReportFormat.JSON, answers))["findings"][0]
    assert (document["evidence"], document["fix"]) == (list(answers.evidence), answers.fix)
    for text in (
        reported(ReportFormat.TABLE, answers),
        ET.fromstring(reported(ReportFormat.JUNIT, answers)).findtext(".//failure"),
    ):
        assert words in text
        assert answers.fix in text


def test_doctor_fails_a_silent_stream_and_warns_of_a_slow_one(stream, monkeypatch):
    source, words, flows = stream
    monkeypatch.setattr("kubectl_cbt.checks.doctor.stream_hops._STREAM_SECONDS", 0.01)
    monkeypatch.setattr("kubectl_cbt.checks.doctor.stream_hops._FIRST_SECONDS", 0.01)
    seen = CheckResult()
    check_stream(source, Query(SNAPSHOT.ref), seen)
    (said,) = seen.warnings if flows else seen.failures
    assert said.startswith(words)
    assert ("the driver hangs" in seen.fix[0], "--deadline" in seen.fix[0]) == (not flows, flows)
    first = CheckResult()
    check_first_response(source, Query(SNAPSHOT.ref), first)
    assert first.failures == ([words] if words.startswith("no message") else [])
