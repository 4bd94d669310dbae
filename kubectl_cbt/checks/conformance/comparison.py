"""Two answers that should cover the same bytes, and how they differ."""

from __future__ import annotations

from kubectl_cbt.analysis.set_algebra import ByteRanges
from kubectl_cbt.model.record import INT64_MAX
from kubectl_cbt.stream.collect import Collected
from kubectl_cbt.units import counted, human_bytes

_SHOWN = 3


def differences(expected: Collected, found: Collected, start: int = 0) -> list[str]:
    """How ``found`` differs from ``start`` on, one line per difference; up to its end, if it was cancelled."""
    end = found.end if found.stopped is not None else INT64_MAX
    wanted, got = expected.runs.within(start, end), found.runs.within(start, end)
    lines = [describe_ranges(wanted - got, "missing"), describe_ranges(got - wanted, "not expected")]
    return [line for line in lines if line]


def describe_ranges(ranges: ByteRanges, what: str) -> str:
    """Ranges for a report, the first few in full; empty when there are none."""
    if not len(ranges):
        return ""
    shown = ", ".join(f"[{start}, {end})" for start, end in ranges.first(_SHOWN))
    more = f" and {len(ranges) - _SHOWN} more" if len(ranges) > _SHOWN else ""
    return f"{human_bytes(ranges.size_bytes)} in {counted(len(ranges), 'range')} {what}: {shown}{more}"
