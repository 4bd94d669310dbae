"""The speed and the memory of ``report``, against ``delta`` and the real ``kubectl get`` on the same demo clusters."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator

from measuring import BIN, Row, measure

FASTER, MEMORY_MB, MEMORY_GROWTH = 2.5, 250.0, 1.15
INVENTORY = 2.0
"""Times as long as ``kubectl get volumesnapshots``, which lists less: neither contents nor claims."""
MEASURED_DELTAS = 20
"""So many processes are measured, and their time is scaled: all of them take minutes."""
_COMMAND = str(BIN / "kubectl-cbt")


def reporting(volumes: int, more_volumes: int, runs: int) -> Iterator[Row]:
    """Measure reports of two clusters.

    Args:
        volumes: of the cluster for the speed.
        more_volumes: of the one for the growth of memory.
    """
    with _demo(volumes) as environment:
        report = (_COMMAND, "report", "-A", "--parallel", "4", "-o", "json")
        with _environment(environment):
            (ours,) = measure(report, runs=min(runs, 3))
            pairs = _pairs(report)
            some = pairs[:: -(-len(pairs) // MEASURED_DELTAS)]
            seconds = _one_after_the_other(some) * len(pairs) / len(some)
        requests = _requests(report, environment)
    ratio = seconds / ours.median
    yield Row(
        f"report of {volumes} volumes",
        f"{ours.median:.2f} s ({ours.spread})",
        f"{len(pairs)} deltas {seconds:.0f} s",
        f"{ratio:.1f}×",
        f"≥ {FASTER:g}× as fast",
        ratio >= FASTER,
    )
    limit = 3 + 2 * volumes
    yield Row("report: API requests", str(requests), "", str(requests), f"≤ {limit}", requests <= limit)
    with _demo(more_volumes) as environment, _environment(environment):
        (large,) = measure(report, runs=1)
    peak, growth = large.peak_mib * 2**20 / 1e6, large.peak_mib / ours.peak_mib
    yield Row(
        "peak of report",
        f"{large.peak_mib:.0f} MiB at {more_volumes:,}",
        f"{ours.peak_mib:.0f} MiB at {volumes}",
        f"{growth:.2f}×",
        f"≤ {MEMORY_GROWTH:g}×, < {MEMORY_MB:.0f} MB",
        growth <= MEMORY_GROWTH and peak < MEMORY_MB,
    )


def inventory(volumes: int, runs: int) -> Iterator[Row]:
    """Measure the report without streams; nothing without kubectl.

    Args:
        volumes: of the cluster.
    """
    if shutil.which("kubectl") is None:
        return
    report = (_COMMAND, "report", "-A", "--no-streams", "-o", "json")
    kubectl = ("kubectl", "get", "volumesnapshots", "-A", "-o", "json")
    with _demo(volumes) as environment, _environment(environment):
        snapshots = len(json.loads(subprocess.run(kubectl, capture_output=True, check=True).stdout)["items"])
        ours, theirs = measure(report, kubectl, runs=min(runs, 3))
    ratio = ours.median / theirs.median
    yield Row(
        f"inventory of {snapshots:,} snapshots",
        f"{ours.median:.2f} s ({ours.spread})",
        f"kubectl {theirs.median:.2f} s",
        f"{ratio:.2f}×",
        f"≤ {INVENTORY:g}× kubectl",
        ratio <= INVENTORY,
    )
    yield Row(
        "peak of the inventory",
        f"{ours.peak_mib:.0f} MiB",
        f"kubectl {theirs.peak_mib:.0f} MiB",
        f"{ours.peak_mib:.0f} MiB",
        f"< {MEMORY_MB:.0f} MB",
        ours.peak_mib * 2**20 / 1e6 < MEMORY_MB,
    )


@contextlib.contextmanager
def _demo(volumes: int) -> Iterator[dict[str, str]]:
    """A demo cluster in another process, as an environment."""
    command = (_COMMAND, "demo", "serve", "--demo-volumes", str(volumes), "-q")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()  # type: ignore[union-attr]  # it is a pipe
        yield {"KUBECONFIG": line.strip().partition("=")[2]}
    finally:
        process.terminate()
        process.communicate()


@contextlib.contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _pairs(report: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """The deltas of the report: namespace, base, target."""
    found = json.loads(subprocess.run(report, capture_output=True, check=True).stdout)["volumes"]
    return [
        (volume["namespace"], volume["delta"]["base"], volume["delta"]["snapshot"])
        for volume in found
        if volume["delta"] is not None
    ]


def _one_after_the_other(pairs: list[tuple[str, str, str]]) -> float:
    """Seconds for these deltas, a process each."""
    begun = time.perf_counter()
    for namespace, base, target in pairs:
        command = (_COMMAND, "delta", base, target, "-n", namespace, "-o", "summary")
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def _requests(report: tuple[str, ...], environment: dict[str, str]) -> int:
    """Requests to the API server, by the log."""
    command = (*report, "-v", "6")
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | environment)
    return sum(" verb=" in line for line in found.stderr.splitlines())
