"""Which snapshots are of one volume, by their objects alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.model.source_volume import Claim, group_by_volume

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GIB = 2**30


def entry(name: str, hour: int | None = 0, claim: str | None = "data", handle: str | None = "vol-1", **more):
    plain = SnapshotEntry(
        ref=SnapshotRef("shop", name),
        claim=claim,
        content=f"content-{name}",
        driver="csi.example",
        handle=f"snap-{name}",
        volume_handle=handle,
        restore_size_bytes=GIB,
        ready=True,
        created=None if hour is None else NOON + timedelta(hours=hour),
        object_created=NOON,
        obstacle="",
    )
    return replace(plain, **more)


def named(volumes) -> list[list[str]]:
    return [[one.ref.name for one in volume.snapshots] for volume in volumes]


def test_snapshots_of_a_volume_are_together_oldest_first():
    volumes = group_by_volume([entry("c", 3), entry("a", 1), entry("x", 2, "other", "vol-2"), entry("b", 2)])
    assert named(volumes) == [["a", "b", "c"], ["x"]]
    (data, other) = volumes
    assert (data.namespace, data.claim, data.driver, data.volume_handle) == ("shop", "data", "csi.example", "vol-1")
    assert other.claim == "other"
    assert data.pairs == tuple(
        SnapshotNames(SnapshotRef("shop", target), SnapshotRef("shop", base)) for base, target in ("ab", "bc")
    )


def test_a_claim_that_was_made_again_is_another_volume():
    again = [entry("b", 2), entry("n", 5, handle="vol-9"), entry("a", 1), entry("m", 4, handle="vol-9")]
    volumes = group_by_volume(again, [Claim("shop", "data", 5 * GIB)])
    assert named(volumes) == [["a", "b"], ["m", "n"]]
    assert [volume.claim for volume in volumes] == ["data", "data"]
    assert len({volume.key for volume in volumes}) == 2
    assert [(volume.claim_exists, volume.claim_capacity_bytes) for volume in volumes] == [(True, None)] * 2


def test_a_snapshot_without_a_content_is_of_the_only_volume_of_its_claim():
    waiting = entry("new", None, handle=None, driver="", ready=False, obstacle="not ready", restore_size_bytes=None)
    (volume,) = group_by_volume([waiting, entry("a")])
    assert named([volume]) == [["a", "new"]]
    assert volume.size_bytes == GIB
    assert (volume.obstacle, [one.ref.name for one in volume.usable]) == ("", ["a"])
    assert volume.newest_ready.ref.name == "a"
    several = group_by_volume([waiting, entry("a"), entry("b", 1, handle="vol-9")])
    assert named(several) == [["a"], ["b"], ["new"]], "it is not known of which of the two it is"


def test_snapshots_whose_contents_cannot_be_read_are_grouped_by_their_claim():
    unreadable = {"handle": None, "driver": "", "obstacle": "content c not readable: forbidden"}
    (volume,) = group_by_volume([entry("b", 2, **unreadable), entry("a", 1, **unreadable)])
    assert named([volume]) == [["a", "b"]]
    assert (volume.driver, volume.volume_handle, volume.pairs) == ("", None, ())
    assert volume.obstacle == "content c not readable: forbidden"


def test_a_snapshot_without_a_driver_is_of_the_only_driver_of_its_claim():
    unbound = entry("new", None, handle=None, driver="", obstacle="not bound")
    assert named(group_by_volume([unbound, entry("a", handle=None)])) == [["a", "new"]]
    two = [unbound, entry("a", handle=None), entry("b", 1, handle=None, driver="other.example")]
    assert named(group_by_volume(two)) == [["a"], ["b"], ["new"]]


def test_preprovisioned_snapshots_without_a_volume_are_apart_and_with_one_together():
    alone = [entry(name, hour, None, None) for hour, name in enumerate("pq")]
    known = [entry(name, hour, None, "vol-7") for hour, name in enumerate("rs")]
    volumes = group_by_volume([*alone, *known])
    assert sorted(named(volumes)) == [["p"], ["q"], ["r", "s"]]
    assert [volume.claim_exists for volume in group_by_volume([*alone, *known], [])] == [None] * 3


def test_a_preprovisioned_snapshot_of_a_known_volume_is_with_the_others():
    (volume,) = group_by_volume([entry("old", -5, None), entry("a"), entry("b", 1)])
    assert named([volume]) == [["old", "a", "b"]]
    assert volume.claim == "data"


@pytest.mark.parametrize(
    "other", [{"driver": "other.example"}, {"ref": SnapshotRef("prod", "b")}], ids=["driver", "namespace"]
)
def test_one_handle_at_two_drivers_or_in_two_namespaces_is_two_volumes(other):
    volumes = group_by_volume([entry("a"), entry("b", 1, **other)])
    assert len(volumes) == len({volume.key for volume in volumes}) == 2


def test_sizes_and_claims():
    sizes = [entry("a", 1, restore_size_bytes=GIB), entry("b", 2, restore_size_bytes=None)]
    claims = [Claim("shop", "data", 3 * GIB)]
    (volume,) = group_by_volume(sizes, claims)
    assert (volume.size_bytes, volume.claim_exists, volume.claim_capacity_bytes) == (GIB, True, 3 * GIB)
    (volume,) = group_by_volume(sizes[1:], claims)
    assert volume.size_bytes == 3 * GIB
    (volume,) = group_by_volume(sizes[1:], [Claim("prod", "data", GIB)])
    assert (volume.size_bytes, volume.claim_exists) == (None, False)
    (volume,) = group_by_volume(sizes[1:])
    assert (volume.size_bytes, volume.claim_exists) == (None, None)


ENTRIES = st.lists(
    st.builds(
        entry,
        st.from_regex("[a-z]{4}", fullmatch=True),
        st.none() | st.integers(0, 9),
        st.sampled_from([None, "x", "y"]),
        st.sampled_from([None, "vol-1", "vol-2"]),
        driver=st.sampled_from(["", "csi.example", "other.example"]),
    ),
    unique_by=lambda one: one.ref,
    max_size=12,
)


@given(ENTRIES, st.randoms(use_true_random=False))
def test_each_snapshot_is_of_one_volume_in_any_order_of_the_list(entries, chance):
    volumes = group_by_volume(entries)
    found = [one for volume in volumes for one in volume.snapshots]
    assert sorted(one.ref.name for one in found) == sorted(one.ref.name for one in entries)
    for volume in volumes:
        assert len({(one.driver, one.volume_handle) for one in volume.snapshots if one.volume_handle}) <= 1
        dated = [one.created for one in volume.snapshots if one.created]
        assert dated == sorted(dated)
    assert len({volume.key for volume in volumes}) == len(volumes)
    shuffled = list(entries)
    chance.shuffle(shuffled)
    assert group_by_volume(shuffled) == volumes
