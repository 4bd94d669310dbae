"""``verify -o json``: the document, written while the volume is compared. ``schema.json`` beside it describes it."""

from __future__ import annotations

from kubectl_cbt.analysis.set_algebra import ByteRanges
from kubectl_cbt.model.api_version import VERIFICATION_KIND
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome
from kubectl_cbt.model.verification import Verification
from kubectl_cbt.output.array_document import ArrayDocument
from kubectl_cbt.output.document import Part, end_part, head
from kubectl_cbt.output.rows import Rows
from kubectl_cbt.output.verification.verification_formats import VerificationWriter
from kubectl_cbt.output.writer import Write


class VerificationJsonWriter(VerificationWriter):
    """One object, with one line per missing range."""

    def __init__(self, write: Write, resolved: ResolvedQuery, devices: tuple[str, ...]) -> None:
        self._document = ArrayDocument(write, "missing")
        self._resolved = resolved
        self._devices = devices
        self._rows = Rows('    {"byteOffset":', ',"sizeBytes":', "},\n")

    def missing(self, ranges: ByteRanges, first: Batch | None) -> None:
        if first is not None or len(ranges):
            self._begin(first)
        if len(ranges):
            self._document.rows(self._rows.texts(ranges.starts, ranges.ends - ranges.starts))

    def end(self, result: Verification, first: Batch | None) -> None:
        self._begin(first, result.outcome)
        self._document.end(_tail(result))

    def _begin(self, first: Batch | None, outcome: Outcome | None = None) -> None:
        if not self._document.is_begun:
            part = head(self._resolved, first, outcome)
            self._document.begin(part | {"kind": VERIFICATION_KIND, "devices": list(self._devices)})


def _tail(result: Verification) -> Part:
    found = result.granularity
    return {
        "verdict": result.verdict.value,
        "summary": {
            "startBytes": result.start,
            "endBytes": result.end,
            "capacityBytes": result.capacity_bytes,
            "targetBytes": result.target_bytes,
            "baseBytes": result.base_bytes,
            "differentBytes": result.different_bytes,
            "reportedBytes": result.reported_bytes,
            "needlessBytes": result.needless_bytes,
            "granularity": None
            if found is None
            else {
                "blockBytes": found.block_bytes,
                "blocks": found.blocks,
                "unexplainedBlocks": found.unexplained,
            },
            "missingBytes": result.missing_bytes,
            "missingRanges": result.missing_ranges,
            "readBytes": result.read_bytes,
            "holeBytes": result.hole_bytes,
            "unreadBytes": result.unread_bytes,
            "unread": [
                {
                    "device": error.device,
                    "byteOffset": error.start,
                    "sizeBytes": error.end - error.start,
                    "reason": error.reason,
                }
                for error in result.unread
            ],
        },
        "problems": list(result.problems),
        "notes": list(result.notes),
        **end_part(result.outcome),
        "complete": result.is_complete,
    }
