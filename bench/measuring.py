"""Time and peak memory of whole commands, measured from outside."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Sequence
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
        seconds: duration of each run.
        peak_mib: peak memory of the largest run.
    """

    seconds: tuple[float, ...]
    peak_mib: float

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> str:
        """Seconds of the fastest and the slowest run."""
        return f"{min(self.seconds):.2f}–{max(self.seconds):.2f}"


@dataclass(frozen=True)
class Row:
    """One goal.

    Attributes:
        ours: the measured figure, with its unit.
        baseline: the figure to compare with, with its unit; empty for a fixed limit.
        value: the figure that the goal limits.
        goal: the goal as text.
    """

    work: str
    ours: str
    baseline: str
    value: str
    goal: str
    kept: bool

    def line(self) -> str:
        """Format the row for the terminal."""
        mark = "kept" if self.kept else "MISSED"
        return f"{self.work:<34} {self.ours:<26} {self.baseline:<26} {self.value:>10}  {self.goal:<22} {mark}"


def measure(
    *commands: Sequence[str], runs: int, before: Callable[[], None] | None = None, expected: Collection[int] = (0,)
) -> list[Measured]:
    """Run the commands in turn, ``runs`` times each, so that a slow period of the machine affects all of them.

    Args:
        before: called before each run, and not measured.
        expected: exit codes that are not failures.

    Raises:
        SystemExit: a command failed.
    """
    found: list[list[tuple[float, float]]] = [[] for _ in commands]
    for _ in range(runs):
        for command, measured in zip(commands, found, strict=True):
            if before is not None:
                before()
            measured.append(_run(command, expected))
    return [Measured(tuple(one for one, _ in each), max(mib for _, mib in each)) for each in found]


def _run(command: Sequence[str], expected: Collection[int]) -> tuple[float, float]:
    """Return seconds and MiB. Standard output is discarded, standard error is shown."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in expected:
        raise SystemExit(f"exit {process.returncode}: {' '.join(command)}")
    return seconds, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


class Server:
    """``bench/server.py`` in a separate process, for a ``with`` block.

    Attributes:
        kubeconfig: for its API server.
        address: address of its metadata service.
        ca_file: CA of its metadata service.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [PYTHON, str(ROOT / "bench" / "server.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.kubeconfig, self.address, self.ca_file = self._line().split()

    def serve(self, extents: int, per_message: int) -> None:
        """Respond to every later query with such a stream."""
        self._process.stdin.write(f"{extents} {per_message}\n")  # type: ignore[union-attr]  # it is a pipe
        self._process.stdin.flush()  # type: ignore[union-attr]
        if self._line() != "ready":
            raise SystemExit("the server has ended")

    def cpu_seconds(self) -> float:
        """Return its CPU seconds so far; 0 if the system does not report them."""
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
        self._process.communicate()  # it ends when its input ends
