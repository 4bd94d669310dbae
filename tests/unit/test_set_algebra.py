"""Sets of bytes against Python's own sets, and the laws on volumes that are written to at random."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import law

from kubectl_cbt.analysis.set_algebra import ByteRanges, missing_from_combined, not_in_delta, unexplained_by_steps

extents = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)), max_size=8)


def ranges(pairs) -> ByteRanges:
    columns = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return ByteRanges.of(columns[:, 0], columns[:, 1])


def bytes_in(found: ByteRanges) -> set[int]:
    return {byte for start, end in found.first(1000) for byte in range(start, end)}


def covered(pairs) -> set[int]:
    return {byte for offset, size in pairs for byte in range(offset, offset + size)}


def is_normal(found: ByteRanges) -> bool:
    return bool((found.starts < found.ends).all() and (found.starts[1:] > found.ends[:-1]).all())


@law
@given(extents, extents, st.integers(0, 50), st.integers(0, 50))
def test_ranges_are_sets_of_bytes(left, right, start, end):
    one, other = ranges(left), ranges(right)
    assert bytes_in(one) == covered(left)
    assert bytes_in(one | other) == covered(left) | covered(right)
    assert bytes_in(one - other) == covered(left) - covered(right)
    assert bytes_in(one.within(start, end)) == {byte for byte in covered(left) if start <= byte < end}
    assert one.size_bytes == len(covered(left))
    assert all(map(is_normal, (one, one | other, one - other, one.within(start, end))))


writes = st.lists(extents, min_size=3, max_size=3)


@law
@given(writes)
def test_an_honest_driver_keeps_every_law(generations):
    """Three snapshots, each after some writes; nothing is ever given back."""
    a, b, c = (ranges([one for writes in generations[: number + 1] for one in writes]) for number in range(3))
    a_b, b_c = ranges(generations[1]), ranges(generations[2])
    a_c = a_b | b_c
    assert not len(not_in_delta(a, b, a_b))
    assert not len(not_in_delta(a, c, a_c))
    assert not len(unexplained_by_steps(a_b, b_c, a_c))
    assert not len(missing_from_combined(a_b, b_c, a_c))


@law
@given(writes, st.data())
def test_a_delta_that_loses_new_blocks_breaks_a_law(generations, data):
    a = ranges(generations[0])
    target = covered(generations[0]) | covered(generations[1])
    new = sorted(target - covered(generations[0]))
    if not new:
        return
    lost = data.draw(st.sampled_from(new))
    b, delta = a | ranges(generations[1]), ranges(generations[1]) - ranges([(lost, 1)])
    assert bytes_in(not_in_delta(a, b, delta)) == {lost}


def test_a_delta_over_two_steps_must_include_the_changes_of_each():
    first, second = ranges([(0, 10)]), ranges([(20, 10)])
    assert missing_from_combined(first, second, ranges([(0, 10), (20, 5)])).first(5) == [(25, 30)]
    assert unexplained_by_steps(first, second, ranges([(0, 12)])).first(5) == [(10, 12)]


def test_what_both_steps_wrote_may_be_as_it_was():
    both = ranges([(0, 10)])
    assert not len(missing_from_combined(both, both, ranges([])))
