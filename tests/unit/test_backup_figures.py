"""Figures of backups: what is unknown stays unknown."""

from datetime import UTC, datetime, timedelta

import pytest

from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.model.backup_figures import (
    amplification,
    chunk_cost,
    churn_per_day,
    interval_seconds,
    saving,
    window_seconds,
)

NOON = datetime(2025, 6, 2, 12, tzinfo=UTC)


def test_the_interval_of_two_snapshots():
    assert interval_seconds(NOON, NOON + timedelta(hours=6)) == 6 * 3600
    assert interval_seconds(NOON, NOON) is None
    assert interval_seconds(NOON + timedelta(seconds=1), NOON) is None
    assert interval_seconds(None, NOON) is None
    assert interval_seconds(NOON, None) is None


def test_churn_is_scaled_to_a_day():
    assert churn_per_day(3 * 2**30, 6 * 3600) == 12 * 2**30
    assert churn_per_day(0, 60.0) == 0
    assert churn_per_day(2**62, 86_400.0) == 2**62  # exact: a float would round it
    assert churn_per_day(None, 60.0) is None
    assert churn_per_day(5, None) is None
    assert churn_per_day(5, 0.0) is None


def test_the_cost_of_a_chunk_size():
    builder = SummaryBuilder(chunk_sizes=(4096, 65_536))
    summary = builder.summary(2**20)
    assert chunk_cost(summary, 65_536) == 0
    assert chunk_cost(summary, 8192) is None
    assert chunk_cost(None, 4096) is None


@pytest.mark.parametrize(("cost", "covered", "expected"), [(300, 100, 3.0), (0, 0, None), (None, 5, None)])
def test_amplification(cost, covered, expected):
    assert amplification(cost, covered) == expected


def test_the_window_is_the_cost_at_a_rate():
    assert window_seconds(400_000_000, 200_000_000) == 2.0
    assert window_seconds(0, 1) == 0.0
    assert window_seconds(None, 1) is None


def test_the_saving_of_an_incremental_backup():
    assert saving(25, 100) == 0.75
    assert saving(200, 100) == -1.0
    assert saving(0, 0) is None
    assert saving(None, 100) is None
    assert saving(1, 3) == pytest.approx(2 / 3)
