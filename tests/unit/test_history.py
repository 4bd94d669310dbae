"""The history of a volume: pairs, figures a day, which base works, and what to keep."""

from dataclasses import replace
from datetime import timedelta

import pytest
from history_samples import GIB, LOST, MIB, entry, figures, row

from kubectl_cbt.analysis.history import next_older_base, pairs_of, recommendations, selected_snapshots, sums_of
from kubectl_cbt.errors import CbtNotEnabled, StreamCut
from kubectl_cbt.model.pairing import Pairing
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.results import Failure, Violation
from kubectl_cbt.model.source_volume import group_by_volume
from kubectl_cbt.model.stream_figures import StreamFigures
from kubectl_cbt.model.volume_history import BaseState, HistoryPair, HistoryRow, VolumeHistory

A, B, C, D = (entry(name, day) for name, day in zip("abcd", (0, 1, 1.5, 3), strict=True))
(VOLUME,) = group_by_volume([A, B, C, D])


def history(*rows: HistoryRow, snapshots=(A, B, C, D), **more) -> VolumeHistory:
    return VolumeHistory(VOLUME, snapshots, Pairing.NEIGHBOURS, MIB, rows, figures(GIB), **more)


def names(pairs) -> list[str]:
    return [f"{pair.base.ref.name}{pair.target.ref.name}" for pair in pairs]


def test_each_snapshot_is_paired_with_the_one_before_or_with_the_oldest():
    assert names(pairs_of((A, B, C), Pairing.NEIGHBOURS)) == ["ab", "bc"]
    assert names(pairs_of((A, B, C), Pairing.FIRST)) == ["ab", "ac"]
    assert pairs_of((A,), Pairing.FIRST) == pairs_of((), Pairing.NEIGHBOURS) == ()


def test_the_query_of_a_pair_changes_with_its_contents():
    query = HistoryPair(A, B).query
    assert query.names == SnapshotNames(B.ref, A.ref)
    assert (query.service, query.contents) == ("csi.example", ("content-a", "content-b"))


def test_snapshots_are_selected_by_time_and_number():
    (volume,) = group_by_volume(
        [A, B, C, D, entry("x", 2, obstacle="not ready"), entry("y", None)],
    )
    assert selected_snapshots(volume) == (A, B, C, D)
    assert selected_snapshots(volume, since=B.created) == (B, C, D)
    assert selected_snapshots(volume, last=2) == (C, D)
    assert selected_snapshots(volume, since=D.created + timedelta(seconds=1), last=2) == ()
    assert selected_snapshots(volume, since=C.created, last=9) == (C, D)


def test_churn_is_a_day_and_unknown_without_an_interval():
    assert row(A, B, 8 * MIB).churn_per_day_bytes == 8 * MIB
    assert row(B, C, 8 * MIB).churn_per_day_bytes == 16 * MIB
    assert row(B, B, 8 * MIB).churn_per_day_bytes is None
    assert row(C, B, 8 * MIB).churn_per_day_bytes is None
    assert row(entry("n", None), B, 8).churn_per_day_bytes is None


def test_the_cost_is_that_of_the_chunk_size_of_the_history():
    found = row(A, B, 2 * MIB, 6 * MIB)
    assert (found.cost_bytes, found.amplification) == (6 * MIB, 3.0)
    assert row(A, B).amplification is None
    running = HistoryRow(HistoryPair(A, B), StreamFigures(), MIB)
    assert (running.cost_bytes, running.amplification, running.churn_per_day_bytes) == (None, None, None)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (figures(1), BaseState.WORKS),
        (figures(0, messages=0), BaseState.WORKS),
        (figures(1, error=StreamCut("cut")), BaseState.WORKS),
        (figures(0, error=StreamCut("cut"), messages=0), BaseState.UNKNOWN),
        (figures(0, error=LOST, messages=0), BaseState.FAILS),
        (figures(0, error=CbtNotEnabled("no tracking"), messages=0), BaseState.FAILS),
        (StreamFigures(False, failure=Failure.of(LOST)), BaseState.FAILS),
        (StreamFigures(), BaseState.UNKNOWN),
    ],
    ids=["complete", "no changes", "cut", "cut at once", "not found", "failed precondition", "not opened", "waiting"],
)
def test_a_base_works_if_the_driver_answered(found, state):
    assert HistoryRow(HistoryPair(A, B), found, MIB).base_state is state


def test_sums_are_of_all_rows_and_the_churn_of_complete_ones():
    sums = sums_of(
        [row(A, B, 4 * MIB, 5 * MIB), row(B, C, 1 * MIB, error=StreamCut("cut")), row(C, D, 8 * MIB)],
        Pairing.NEIGHBOURS,
    )
    assert (sums.rows, sums.complete_rows, sums.is_complete) == (3, 2, False)
    assert (sums.changed_bytes, sums.cost_bytes) == (13 * MIB, 5 * MIB)
    assert sums.interval_seconds == 3 * 86400
    assert sums.churn_per_day_bytes == round(12 * MIB / 2.5)


def test_deltas_from_one_base_are_not_added_up():
    sums = sums_of([row(A, B, 4 * MIB), row(A, D, 9 * MIB)], Pairing.FIRST)
    assert (sums.changed_bytes, sums.cost_bytes, sums.churn_per_day_bytes) == (None, None, 3 * MIB)


def test_sums_of_no_rows():
    sums = sums_of([], Pairing.NEIGHBOURS)
    assert (sums.rows, sums.interval_seconds, sums.changed_bytes, sums.churn_per_day_bytes) == (0, None, 0, None)
    assert sums.is_complete


def test_the_newest_snapshot_is_to_be_kept():
    assert recommendations(history(row(A, B), row(B, C), row(C, D))) == [
        "Keep d as the base of the next incremental backup.",
        "A backup of c can be followed by an incremental backup of d.",
    ]


def test_an_older_base_is_recommended_when_the_one_before_fails():
    rows = [row(A, B), row(B, C), row(C, D, error=LOST, messages=0)]
    older = (row(B, D, error=LOST, messages=0), row(A, D))
    found = recommendations(history(*rows, older_bases=older))
    assert found == [
        "Keep d as the base of the next incremental backup.",
        "A backup of a can be followed by an incremental backup of d.",
        "No incremental backup can follow a backup of c (2026-03-03): the driver does not know the snapshot.",
    ]


def test_without_a_working_base_only_full_backups_are_possible_since_the_last_delta():
    rows = [row(A, B), row(B, C, error=LOST, messages=0), row(C, D, error=LOST, messages=0)]
    first, *rest = recommendations(history(*rows, older_bases=(row(A, D, error=LOST, messages=0),)))
    assert first == "Only full backups are possible since c (2026-03-03): no base works for d."
    (sentence,) = rest
    assert sentence == (
        "No incremental backup can follow a backup of 2 snapshots from b (2026-03-02) to c (2026-03-03):"
        " the driver does not know the snapshot."
    )


def test_older_bases_are_tried_from_the_newest_one_until_one_works():
    failed = {"error": LOST, "messages": 0}
    rows = [row(A, B), row(B, C, **failed), row(C, D, **failed)]
    assert next_older_base(history(*rows)) == HistoryPair(A, D), "b is known to fail"
    rows[1] = row(B, C)
    assert next_older_base(history(*rows)) == HistoryPair(B, D)
    (sentence, *_) = recommendations(history(*rows))
    assert sentence == "It is unknown whether an older base works for d: not all were queried."
    assert next_older_base(history(*rows, older_bases=(row(B, D, **failed),))) == HistoryPair(A, D)
    tried = (row(B, D, **failed), row(A, D, error=StreamCut("cut"), messages=0))
    assert next_older_base(history(*rows, older_bases=tried)) is None
    assert recommendations(history(*rows, older_bases=tried))[0] == sentence
    assert next_older_base(history(*rows[:-1], row(C, D))) is None
    assert next_older_base(history(snapshots=(A,))) is None


def test_an_incomplete_delta_is_not_recommended_but_its_base_is_accepted():
    _, sentence = recommendations(history(row(C, D, error=StreamCut("cut"))))
    assert sentence == "The driver accepts c as a base, but the delta to d is incomplete."


def test_an_unanswered_delta_says_nothing_about_its_base():
    (sentence,) = recommendations(history(row(C, D, error=StreamCut("cut"), messages=0)))
    assert sentence == "It is unknown whether c works as a base: the delta was not answered."


def test_one_snapshot_needs_another_one():
    assert recommendations(history(snapshots=(A,))) == [
        "Keep a as the base, and take another snapshot: a delta needs two."
    ]
    assert recommendations(history(snapshots=())) == ["No snapshot can be queried, so only a full backup is possible."]


def test_a_history_is_complete_with_all_its_streams_and_trusted_if_they_keep_the_rules():
    whole = history(row(A, B), row(B, C))
    assert (whole.is_complete, whole.is_trusted) == (True, True)
    assert not replace(whole, allocated=None).is_complete
    assert not history(row(A, B, error=StreamCut("cut"))).is_complete
    broken = history(row(A, B, violations=(Violation("R2", "MUST", "ascending", 1, ()),)))
    assert (broken.is_complete, broken.is_trusted) == (True, False)
    assert history().newest is D
