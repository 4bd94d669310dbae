"""The end of a JSON value is found, wherever the data is cut."""

from hypothesis import given
from hypothesis import strategies as st

from kubectl_cbt.documents.jsonstream.json_scan import ValueScan

_PIECES = st.sampled_from([b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b" ", b"12", b"a", b"\n", "é".encode()])


@given(st.lists(_PIECES, min_size=1, max_size=40).map(b"".join), st.lists(st.integers(1, 7), min_size=1, max_size=9))
def test_the_end_does_not_depend_on_where_the_data_was_cut(value: bytes, sizes: list[int]) -> None:
    """While the data grows, no end is found but the one in all of it; spaces end a number."""
    data = b"x" + value + b" "
    whole, growing, seen, reads = ValueScan().end(data, 1), ValueScan(), 2, 0
    while (found := growing.end(data[:seen], 1)) is None and seen < len(data):
        seen += sizes[reads % len(sizes)]
        reads += 1
    assert found == whole


def test_a_value_in_many_small_reads_is_scanned_once() -> None:
    """Scanning from its start again for each read would take half a minute."""
    data, scan = b"[" * 40_000 + b"]" * 40_000, ValueScan()
    ends = {scan.end(data[:seen], 0) for seen in range(40, len(data), 40)}
    assert ends == {None}
    assert scan.end(data, 0) == len(data)
