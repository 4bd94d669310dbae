"""``-o lister-json``: byte for byte what upstream's snapshot-metadata-lister prints.

As it does, this shows the records as they were received, unclipped, leaves out fields that are zero, and stops in
the middle of the document when the stream fails: a closed one would pass for a whole one.
"""

from __future__ import annotations

from kubectl_cbt.model.record import Batch, Records
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Outcome, Summary
from kubectl_cbt.output.rows import PIECE_ROWS, Rows
from kubectl_cbt.output.writer import OutputTarget, Write, Writer


class ListerJsonWriter(Writer):
    """A list of records without newlines."""

    def __init__(self, write: Write, resolved: ResolvedQuery, screen: OutputTarget) -> None:
        self._write = write
        self._separator = b"["
        self._rows = Rows(',{"byte_offset":', ',"size_bytes":', "}")

    def batch(self, batch: Batch) -> None:
        records = batch.records
        if len(records) > PIECE_ROWS:
            self._large(records)
            return
        heads = zip(records.block_metadata_types.tolist(), records.capacities.tolist(), strict=True)
        parts: list[bytes | memoryview] = []
        for (block_type, capacity), extents in zip(heads, self._extents(records), strict=True):
            head = _head(block_type, capacity)
            # Without extents: a nil slice in Go.
            parts += (self._separator, head, *((b"[", extents[1:], b"]}") if extents else (b"null}",)))
            self._separator = b","
        self._write(b"".join(parts))

    def end(self, outcome: Outcome, summary: Summary) -> None:
        if outcome.complete:
            self._write(b"[]" if self._separator == b"[" else b"]")

    def _large(self, records: Records) -> None:
        """The text of each message, in pieces."""
        for record in records:
            self._write(self._separator + _head(record.block_metadata_type, record.volume_capacity_bytes))
            self._separator = b","
            opening = 1  # there is no comma before the first extent
            for text in self._rows.texts(record.offsets, record.sizes) if len(record) else ():
                self._write((b"[" if opening else b"") + _without_zeros(memoryview(text))[opening:])
                opening = 0
            self._write(b"null}" if opening else b"]}")

    def _extents(self, records: Records) -> list[memoryview]:
        """The start of each message, after a comma."""
        texts = self._rows.parts(records.bounds, records.offsets, records.sizes)
        if len(records) and (records.offsets.min() <= 0 or records.sizes.min() <= 0):
            return list(map(_without_zeros, texts))
        return texts


def _head(block_type: int, capacity: int) -> bytes:
    return b'{"block_metadata_type":%d,"volume_capacity_bytes":%d,"block_metadata":' % (block_type, capacity)


def _without_zeros(extents: memoryview) -> memoryview:
    text = bytes(extents).replace(b'{"byte_offset":0,', b"{").replace(b',"size_bytes":0}', b"}")
    return memoryview(text.replace(b'"size_bytes":0}', b"}"))
