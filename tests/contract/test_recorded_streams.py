"""Streams of a real sidecar, decoded and compared with what upstream's own tool made of them."""

import json
import re

import numpy as np
import pytest
from recorded import RECORDINGS, STYLES, cases, messages

from kubectl_cbt.model.record import Record
from kubectl_cbt.wire.decode import decode_record

STREAMS = [
    pytest.param(style, name, id=f"{style}-{name}")
    for style in STYLES
    for name, case in cases(style).items()
    if case["code"] == "OK"
]
WITH_REFERENCE = [
    pytest.param(path.parent.name, path.name.removesuffix(".reference.json"), id=f"{path.parent.name}-{path.name}")
    for path in sorted(RECORDINGS.glob("*/*.reference.json"))
]


def records(style: str, name: str) -> list[Record]:
    return [decode_record(message, number) for number, message in enumerate(messages(cases(style)[name]), 1)]


@pytest.mark.parametrize(("style", "name"), STREAMS)
def test_every_recorded_stream_has_the_counts_of_its_index(style, name):
    case, found = cases(style)[name], records(style, name)
    assert len(found) == case["messages"]
    assert sum(map(len, found)) == case["extents"]


@pytest.mark.parametrize(("style", "name"), WITH_REFERENCE)
def test_offsets_and_sizes_are_those_the_reference_lister_printed_as_json(style, name):
    reference = json.loads((RECORDINGS / style / f"{name}.reference.json").read_bytes())
    found = records(style, name)
    assert len(found) == len(reference)
    for record, expected in zip(found, reference, strict=True):
        assert record.block_metadata_type == expected["block_metadata_type"]
        assert record.volume_capacity_bytes == expected["volume_capacity_bytes"]
        assert record.offsets.tolist() == [extent.get("byte_offset", 0) for extent in expected["block_metadata"]]
        assert record.sizes.tolist() == [extent["size_bytes"] for extent in expected["block_metadata"]]


@pytest.mark.parametrize(("style", "name"), WITH_REFERENCE)
def test_offsets_and_sizes_are_those_the_reference_lister_printed_as_a_table(style, name):
    lines = (RECORDINGS / style / f"{name}.reference.txt").read_text().splitlines()[2:]
    expected = [(int(number), int(offset), int(size)) for number, _, _, offset, size in map(str.split, lines)]
    found = [
        (record.number, offset, size)
        for record in records(style, name)
        for offset, size in zip(record.offsets.tolist(), record.sizes.tolist(), strict=True)
    ]
    assert found == expected


@pytest.mark.parametrize("style", STYLES)
def test_small_messages_contain_the_same_bytes_as_large_ones(style):
    whole, cut = records(style, "delta-a-b"), records(style, "delta-a-b-max7")
    assert _covered(whole) == _covered(cut)
    assert max(map(len, cut)) <= 7


def _covered(found: list[Record]) -> list[tuple[int, int]]:
    """Runs, as a driver may cut them at message borders."""
    offsets = np.concatenate([record.offsets for record in found])
    ends = offsets + np.concatenate([record.sizes for record in found])
    opens = np.concatenate(([True], offsets[1:] != ends[:-1]))
    return list(zip(offsets[opens].tolist(), ends[np.roll(opens, -1)].tolist(), strict=True))


def test_the_recordings_contain_no_token():
    text = b"".join(path.read_bytes() for path in sorted(RECORDINGS.rglob("*")) if path.is_file())
    assert not re.search(rb"eyJ[A-Za-z0-9_-]{20,}\.", text)
