"""Sizes, counts, times and offsets as people read and write them."""

import re
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import law

import kubectl_cbt
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.units import (
    SECTOR_BYTES,
    age,
    grouped_hex,
    human_bytes,
    human_count,
    human_rate,
    human_seconds,
    parse_duration,
    parse_offset,
    parse_place,
    parse_time,
    percent,
    utc_time,
)

BINARY = {unit: 1024**power for power, unit in enumerate(["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])}
NOW = datetime(2026, 11, 16, 2, tzinfo=UTC)


# Sizes, counts and rates.


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (17, "17 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (4096, "4 KiB"),
        (10 * 1024, "10 KiB"),
        (100 * 1024**2, "100 MiB"),
        (3 * 1024**3 // 2, "1.5 GiB"),
        (16 * 1024**4, "16 TiB"),
        (INT64_MAX, "8 EiB"),
        (-17, "-17 B"),
        (-4096, "-4 KiB"),
    ],
)
def test_a_size_is_told_in_binary_units(size, text):
    assert human_bytes(size) == text


@law
@given(st.integers(0, 2**60))
@example(2**20 - 1)
@example(2**30 - 1)
def test_a_size_is_told_to_a_tenth_of_its_unit(size):
    number, unit = human_bytes(size).split()
    assert abs(float(number) * BINARY[unit] - size) <= BINARY[unit] * 0.0501
    assert not number.endswith(".0")


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (999, "999"), (1000, "1,000"), (182340, "182,340")])
def test_a_count_is_told_exactly(count, text):
    assert human_count(count) == text


@law
@given(st.integers(0, 2**63))
def test_a_count_loses_no_digit(count):
    assert int(human_count(count).replace(",", "")) == count


@pytest.mark.parametrize(
    ("rate", "text"),
    [
        (0, "0"),
        (0.25, "0.25"),
        (12.345, "12.3"),
        (99.96, "100"),
        (100, "100"),
        (123.4, "123"),
        (1234.5, "1,230"),
        (870123, "870,000"),
        (999999, "1,000,000"),
        (4_567_890.1, "4,570,000"),
    ],
)
def test_a_rate_has_three_digits(rate, text):
    assert human_rate(rate) == text


@law
@given(st.floats(1, 1e15))
def test_a_rate_is_right_to_half_of_its_third_digit(rate):
    assert float(human_rate(rate).replace(",", "")) == pytest.approx(rate, rel=0.0051)


# Shares.


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "–"),
        (5, 0, "–"),
        (5, -1, "–"),
        (0, 100, "0 %"),
        (1, 1001, "< 0.1 %"),
        (1, 1000, "0.1 %"),
        (1, 2**63, "< 0.1 %"),
        (16, 1000, "1.6 %"),
        (10, 100, "10 %"),
        (1, 3, "33.3 %"),
        (999, 1000, "99.9 %"),
        (9995, 10000, "> 99.9 %"),
        (2**63 - 1, 2**63, "> 99.9 %"),
        (100, 100, "100 %"),
        (150, 100, "150 %"),
    ],
)
def test_a_share_is_told_in_percent(part, whole, text):
    assert percent(part, whole) == text


@law
@given(st.integers(1, 2**63), st.data())
def test_something_is_never_0_percent_and_less_than_all_never_100(whole, data):
    part = data.draw(st.one_of(st.just(1), st.just(whole), st.integers(0, whole), st.just(max(whole - 1, 0))))
    text = percent(part, whole)
    assert (text == "0 %") == (part == 0)
    assert (text == "100 %") == (part == whole)
    assert not text.endswith(".0 %")
    if text[0] not in "<>":
        assert abs(float(text.removesuffix(" %")) - 100 * part / whole) <= 0.0501


# Times.


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0246, "25 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min 0 s"),
        (10, "10 s"),
        (41.3, "41 s"),
        (60, "1 min 0 s"),
        (200, "3 min 20 s"),
        (119.7, "2 min 0 s"),
        (7261, "121 min 1 s"),
    ],
)
def test_a_span_of_time_is_told_to_a_person_waiting(seconds, text):
    assert human_seconds(seconds) == text


MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.9, "0s"),
        (45, "45s"),
        (119, "119s"),
        (2 * MINUTE, "2m"),
        (2 * MINUTE + 1, "2m1s"),
        (9 * MINUTE + 59, "9m59s"),
        (10 * MINUTE, "10m"),
        (10 * MINUTE + 59, "10m"),
        (77 * MINUTE, "77m"),
        (179 * MINUTE + 59, "179m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + MINUTE, "3h1m"),
        (7 * HOUR + 59 * MINUTE, "7h59m"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (15 * HOUR, "15h"),
        (47 * HOUR + 59 * MINUTE, "47h"),
        (2 * DAY, "2d"),
        (2 * DAY + HOUR, "2d1h"),
        (7 * DAY + 23 * HOUR, "7d23h"),
        (8 * DAY + 23 * HOUR, "8d"),
        (729 * DAY, "729d"),
        (2 * 365 * DAY, "2y"),
        (2 * 365 * DAY + 41 * DAY, "2y41d"),
        (8 * 365 * DAY - DAY, "7y364d"),
        (8 * 365 * DAY + 41 * DAY, "8y"),
        (100 * 365 * DAY, "100y"),
    ],
)
def test_an_age_is_written_as_kubectl_does(seconds, text):
    assert age(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(("ahead", "text"), [(0.5, "0s"), (1.9, "0s"), (2, "<invalid>"), (DAY, "<invalid>")])
def test_an_age_in_the_future_is_written_as_kubectl_does(ahead, text):
    """Two clocks may differ by less than two seconds; beyond that kubectl calls it invalid."""
    assert age(NOW + timedelta(seconds=ahead), NOW) == text


def test_an_unknown_age_is_said_to_be_so():
    assert age(None, NOW) == "<unknown>"
    assert age(parse_time("0001-01-01T00:00:00Z"), NOW) == "<unknown>"


def test_an_age_compares_times_of_any_zone():
    west = NOW.astimezone(tz=None) - timedelta(minutes=5)
    assert age(west, NOW) == "5m"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("30", 30),
        ("1.5", 1.5),
        ("30s", 30),
        ("10m", 600),
        ("1h30m", 5400),
        ("1h0m1s", 3601),
        ("1.5h", 5400),
        ("500ms", 0.5),
        ("2m500ms", 120.5),
        ("  30s ", 30),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_as_kubectl_takes_it(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-1", "-5s", "s", "10x", "1d", "1h30", "30 s", "1h 30m", "1..5s", ".", "1e3", "inf", "nan", "0x10"],
)
def test_what_is_no_duration_is_rejected(text):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


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
def test_an_offset_is_read_exactly(text, offset):
    if offset is None:
        with pytest.raises(ValueError, match="not a whole number of bytes"):
            parse_offset(text)
    else:
        assert parse_offset(text) == offset


def written(offset: int, base: int, power: int) -> str:
    """``offset`` in units of ``base ** power``, with every digit that it takes."""
    unit = base**power
    digits = 10 * power
    whole, rest = divmod(offset, unit)
    return f"{whole}.{rest * 10**digits // unit:0{digits}}" if digits else str(whole)


units = st.sampled_from([(base, power) for base in (1000, 1024) for power in range(7)])


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
def test_what_is_no_offset_is_rejected(text):
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
def test_a_place_is_read_exactly(text, place):
    assert parse_place(text, MIB, here=1000) == place


def test_a_distance_counts_from_the_start_when_there_is_no_here():
    assert parse_place("+4Ki", MIB) == 4096


@law
@given(st.integers(1, INT64_MAX), st.data())
def test_any_byte_of_a_volume_is_a_place_in_whatever_way_it_is_written(capacity, data):
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
def test_a_place_is_inside_the_volume_or_rejected(capacity, number, here):
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
def test_what_is_no_place_of_the_volume_is_explained(text, message):
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
def test_a_volume_without_bytes_has_no_place(text):
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


@pytest.mark.parametrize(
    ("when", "written"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(987, 6, 5, 4, 3, 2, 999_999), "0987-06-05T04:03:02Z"),
        (datetime(2025, 6, 2, 10, tzinfo=timezone(timedelta(hours=2))), "2025-06-02T08:00:00Z"),
    ],
)
def test_a_time_is_written_so_that_it_is_read_again(when, written):
    assert utc_time(when) == written
    assert utc_time(parse_time(written)) == written


def test_nothing_else_writes_times():
    """Of strftime and format a C library decides how many digits a year has."""
    package = Path(kubectl_cbt.__file__).parent
    found = [path.name for path in package.rglob("*.py") if re.search(r"\.strftime\(|:%Y", path.read_text("utf-8"))]
    assert found == []
