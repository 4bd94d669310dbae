"""``-o lister-json``: byte for byte what upstream's snapshot-metadata-lister prints.

As it does, this shows the records as they were received, unclipped, leaves out fields that are zero, and stops in
the middle of the document when the stream fails: a closed one would pass for a whole one.
"""

from __future__ import annotations

from kubectl_cbt.model.record import Batch, Record
from kubectl_cbt.model.results import Asked, Outcome, Summary
from kubectl_cbt.output.writer import Screen, Write, rows

_ROW = ',{"byte_offset":%d,"size_bytes":%d}'


class ListerJsonWriter:
    """A list of records, no newline anywhere."""

    def __init__(self, write: Write, asked: Asked, screen: Screen) -> None:
        self._write = write
        self._separator = "["

    def batch(self, batch: Batch) -> None:
        record = batch.record
        self._write(
            f'{self._separator}{{"block_metadata_type":{record.block_metadata_type},'
            f'"volume_capacity_bytes":{record.volume_capacity_bytes},"block_metadata":{_extents(record)}}}'
        )
        self._separator = ","

    def end(self, outcome: Outcome, summary: Summary) -> None:
        if outcome.complete:
            self._write("[]" if self._separator == "[" else "]")


def _extents(record: Record) -> str:
    if not len(record):
        # A Go slice that was never filled.
        return "null"
    text = rows(_ROW, record.offsets, record.sizes)
    if record.offsets.min() == 0 or record.sizes.min() <= 0:
        text = text.replace('{"byte_offset":0,', "{").replace(',"size_bytes":0}', "}").replace('"size_bytes":0}', "}")
    return f"[{text[1:]}]"
