"""Formats that list runs and gaps, against a naive oracle; what they cannot represent ends them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import CAPACITY, batch, outcome_of, resolved
from strategies import cut, cuts, law, legal_extents, wild_extents

from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.output import covering
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.output.writer import OutputTarget

Row = tuple[int, int, bool]
"""Start, size, and whether it is a run."""


def written(form, groups, *, delta=True, start=0, capacity=CAPACITY, **query):
    asked = resolved(delta=delta)
    asked = replace(asked, query=replace(asked.query, starting_offset=start, **query))
    parts: list[bytes] = []
    writer = form.writer(parts.append, asked, OutputTarget())
    figures = SummaryBuilder(start)
    for number, extents in enumerate(groups, 1):
        writer.batch(batch(number, [offset for offset, _ in extents], [size for _, size in extents]))
    outcome = replace(outcome_of(len(groups), sum(map(len, groups))), volume_capacity_bytes=capacity)
    writer.end(outcome, figures.summary(capacity, complete=True))
    return b"".join(parts).decode()


def rows_of_ddrescue(text: str) -> list[Row]:
    lines = [line.split() for line in text.splitlines() if line[0] != "#"][1:]
    return [(int(start), int(size), status == "+") for start, size, status in lines]


def rows_of_qemu(text: str) -> list[Row]:
    return [(row["start"], row["length"], row["data"]) for row in json.loads(text)]


READERS = {StreamFormat.DDRESCUE: rows_of_ddrescue, StreamFormat.QEMU_MAP: rows_of_qemu}


def naive(extents, start, end) -> list[Row]:
    """Byte by byte."""
    inside = {byte for offset, size in extents for byte in range(offset, offset + size)}
    rows: list[Row] = []
    for byte in range(start, end):
        if rows and rows[-1][2] is (byte in inside):
            rows[-1] = (rows[-1][0], rows[-1][1] + 1, rows[-1][2])
        else:
            rows.append((byte, 1, byte in inside))
    return rows


@law
@given(
    extents=legal_extents(),
    at=cuts,
    start=st.integers(0, 5),
    beyond=st.integers(0, 20),
    piece=st.integers(1, 4),
    delta=st.booleans(),
)
@pytest.mark.parametrize("form", READERS)
def test_runs_and_gaps_are_those_of_the_naive_list(form, extents, at, start, beyond, piece, delta):
    extents = [(offset + start, size) for offset, size in extents]
    capacity = max([offset + size for offset, size in extents] or [start]) + beyond
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(covering, "PIECE_ROWS", piece)
        text = written(form, cut(extents, at), delta=delta, start=start, capacity=capacity)
    assert READERS[form](text) == naive(extents, start, capacity)


@law
@given(extents=wild_extents(), at=cuts)
@pytest.mark.parametrize("form", READERS)
def test_extents_that_no_list_of_ranges_can_represent_end_it_as_incomplete(form, extents, at):
    end, legal = 0, []
    for offset, size in extents:
        if offset < end or size <= 0:
            break
        legal.append((offset, size))
        end = offset + size
    text = written(form, cut(extents, at), capacity=1000)
    if len(legal) == len(extents):
        assert READERS[form](text) == naive(extents, 0, 1000)
    elif form is StreamFormat.DDRESCUE:
        *lines, last = text.splitlines(keepends=True)
        assert last.startswith(f"incomplete: the extent at byte {extents[len(legal)][0]} ")
        assert rows_of_ddrescue("".join(lines)) == naive(legal, 0, end)
    else:
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)
        assert rows_of_qemu(f"{text}]") == naive(legal, 0, end)


@pytest.mark.parametrize("form", READERS)
def test_an_excerpt_ends_where_it_was_cut(form):
    assert READERS[form](written(form, [[(20, 5)]], start=10, end_offset=40)) == [
        (10, 10, False),
        (20, 5, True),
        (25, 15, False),
    ]


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("capacity", [None, 0])
def test_without_a_capacity_the_list_ends_with_the_last_extent(form, capacity):
    text = written(form, [[(20, 5)]], capacity=capacity)
    assert READERS[form](text) == [(0, 20, False), (20, 5, True)]
    if form is StreamFormat.DDRESCUE:
        assert text.endswith("# complete up to the last extent; the volume's size is unknown\n")


@pytest.mark.parametrize("form", READERS)
def test_an_extent_beyond_the_capacity_is_kept(form):
    assert READERS[form](written(form, [[(20, 5)]], capacity=22)) == [(0, 20, False), (20, 5, True)]


def test_gaps_of_a_delta_are_not_holes():
    """A reader of a delta's map must not write zeros over the data of the base."""
    of_delta, of_allocated = (
        json.loads(written(StreamFormat.QEMU_MAP, [[(4096, 4096)]], delta=delta)) for delta in (True, False)
    )
    assert [row["present"] for row in of_delta] == [False, True, False]
    assert "offset" not in of_delta[0]
    assert [row["present"] for row in of_allocated] == [True, True, True]
    assert [row["zero"] for row in of_allocated] == [True, False, True]
    assert [row["offset"] for row in of_allocated] == [0, 4096, 8192]


@pytest.mark.parametrize("form", READERS)
def test_the_text_is_written_while_batches_arrive(form):
    parts: list[bytes] = []
    writer = form.writer(parts.append, resolved(), OutputTarget())
    writer.batch(batch(1, [0, 8192], [4096, 4096]))
    before = len(b"".join(parts))
    offsets = np.arange(2**18, dtype=np.int64) * 64 + 16384
    writer.batch(batch(2, offsets.tolist(), [32] * len(offsets)))
    assert max(map(len, parts)) < 2**24
    assert len(b"".join(parts)) > before > 0


def test_a_batch_without_extents_prints_nothing():
    parts: list[bytes] = []
    writer = StreamFormat.DDRESCUE.writer(parts.append, resolved(), OutputTarget())
    writer.batch(batch(1, [], []))
    assert parts == []
