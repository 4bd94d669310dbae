"""Extent logs for tests, with small chunks so that every boundary is met."""

import pytest
from hypothesis import strategies as st
from strategies import (
    Extent,
    columns,
    cut,
    legal_extents,
    pairs,
)

from kubectl_cbt.model import extents as module
from kubectl_cbt.model.extents import ExtentBuffer, Extents, ExtentsSoFar, Run
from kubectl_cbt.model.record import INT64_MAX

FAR = 2**62

block_sizes = st.integers(1, 5)
touching_extents = legal_extents(most=20, widest=2)
"""A third of the gaps is none."""
positions = st.integers(-3, 90)


def log_views(messages: list[list[Extent]], chunk: int) -> list[ExtentsSoFar]:
    """What a log of blocks of that size shows before the first message and after each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK_EXTENTS", chunk)
        log = ExtentBuffer()
        views = [log.received()]
        for message in messages:
            log.append(*columns(message))
            views.append(log.received())
    return views


def received(extents: list[Extent], chunk: int, at: list[int] | None = None) -> ExtentsSoFar:
    """Of one message, or cut into several."""
    return log_views(cut(extents, at or []), chunk)[-1]


def blocks_of(extents: list[Extent], chunk: int) -> Extents:
    return received(extents, chunk).extents


def as_sent(view: ExtentsSoFar) -> list[Extent]:
    return [extent for chunk in view.chunks for extent in pairs(chunk.offsets, chunk.sizes)]


def is_legal(extents: list[Extent]) -> bool:
    ends = [0, *(offset + size for offset, size in extents)]
    return ends[-1] <= INT64_MAX and all(
        size > 0 and end <= offset for end, (offset, size) in zip(ends, extents, strict=False)
    )


def runs_of(extents: list[Extent]) -> list[Run]:
    """Extents that touch, joined one by one."""
    runs: list[Run] = []
    for offset, size in extents:
        if runs and runs[-1].end == offset:
            runs[-1] = Run(runs[-1].start, offset + size)
        else:
            runs.append(Run(offset, offset + size))
    return runs
