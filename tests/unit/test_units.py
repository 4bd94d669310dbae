"""Sizes, counts, shares and times as they are displayed and parsed."""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import law

import kubectl_cbt
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.output.comparison.comparison_words import human_sizes
from kubectl_cbt.units import (
    age,
    human_bytes,
    human_count,
    human_rate,
    human_seconds,
    parse_duration,
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
def test_a_size_is_in_binary_units(size, text):
    assert human_bytes(size) == text


@law
@given(st.integers(0, 2**60))
@example(2**20 - 1)
@example(2**30 - 1)
def test_a_size_is_rounded_to_a_tenth_of_its_unit(size):
    number, unit = human_bytes(size).split()
    assert abs(float(number) * BINARY[unit] - size) <= BINARY[unit] * 0.0501
    assert not number.endswith(".0")


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (999, "999"), (1000, "1,000"), (182340, "182,340")])
def test_a_count_is_exact(count, text):
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
def test_a_share_is_in_percent(part, whole, text):
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
def test_a_duration_is_formatted_for_a_waiting_user(seconds, text):
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


def test_an_unknown_age_is_unknown():
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
def test_a_duration_is_parsed_as_in_kubectl(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-1", "-5s", "s", "10x", "1d", "1h30", "30 s", "1h 30m", "1..5s", ".", "1e3", "inf", "nan", "0x10"],
)
def test_an_invalid_duration_is_rejected(text):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


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


def test_sizes_that_are_shown_together_are_exact_if_rounding_makes_them_equal():
    assert human_sizes(64 * 2**20, 2**30) == ["64 MiB", "1 GiB"]
    assert human_sizes(2**36, 2**36 + 1) == ["68,719,476,736 B", "68,719,476,737 B"]
    assert human_sizes(2**36, 2**36) == ["64 GiB", "64 GiB"]
