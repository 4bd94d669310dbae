"""Offsets and positions in a volume as they are displayed and parsed."""

import re
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from offset_units import units, written
from strategies import law

from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.units import (
    SECTOR_BYTES,
    grouped_hex,
    parse_offset,
    parse_place,
)

# Offsets.


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("0", 0),
        ("4096", 4096),
        ("4_096", 4096),
        (" 4096 ", 4096),
        ("4096B", 4096),
        ("0x1000", 4096),
        ("0X1fF", 511),
        ("1k", 1000),
        ("1K", 1000),
        ("1Ki", 1024),
        ("1KiB", 1024),
        ("1kib", 1024),
        ("12Gi", 12 * 2**30),
        ("12 GiB", 12 * 2**30),
        ("12G", 12 * 10**9),
        ("12GB", 12 * 10**9),
        ("1.5GiB", 3 * 2**29),
        ("0.5Ki", 512),
        ("1.0", 1),
        ("16Ti", 2**44),
        ("1.000000001G", 10**9 + 1),
        ("8388607.99999999999909050529822707176208496093750Ti", 2**63 - 1),
        ("7.999Pi", None),
        ("9223372036854775807", INT64_MAX),
        ("0x7fffffffffffffff", INT64_MAX),
    ],
)
def test_an_offset_is_parsed_exactly(text, offset):
    if offset is None:
        with pytest.raises(ValueError, match="not a whole number of bytes"):
            parse_offset(text)
    else:
        assert parse_offset(text) == offset


@law
@given(st.integers(0, INT64_MAX), units)
@example(INT64_MAX, (1024, 6))
def test_an_offset_written_with_any_unit_and_all_its_digits_is_read_back(offset, unit):
    base, power = unit
    suffix = ("", "K", "M", "G", "T", "P", "E")[power] + ("i" if base == 1024 and power else "")
    text = written(offset, base, power)
    assert parse_offset(text + suffix) == offset
    if power:
        with pytest.raises(ValueError, match="not a whole number of bytes"):
            parse_offset(text + "1" + suffix)


@law
@given(st.integers(0, INT64_MAX))
def test_an_offset_is_read_in_decimal_and_hexadecimal(offset):
    assert parse_offset(str(offset)) == parse_offset(hex(offset)) == offset


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "_",
        "-1",
        "-4Ki",
        "+1",
        "Gi",
        "x",
        "0x",
        "0xg",
        "1.5.5",
        "1,5",
        ".5Gi",
        "1.",
        "1e9",
        "4 Ki B",
        "1Zi",
        "1i",
        "nan",
    ],
)
def test_an_invalid_offset_is_rejected(text):
    with pytest.raises(ValueError, match="is not an offset"):
        parse_offset(text)


@pytest.mark.parametrize("text", ["1.5", "0.1Gi", "1.0001K", "0.0000000001Gi"])
def test_a_fraction_of_a_byte_is_rejected(text):
    with pytest.raises(ValueError, match="not a whole number of bytes"):
        parse_offset(text)


@pytest.mark.parametrize("text", ["9223372036854775808", "0x8000000000000000", "8Ei", "9.3E", "1" + "0" * 40])
def test_an_offset_beyond_int64_is_rejected(text):
    with pytest.raises(ValueError, match="larger than any volume"):
        parse_offset(text)


# Places in a volume.

MIB = 2**20


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("0", 0),
        ("4096", 4096),
        ("0x1000", 4096),
        ("0x1_0000", 65536),
        (" 512Ki ", 512 * 1024),
        ("1.5Ki", 1536),
        ("1048575", MIB - 1),
        ("0%", 0),
        ("45%", MIB * 45 // 100),
        ("45 %", MIB * 45 // 100),
        (" 12.5% ", MIB // 8),
        ("0.0001%", 1),
        ("99.9999%", MIB - 2),
        ("100%", MIB - 1),
        ("100.0%", MIB - 1),
        ("lba 0", 0),
        ("lba 8", 4096),
        ("lba8", 4096),
        ("LBA 0x8", 4096),
        ("Lba\t2047", MIB - 512),
        ("+0", 1000),
        ("-0", 1000),
        ("+24", 1024),
        ("-1000", 0),
        ("+ 24", 1024),
        ("+0x18", 1024),
        ("+512Ki", 1000 + 512 * 1024),
        ("- 1_000", 0),
    ],
)
def test_a_position_is_parsed_exactly(text, place):
    assert parse_place(text, MIB, here=1000) == place


def test_a_distance_without_a_current_position_counts_from_the_start():
    assert parse_place("+4Ki", MIB) == 4096


@law
@given(st.integers(1, INT64_MAX), st.data())
def test_any_byte_of_a_volume_is_a_position_in_every_notation(capacity, data):
    place, here = (data.draw(st.integers(0, capacity - 1)) for _ in range(2))
    distance = f"+{place - here}" if place >= here else f"-{here - place}"
    for text in (str(place), hex(place), grouped_hex(place), distance):
        assert parse_place(text, capacity, here) == place
    sector = place // SECTOR_BYTES
    assert parse_place(f"lba {sector}", capacity, here) == sector * SECTOR_BYTES
    assert parse_place(f"lba {sector:#x}", capacity) == sector * SECTOR_BYTES


@law
@given(st.integers(1, INT64_MAX), st.integers(0, 99), st.text("0123456789", min_size=1, max_size=20))
@example(INT64_MAX, 99, "9" * 20)
def test_a_share_of_a_volume_is_the_byte_there_rounded_down(capacity, whole, fraction):
    assert parse_place(f"{whole}%", capacity) == capacity * whole // 100
    assert parse_place(f"{whole}.{fraction}%", capacity) == capacity * Fraction(f"{whole}.{fraction}") // 100


@law
@given(st.integers(1, INT64_MAX), st.integers(0, INT64_MAX), st.integers(0, INT64_MAX))
@example(4096, 4096, 0)
@example(4096, 4095, 1)
@example(4096, 1, 0)
def test_a_position_is_inside_the_volume_or_rejected(capacity, number, here):
    for text, place in [
        (str(number), number),
        (f"+{number}", here + number),
        (f"-{number}", here - number),
        (f"lba {number}", number * SECTOR_BYTES),
    ]:
        if 0 <= place < capacity:
            assert parse_place(text, capacity, here) == place
        else:
            with pytest.raises(ValueError, match=re.escape(f"{text} is outside the volume of")):
                parse_place(text, capacity, here)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1Mi", "1Mi is outside the volume of 1 MiB"),
        (" 1Gi ", "1Gi is outside the volume of 1 MiB"),
        ("+1Mi", "+1Mi is outside the volume of 1 MiB"),
        ("-1001", "-1001 is outside the volume of 1 MiB"),
        ("-9223372036854775807", "-9223372036854775807 is outside the volume of 1 MiB"),
        ("lba 2048", "lba 2048 is outside the volume of 1 MiB"),
        ("101%", "101% is outside the volume of 1 MiB"),
        ("", "'' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("+", "'' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("+-5", "'-5' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("--5", "'-5' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("-lba 5", "'lba 5' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("lba", "'lba' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("lba -1", "'lba -1' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("lba 4Ki", "'lba 4Ki' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("lba 0x", "'lba 0x' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("%", "'%' is not an offset such as 4096, 0x1000 or 12Gi"),
        (".5%", "'.5%' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("5.%", "'5.%' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("middle", "'middle' is not an offset such as 4096, 0x1000 or 12Gi"),
        ("8Ei", "'8Ei' is larger than any volume"),
    ],
)
def test_an_invalid_position_is_explained(text, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_place(text, MIB, here=1000)


@pytest.mark.parametrize("text", ["100.5%", "100.0001%", "100.9 %", "1000%"])
def test_more_than_all_of_a_volume_is_outside(text):
    with pytest.raises(ValueError, match="is outside the volume"):
        parse_place(text, MIB)


@pytest.mark.parametrize(("text", "place"), [("lba 007", 3584), ("lba 0100", 51200), ("lba 00", 0)])
def test_a_sector_with_leading_zeros_is_decimal(text, place):
    """As an offset is: some tools pad their columns with them."""
    assert parse_offset(text.removeprefix("lba")) * SECTOR_BYTES == place
    assert parse_place(text, MIB) == place


@pytest.mark.parametrize("text", ["0", "0%", "100%", "lba 0", "+0"])
def test_an_empty_volume_has_no_positions(text):
    with pytest.raises(ValueError, match="is outside the volume of 0 B"):
        parse_place(text, 0)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0x0"),
        (0xFFFF, "0xffff"),
        (0x10000, "0x1_0000"),
        (0x1_2CC0_0000, "0x1_2cc0_0000"),
        (INT64_MAX, "0x7fff_ffff_ffff_ffff"),
    ],
)
def test_a_hexadecimal_offset_is_in_groups_of_four(number, text):
    assert grouped_hex(number) == text


@law
@given(st.integers(0, INT64_MAX))
def test_a_grouped_offset_is_read_back(number):
    text = grouped_hex(number)
    assert parse_offset(text) == int(text, 0) == number
    assert all(len(group) == 4 for group in text.removeprefix("0x").split("_")[1:])
