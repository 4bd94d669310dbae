"""Rows of figures that the summary and the statistics panel both show: sizes of extents, cost by chunk size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from kubectl_cbt.model.results import SizeBucket, Summary
from kubectl_cbt.units import human_bytes, human_count, percent


class SizeRow(NamedTuple):
    """The extents of one range of sizes.

    Attributes:
        size: smallest size of the range.
        bar: as long as the number of extents relative to the other rows; padded to equal width.
        extents: their number.
        covered: their bytes.
    """

    size: str
    bar: str
    extents: str
    covered: str


def size_rows(histogram: Sequence[SizeBucket], bar_columns: int) -> list[SizeRow]:
    """A row for each bucket of sizes."""
    most = max((bucket.extents for bucket in histogram), default=1)
    return [
        SizeRow(
            human_bytes(bucket.from_bytes),
            ("▇" * max(round(bar_columns * bucket.extents / most), 1)).ljust(bar_columns),
            human_count(bucket.extents),
            human_bytes(bucket.size_bytes),
        )
        for bucket in histogram
    ]


class CostRow(NamedTuple):
    """Bytes that a backup reads.

    Attributes:
        chunk: the chunk size; ``full`` for the whole volume.
        size: bytes read.
        share: of the volume; empty when the capacity is unknown, and for the whole volume.
    """

    chunk: str
    size: str
    share: str


def cost_rows(
    summary: Summary, capacity_bytes: int | None, qualified: Callable[[str], str] = lambda size: size
) -> Iterator[CostRow]:
    """A row for each chunk size, and one for the whole volume when its capacity is known.

    Args:
        qualified: called with each size; marks those of an incomplete stream.
    """
    for cost in summary.chunk_costs:
        share = percent(cost.size_bytes, capacity_bytes) if capacity_bytes else ""
        yield CostRow(human_bytes(cost.chunk_bytes), qualified(human_bytes(cost.size_bytes)), share)
    if capacity_bytes:
        yield CostRow("full", human_bytes(capacity_bytes), "")
