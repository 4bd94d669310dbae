"""The imports of commands and their time: ``python -X importtime``, summed by package.

    python bench/imports.py [COMMAND ARGUMENT ...]        default: the commands with a budget

A budget is a multiple of the time of ``import kubernetes.client, grpc, numpy``, measured in the same run.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
from collections import Counter

from measuring import PYTHON

BUDGET: dict[tuple[str, ...], float] = {("--help",): 0.5, ("version",): 0.75, ("snapshots", "-A"): 0.9}
"""The last entry imports what a completion of a snapshot's name does, and a little more."""
BARE = "import kubernetes.client, grpc, numpy"

_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)")
_COMMAND = "import sys; sys.argv = ['kubectl-cbt', *{!r}]; from kubectl_cbt.__main__ import main; main()"


def imported(code: str) -> Counter[str]:
    """Return the milliseconds by top-level package, without nested imports."""
    found = subprocess.run([PYTHON, "-X", "importtime", "-c", code], capture_output=True, text=True, check=False)
    packages: Counter[str] = Counter()
    for microseconds, module in _LINE.findall(found.stderr):
        packages[module.partition(".")[0]] += int(microseconds) / 1000
    return packages


def total(code: str, runs: int) -> float:
    """Return the milliseconds, the median of several runs."""
    return statistics.median(imported(code).total() for _ in range(runs))


def of_command(arguments: tuple[str, ...]) -> str:
    """Return code that runs the command."""
    return _COMMAND.format(list(arguments))


def main() -> None:
    """Print a table for each command."""
    commands = [tuple(sys.argv[1:])] if sys.argv[1:] else list(BUDGET)
    for code in (BARE, *map(of_command, commands)):
        packages = imported(code)
        print(f"{code}\n{packages.total():8.1f} ms in all")
        for package, milliseconds in packages.most_common(12):
            print(f"{milliseconds:8.1f} ms {package}")


if __name__ == "__main__":
    main()
