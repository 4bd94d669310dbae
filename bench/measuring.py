"""Whole commands, measured from outside: how long each takes, and how much memory at its peak."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
BIN = Path(PYTHON).parent


@dataclass(frozen=True)
class Measured:
    """Runs of one command.

    Attributes:
        seconds: of each run, from its start to its end.
        peak_mib: of the largest run.
    """

    seconds: tuple[float, ...]
    peak_mib: float

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> str:
        """Fastest and slowest run."""
        return f"{min(self.seconds):.2f}–{max(self.seconds):.2f}"


def measure(*commands: Sequence[str], runs: int) -> list[Measured]:
    """Run each command so many times, in turn, so that a slow moment of the machine meets all of them.

    Raises:
        SystemExit: one of them failed.
    """
    found: list[list[tuple[float, float]]] = [[] for _ in commands]
    for _ in range(runs):
        for command, measured in zip(commands, found, strict=True):
            measured.append(_run(command))
    return [Measured(tuple(one for one, _ in each), max(mib for _, mib in each)) for each in found]


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Seconds and MiB. What it prints goes nowhere, what it complains about is shown."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit {process.returncode}: {' '.join(command)}")
    return seconds, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


class Server:
    """``bench/server.py`` as a process of its own, for a ``with`` block.

    Attributes:
        kubeconfig: leads to its API server.
        address: of its metadata service.
        ca_file: whom to trust there.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [PYTHON, str(ROOT / "bench" / "server.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.kubeconfig, self.address, self.ca_file = self._line().split()

    def serve(self, extents: int, per_message: int) -> None:
        """Answer every question with such a stream from now on."""
        self._process.stdin.write(f"{extents} {per_message}\n")  # type: ignore[union-attr]  # it is a pipe
        self._process.stdin.flush()  # type: ignore[union-attr]
        if self._line() != "ready":
            raise SystemExit("the server has ended")

    def cpu_seconds(self) -> float:
        """What it has computed so far; 0 where the system does not say."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _line(self) -> str:
        return self._process.stdout.readline().strip()  # type: ignore[union-attr]

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()  # its input ends, and so does it
