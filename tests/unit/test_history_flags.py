"""The flags of history: ages and dates, and which volume a name finds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from history_samples import entry

from kubectl_cbt.cli.history_flags import parse_since
from kubectl_cbt.core.find_volume import FoundVolume, VolumeName
from kubectl_cbt.model.source_volume import group_by_volume

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30d", NOW - timedelta(days=30)),
        ("12h", NOW - timedelta(hours=12)),
        ("1d12h", NOW - timedelta(days=1, hours=12)),
        ("90s", NOW - timedelta(seconds=90)),
        ("30", NOW - timedelta(seconds=30)),
        ("0", NOW),
        ("0d", NOW),
        ("2025-06-01", datetime(2025, 6, 1, tzinfo=UTC)),
        ("2025-06-01T02:00:00+02:00", datetime(2025, 6, 1, tzinfo=UTC)),
    ],
)
def test_an_age_or_a_date_is_a_time(text, expected):
    assert parse_since(text, NOW) == expected


@pytest.mark.parametrize(
    "text",
    ["", "d", "30 d", "-1d", "1d1d", "yesterday", "2025-06", "2025-13-01", "2025-06-01T02:00", "999999d", "9" * 500],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="not "):
        parse_since(text, NOW)


A, B = entry("a"), entry("b", 1)


def test_a_name_has_a_claim_a_handle_or_both():
    (volume,) = group_by_volume([A, B])
    assert VolumeName("shop", "data").matches(volume)
    assert VolumeName("shop", handle="vol-1").matches(volume)
    assert VolumeName("shop", "data", "vol-1").matches(volume)
    assert not VolumeName("shop", "data", "vol-2").matches(volume)
    assert not VolumeName("shop", "other").matches(volume)
    assert str(VolumeName("shop", "data", "vol-1")) == 'persistentvolumeclaim "data" and volume "vol-1"'


def test_other_volumes_of_the_claim_are_named_with_the_flag_that_selects_them():
    volumes = group_by_volume([A, B, entry("c", 2, volume_handle="vol 2"), entry("d", 3, volume_handle=None)])
    first, *others = volumes
    assert FoundVolume(first, tuple(others)).other_notes() == [
        "1 snapshot of claim data is of another volume: show it with --volume 'vol 2'",
        "1 snapshot of claim data may be of another volume and is left out",
    ]


def test_the_volume_of_another_driver_is_named_with_it():
    old = replace(B, driver="old.csi.example", volume_handle="vol-0")
    (first, other) = group_by_volume([A, old])
    (note,) = FoundVolume(first, (other,)).other_notes()
    assert (
        note == "1 snapshot of claim data is of another volume of driver old.csi.example: show it with --volume vol-0"
    )
