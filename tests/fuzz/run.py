"""Fuzz the inputs that come from others: ``make fuzz``, or ``python tests/fuzz/run.py [TARGET …]``.

A case is a target, a seed and a number; the same three give the same case. In the environment:

    FUZZ_SEED      of the run (default: the clock)
    FUZZ_SECONDS   how long (default: 600)
    FUZZ_CASES     how many cases of each target at most (default: as many as the time allows)
    FUZZ_CASE      run this one case only
    FUZZ_WORKERS   processes (default: one a core)

Promised of every case: no exception but ours, exit code 0, 1, 2 or 130, no traceback and no internal error, documents
that parse, an end within seconds, and memory that has a limit. Whatever fails is printed with what reproduces it.
"""

import contextlib
import faulthandler
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "contract"), str(TESTS / "unit")]

CASE_SECONDS = 20.0
"""A case takes about ten milliseconds, longer on a busy machine."""
PER_TURN = {"decoder": 20, "documents": 4, "kubeconfigs": 2}
PER_TURN_OF_A_LIST = 10
MEMORY_BYTES = 4 * 2**30
MOST_FINDINGS = 20


class Hang(BaseException):
    """A case took too long. No Exception: nothing that is fuzzed may catch it."""


def main() -> int:
    """Run; returns the exit code."""
    from fuzz.targets import TARGETS

    names = sys.argv[1:] or list(TARGETS)
    seed = int(os.environ.get("FUZZ_SEED") or time.time())
    seconds = float(os.environ.get("FUZZ_SECONDS") or 600)
    cases = int(os.environ.get("FUZZ_CASES") or 10**9)
    only = os.environ.get("FUZZ_CASE")
    workers = 1 if only else int(os.environ.get("FUZZ_WORKERS") or os.cpu_count() or 1)
    print(f"fuzzing {', '.join(names)}: FUZZ_SEED={seed}", flush=True)
    shares = [(names, seed, number, workers, seconds, cases, only) for number in range(workers)]
    if workers == 1:
        results = [work(*shares[0])]
    else:
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            # A worker that the limit of memory or a crash ends would be waited for without an end.
            pending = pool.starmap_async(work, shares, chunksize=1)
            results = pending.get(timeout=seconds + 10 * CASE_SECONDS)
    ran: Counter[str] = sum((count for count, _ in results), Counter())
    found = sum(findings for _, findings in results)
    print(
        f"{sum(ran.values())} cases ({', '.join(f'{name} {ran[name]}' for name in names)}), {found} findings",
        flush=True,
    )
    return 1 if found else 0


def work(
    names: list[str], seed: int, worker: int, workers: int, seconds: float, cases: int, only: str | None
) -> tuple[Counter[str], int]:
    """A worker's share: every ``workers``-th turn."""
    from fuzz.targets import TARGETS, Stage

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGALRM, _hangs)
    # Reading the system's authorities is slower than the rest of a case, and no case uses TLS.
    os.environ["SSL_CERT_FILE"] = os.devnull
    ran: Counter[str] = Counter()
    seen: set[str] = set()
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="cbt-fuzz-") as folder:
        stage = Stage(Path(folder))
        targets = {name: TARGETS[name](stage) for name in names}
        number = int(only) if only else worker
        while time.monotonic() < end and number < cases and len(seen) < MOST_FINDINGS:
            for name, case in _turn(names, number, cases, alone=bool(only)):
                stage.last = {}
                failure = _failure_of(targets[name], Random(f"{seed}/{name}/{case}"))
                ran[name] += 1
                if failure and _kind(failure) not in seen:
                    seen.add(_kind(failure))
                    _print(name, seed, case, failure, stage)
            number += workers
            if only:
                break
    return ran, len(seen)


def _turn(names: list[str], number: int, cases: int, *, alone: bool) -> Iterator[tuple[str, int]]:
    """The cases of a turn: one of each target, and of a fast one as many as take about that long."""
    for name in names:
        share = 1 if alone else PER_TURN_OF_A_LIST if name.startswith("list-") else PER_TURN.get(name, 1)
        yield from ((name, case) for case in range(number * share, (number + 1) * share) if alone or case < cases)


def _failure_of(target: Any, random: Random) -> str:
    """What went wrong with a case; empty when nothing did."""
    # In C, where no Python handler runs: the process ends, with the place.
    faulthandler.dump_traceback_later(3 * CASE_SECONDS, exit=True)
    signal.setitimer(signal.ITIMER_REAL, CASE_SECONDS)
    try:
        target.case(random)
    except Hang:
        return f"it hangs\n{traceback.format_exc()}"
    except BaseException as error:  # all there is to find
        if isinstance(error, KeyboardInterrupt):
            raise
        return traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
    return ""


def _hangs(*_: object) -> None:
    raise Hang


def _kind(failure: str) -> str:
    """What two failures of one fault have in common: their last places."""
    places = [line.strip() for line in failure.splitlines() if line.strip().startswith("File ")]
    return "\n".join(places[-2:]) or failure[-200:]


def _print(name: str, seed: int, number: int, failure: str, stage: Any) -> None:
    kept = Path(tempfile.mkdtemp(prefix=f"cbt-fuzz-{name}-{number}-"))
    for file, data in stage.last.items():
        with contextlib.suppress(OSError):
            (kept / file).write_bytes(data)
    print(f"\nFOUND in {name}, case {number}: its input is in {kept}\n{failure.rstrip()}")
    print(f"again: FUZZ_SEED={seed} FUZZ_CASE={number} python tests/fuzz/run.py {name}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
