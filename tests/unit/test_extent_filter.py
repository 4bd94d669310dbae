"""Sieves: how they are written, and what passes, against a list comprehension."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import Extent, columns, cut, cuts, law, legal_extents, pairs, wild_extents

from kubectl_cbt.analysis.extent_filter import ExtentFilter, FilteredExtents
from kubectl_cbt.model import extents as module
from kubectl_cbt.model.extents import ExtentBuffer, Extents
from kubectl_cbt.model.record import INT64_MAX

MI, GI = 2**20, 2**30
HELP = "is not a filter such as >1Mi, <=64Ki or 10Gi..20Gi"

block_sizes = st.integers(1, 5)
extents_of_few_sizes = legal_extents(most=20, widest=6)


@st.composite
def extent_filters(draw):
    """Some that let all pass, some that let nothing pass, most in between."""
    smallest, largest = draw(st.integers(0, 4)), draw(st.one_of(st.just(INT64_MAX), st.integers(-1, 7)))
    start, length = draw(st.integers(0, 80)), draw(st.one_of(st.just(INT64_MAX), st.integers(1, 80)))
    return ExtentFilter(smallest, largest, start, min(start + length, INT64_MAX))


def passing(extents: list[Extent], extent_filter: ExtentFilter) -> list[Extent]:
    return [
        (offset, size)
        for offset, size in extents
        if extent_filter.smallest_bytes <= size <= extent_filter.largest_bytes
        and offset < extent_filter.end
        and offset + size > extent_filter.start
    ]


def views(messages: list[list[Extent]], block: int) -> list[Extents]:
    """A log of blocks of that size, before the first message and after each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK_EXTENTS", block)
        log = ExtentBuffer()
        found = [log.received().extents]
        for message in messages:
            log.append(*columns(message))
            found.append(log.received().extents)
    return found


def filtered(extents: list[Extent], extent_filter: ExtentFilter, block: int) -> FilteredExtents:
    return FilteredExtents(views([extents], block)[-1], extent_filter)


def all_rows(found: FilteredExtents) -> list[Extent]:
    return pairs(*found.rows(0, len(found)))


# How it is written.


@pytest.mark.parametrize(
    ("text", "extent_filter"),
    [
        ("", ExtentFilter()),
        ("  ", ExtentFilter()),
        (">1Mi", ExtentFilter(smallest_bytes=MI + 1)),
        (">=1Mi", ExtentFilter(smallest_bytes=MI)),
        ("<64Ki", ExtentFilter(largest_bytes=65535)),
        ("<=64Ki", ExtentFilter(largest_bytes=65536)),
        ("=4Ki", ExtentFilter(smallest_bytes=4096, largest_bytes=4096)),
        ("> 1Mi", ExtentFilter(smallest_bytes=MI + 1)),
        ("<=\t64KiB", ExtentFilter(largest_bytes=65536)),
        (">0x1000", ExtentFilter(smallest_bytes=4097)),
        (">1.5Ki", ExtentFilter(smallest_bytes=1537)),
        (">4_096", ExtentFilter(smallest_bytes=4097)),
        ("10Gi..20Gi", ExtentFilter(start=10 * GI, end=20 * GI)),
        ("10Gi..", ExtentFilter(start=10 * GI)),
        ("..20Gi", ExtentFilter(end=20 * GI)),
        ("..", ExtentFilter()),
        ("0..9223372036854775807", ExtentFilter()),
        ("0..1", ExtentFilter(end=1)),
        (">1Mi 10Gi..20Gi", ExtentFilter(smallest_bytes=MI + 1, start=10 * GI, end=20 * GI)),
        ("  10Gi..20Gi   > 1Mi ", ExtentFilter(smallest_bytes=MI + 1, start=10 * GI, end=20 * GI)),
        (">4Ki <1Mi", ExtentFilter(smallest_bytes=4097, largest_bytes=MI - 1)),
        (">4Ki >1Ki", ExtentFilter(smallest_bytes=4097)),
        ("<4Ki <1Mi", ExtentFilter(largest_bytes=4095)),
        ("10Gi.. ..20Gi", ExtentFilter(start=10 * GI, end=20 * GI)),
        ("10Gi..20Gi 15Gi..30Gi", ExtentFilter(start=15 * GI, end=20 * GI)),
        ("<0", ExtentFilter(largest_bytes=-1)),
        (">9223372036854775807", ExtentFilter(smallest_bytes=2**63)),
    ],
)
def test_a_sieve_is_read(text, extent_filter):
    assert ExtentFilter.parse(text) == extent_filter


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("4Ki", f"'4Ki' {HELP}"),
        ("large", f"'large' {HELP}"),
        (">", f"'>' {HELP}"),
        (">1Mi 4Ki", f"'4Ki' {HELP}"),
        (">1 Mi", f"'Mi' {HELP}"),
        ("10Gi .. 20Gi", f"'10Gi' {HELP}"),
        ("~4Ki", f"'~4Ki' {HELP}"),
        (">big", "'big' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("==4Ki", "'=4Ki' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("<>4Ki", "'>4Ki' is not an offset such as 4096, 0x1000 or 12Gi"),
        (">-1", "'-1' is not an offset such as 4096, 0x1000 or 12Gi"),
        (">1.5", "1.5 is not a whole number of bytes"),
        ("=8Ei", "'8Ei' is larger than any volume"),
        ("a..b", "'a' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("1..2..3", "'2..3' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("1...5", "'.5' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("-5..", "'-5' is not an offset such as 4096, 0x1000 or 12Gi"),
        (">1..2", "'>1' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("20Gi..10Gi", "empty range 20Gi..10Gi"),
        ("4Ki..4Ki", "empty range 4Ki..4Ki"),
        ("..0", "empty range ..0"),
        ("1Gi..2Gi 3Gi..4Gi", "empty range 3Gi..4Gi"),
    ],
)
def test_an_invalid_filter_is_explained(text, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ExtentFilter.parse(text)


def test_a_sieve_remembers_how_it_was_written_but_equals_any_of_the_same_meaning():
    assert str(ExtentFilter.parse("  >1Mi   10Gi.. ")) == ">1Mi 10Gi.."
    assert ExtentFilter.parse(">1Mi") == ExtentFilter.parse(">1024Ki")


signs = {
    ">": lambda size, number: size > number,
    ">=": lambda size, number: size >= number,
    "=": lambda size, number: size == number,
    "<": lambda size, number: size < number,
    "<=": lambda size, number: size <= number,
}


@law
@given(extents_of_few_sizes, st.sampled_from(sorted(signs)), st.integers(0, 7), block_sizes)
def test_a_sign_compares_as_its_operator(extents, sign, number, block):
    expected = [extent for extent in extents if signs[sign](extent[1], number)]
    assert all_rows(filtered(extents, ExtentFilter.parse(f"{sign}{number}"), block)) == expected


@law
@given(extents_of_few_sizes, st.integers(0, 200), st.integers(1, 100), block_sizes)
def test_a_range_lets_pass_what_has_a_byte_in_it(extents, start, length, block):
    expected = [(offset, size) for offset, size in extents if offset < start + length and offset + size > start]
    assert all_rows(filtered(extents, ExtentFilter.parse(f"{start}..{start + length}"), block)) == expected


conditions = st.one_of(
    st.tuples(st.sampled_from(sorted(signs)), st.integers(0, 7)).map(lambda drawn: f"{drawn[0]}{drawn[1]}"),
    st.integers(0, 60).map(lambda start: f"{start}.."),
    st.integers(61, 120).map(lambda end: f"..{end}"),
)


@law
@given(extents_of_few_sizes, st.lists(conditions, max_size=4), st.randoms())
def test_every_part_narrows_and_their_order_does_not_matter(extents, parts, random):
    expected = extents
    for part in parts:
        expected = passing(expected, ExtentFilter.parse(part))
    assert passing(extents, ExtentFilter.parse(" ".join(parts))) == expected
    shuffled = list(parts)
    random.shuffle(shuffled)
    assert ExtentFilter.parse(" ".join(shuffled)) == ExtentFilter.parse(" ".join(parts))


@law
@given(st.text(alphabet="><=.0189KMGiBx -_~", max_size=12))
@example("> =5")
def test_any_text_is_read_or_rejected_with_a_reason(text):
    reason = ""
    try:
        found = ExtentFilter.parse(text)
    except ValueError as error:
        reason = str(error)
    if reason:
        assert re.search(
            r"is not a filter such as|is not an offset|not a whole number|larger than any|^empty range", reason
        )
    else:
        assert found.start < found.end


# What passes.


@law
@given(extents_of_few_sizes, extent_filters(), block_sizes)
def test_the_filtered_extents_are_those_that_match_in_order(extents, extent_filter, block):
    found, expected = filtered(extents, extent_filter, block), passing(extents, extent_filter)
    assert len(found) == len(expected)
    assert all_rows(found) == expected
    assert found.extent_filter == extent_filter


@law
@given(
    extents_of_few_sizes, extent_filters(), block_sizes, st.lists(st.tuples(st.integers(-3, 25), st.integers(-3, 25)))
)
def test_rows_of_what_passes_are_a_slice_as_far_as_there_are_any(extents, extent_filter, block, slices):
    found, expected = filtered(extents, extent_filter, block), passing(extents, extent_filter)
    for start, stop in slices:
        assert pairs(*found.rows(start, stop)) == expected[max(start, 0) : max(stop, 0)]


@law
@given(extents_of_few_sizes, extent_filters(), block_sizes, st.integers(-3, 260))
def test_count_before_counts_only_what_passes(extents, extent_filter, block, position):
    found = filtered(extents, extent_filter, block).count_before(position)
    assert found == sum(offset < position for offset, _ in passing(extents, extent_filter))
    assert type(found) is int


@law
@given(legal_extents(most=20, first=2**62, widest=2**55), st.integers(0, 2**61), block_sizes)
def test_sizes_and_ranges_are_exact_far_out(extents, place, block):
    for extent_filter in (
        ExtentFilter(smallest_bytes=place >> 6),
        ExtentFilter(largest_bytes=place >> 6),
        ExtentFilter(start=2**62 + place),
        ExtentFilter(end=2**62 + place),
        *(ExtentFilter(size, size, offset + size - 1, offset + size) for offset, size in extents[:3]),
    ):
        assert all_rows(filtered(extents, extent_filter, block)) == passing(extents, extent_filter)


def test_the_largest_extent_there_can_be_passes_what_it_should():
    extents = [(0, INT64_MAX)]
    for text, count in [
        ("", 1),
        (">9223372036854775807", 0),
        (">=9223372036854775807", 1),
        ("<9223372036854775807", 0),
        ("9223372036854775806..", 1),
        ("<0", 0),
    ]:
        assert len(filtered(extents, ExtentFilter.parse(text), 1)) == count, text


def test_nothing_of_nothing_passes():
    found = FilteredExtents(Extents(*columns([])), ExtentFilter())
    assert (len(found), all_rows(found), found.count_before(INT64_MAX)) == (0, [], 0)
    found = FilteredExtents(Extents(*columns([])), ExtentFilter(), earlier=found)
    assert (len(found), pairs(*found.rows(0, 10))) == (0, [])


# A stream that grows.


@law
@given(extents_of_few_sizes, cuts, extent_filters(), block_sizes)
def test_counting_on_from_an_earlier_view_equals_counting_all(extents, at, extent_filter, block):
    found = None
    for view in views(cut(extents, at), block):
        found, fresh = FilteredExtents(view, extent_filter, earlier=found), FilteredExtents(view, extent_filter)
        assert len(found) == len(fresh)
        assert all_rows(found) == all_rows(fresh) == passing(pairs(view.offsets, view.sizes), extent_filter)
        assert [found.count_before(place) for place in range(0, 240, 7)] == [
            fresh.count_before(place) for place in range(0, 240, 7)
        ]


@law
@given(legal_extents(most=10, widest=6), wild_extents(), cuts, extent_filters(), block_sizes)
def test_counting_on_is_right_even_when_the_stream_turns_out_to_be_broken(extents, wild, at, extent_filter, block):
    """From then on its blocks are others: repaired ones."""
    found = None
    for view in views(cut([*extents, *wild], at), block):
        found = FilteredExtents(view, extent_filter, earlier=found)
        assert all_rows(found) == passing(pairs(view.offsets, view.sizes), extent_filter)


@law
@given(extents_of_few_sizes, cuts, extent_filters(), block_sizes, st.integers(0, 6))
def test_an_earlier_view_stays_as_it_was(extents, at, extent_filter, block, which):
    seen = views(cut(extents, at), block)
    early = seen[min(which, len(seen) - 1)]
    before = FilteredExtents(early, extent_filter)
    for view in seen:
        FilteredExtents(view, extent_filter, earlier=before)
    assert all_rows(before) == passing(pairs(early.offsets, early.sizes), extent_filter)
