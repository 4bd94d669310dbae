"""``make bench``: every goal for speed and memory, measured against its baseline in one run.

    python bench/run.py [--quick] [PART …]

Starts its own server, runs each row five times in turn with its baseline, prints medians and whether the goal was met,
and writes ``bench/results.json``, from which ``scripts/draw_performance.py`` generates the tables and the picture of
``docs/performance.md``. With names of parts, only those are measured, and replace their results in the file.
``--quick`` runs everything once with few extents, as a test, and writes nothing.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from compare import COMPARED, saved_lists
from devices import verifying
from imports import BARE, BUDGET, imported, of_command, total
from large_kubeconfig import large_kubeconfig
from measuring import BIN, PYTHON, ROOT, Measured, Row, Server, measure
from reports import inventory, reporting
from screens import browsing, redrawing, timelining

RESULTS = ROOT / "bench" / "results.json"
QUICK = "--quick" in sys.argv[1:]
WANTED = [name for name in sys.argv[1:] if not name.startswith("-")]
RUNS = 1 if QUICK else 5
MILLION = 10_000 if QUICK else 1_000_000
PAGE, SMALL_PAGE = 4096, 256
STREAM = 4 * MILLION
REPORTED_VOLUMES = (10, 20) if QUICK else (200, 2_000)
INVENTORY_VOLUMES = 10 if QUICK else 4_167
"""The demo has 2.4 snapshots a volume: 10,000."""
MANY_SNAPSHOTS = 1_000 if QUICK else 10_000
VERIFIED_BYTES = 2**26 if QUICK else 2**32
SCALE = tuple(count * MILLION // 1_000_000 for count in (10_000, 100_000, 1_000_000, 4_000_000, 16_000_000, 64_000_000))

FASTER = {"summary": 4.0, "lister-json": 3.0, "json": 3.0, "ndjson": 3.0, "csv": 3.0, "table": 4.0}
PRINTED = ("table", "wide", "json", "yaml", "ndjson", "csv", "name", "lister-json")
SLOWER_IN_SMALL_PAGES = 3.0
GROWTH, PRINTING_MIB = 1.15, 160.0
BYTES_AN_EXTENT = 16
START_SECONDS = 0.25
KUBECONFIG_TIMES = 1.5
DELTA_TIMES, COMPLETION_TIMES = 1.15, 1.2
OWN_MODULES_MS = 50.0
COMPARE_TIMES = 3.0

SNAPSHOT = ("scratch-1", "-n", "vms")
READ_KUBECONFIG = (
    "import sys; from kubectl_cbt.kube.kubeconfig import ConfigFlags, select_context;"
    " select_context(ConfigFlags(kubeconfig=sys.argv[1]))"
)
BARE_IMPORTS = (PYTHON, "-c", "import kubernetes.client, grpc, numpy")


def kubectl_cbt(form: str, *more: str) -> tuple[str, ...]:
    """Return the command that reads the whole stream."""
    return (str(BIN / "kubectl-cbt"), "allocated", *SNAPSHOT, "-o", form, *more)


def receiving(server: Server) -> Iterator[str]:
    """Measure whether the server is the bottleneck: its CPU time for a stream, and how fast that is received."""
    command = (PYTHON, str(ROOT / "bench" / "receive.py"), server.address, server.ca_file)
    for page in (PAGE, SMALL_PAGE):
        server.serve(STREAM, page)
        before = server.cpu_seconds()
        (found,) = measure(command, runs=RUNS)
        cpu = (server.cpu_seconds() - before) / RUNS
        yield (
            f"raw receive of {STREAM:,} extents, {page} a message: {found.median:.2f} s ({found.spread}) as a whole"
            f" process; the server computed {cpu:.2f} s for it"
        )


def _faster(work: str, ours: Measured, name: str, theirs: Measured, goal: float) -> Row:
    ratio = theirs.median / ours.median
    return Row(
        work,
        f"{ours.median:.2f} s ({ours.spread})",
        f"{name} {theirs.median:.2f} s ({theirs.spread})",
        f"{ratio:.1f}×",
        f"≥ {goal:g}× as fast",
        ratio >= goal,
    )


def streaming(server: Server) -> Iterator[Row]:
    """Compare with the same work using an object per extent."""
    server.serve(STREAM, PAGE)
    at_page = {}
    for work, goal in FASTER.items():
        baseline = (PYTHON, str(ROOT / "bench" / "baseline.py"), server.address, server.ca_file, work, str(PAGE))
        ours, theirs = measure(kubectl_cbt(work), baseline, runs=RUNS)
        at_page[work] = ours
        yield _faster(f"stream → {work}", ours, "objects", theirs, goal)
    server.serve(STREAM, SMALL_PAGE)
    for work in FASTER:
        (small,) = measure(kubectl_cbt(work, "--max-results", str(SMALL_PAGE)), runs=RUNS)
        ratio = small.median / at_page[work].median
        yield Row(
            f"{work}, {SMALL_PAGE} a message",
            f"{small.median:.2f} s ({small.spread})",
            f"at {PAGE} {at_page[work].median:.2f} s",
            f"{ratio:.2f}×",
            f"≤ {SLOWER_IN_SMALL_PAGES:g}× as long",
            ratio <= SLOWER_IN_SMALL_PAGES,
        )


def memory(server: Server) -> Iterator[Row]:
    """Measure peak memory with 1 and with 16 million extents."""
    commands = {form: kubectl_cbt(form) for form in (*PRINTED, "summary")}
    server.serve(MILLION, PAGE)
    small = {form: measure(command, runs=RUNS)[0].peak_mib for form, command in commands.items()}
    server.serve(16 * MILLION, PAGE)
    large = {form: measure(command, runs=RUNS)[0].peak_mib for form, command in commands.items()}
    for form in PRINTED:
        growth = large[form] / small[form]
        yield Row(
            f"peak of {form}",
            f"{large[form]:.0f} MiB at {16 * MILLION:,}",
            f"{small[form]:.0f} MiB at {MILLION:,}",
            f"{growth:.2f}×",
            f"≤ {GROWTH:g}×, < {PRINTING_MIB:.0f} MB",
            growth <= GROWTH and large[form] * 2**20 / 1e6 < PRINTING_MIB,
        )
    (screen,) = measure((PYTHON, str(ROOT / "bench" / "map_memory.py"), server.kubeconfig), runs=RUNS)
    limit = 16 * MILLION * BYTES_AN_EXTENT / 1e6 + PRINTING_MIB
    for work, peak in (("summary", large["summary"]), ("heatmap", screen.peak_mib)):
        yield Row(
            f"peak of {work}",
            f"{peak:.0f} MiB at {16 * MILLION:,}",
            "",
            f"{peak * 2**20 / 1e6:.0f} MB",
            f"≤ {limit:.0f} MB",
            peak * 2**20 / 1e6 <= limit,
        )


def starting(server: Server) -> Iterator[Row]:
    """Measure the start of a command, before it reads anything."""
    server.serve(10, PAGE)
    runs = RUNS * 3
    for arguments in (("--help",), ("version",)):
        ours, bare = measure((str(BIN / "kubectl-cbt"), *arguments), (PYTHON, "-c", "pass"), runs=runs)
        added = ours.median - bare.median
        yield Row(
            f"kubectl-cbt {arguments[0]}",
            f"{ours.median:.2f} s ({ours.spread})",
            f"python -c pass {bare.median:.2f} s",
            f"+{added:.2f} s",
            f"≤ +{START_SECONDS:g} s",
            added <= START_SECONDS,
        )
    for work, command, goal in (
        (
            "delta of ten extents, -o json",
            (str(BIN / "kubectl-cbt"), "delta", "scratch-1", "scratch-2", "-n", "vms", "-o", "json"),
            DELTA_TIMES,
        ),
        (
            "complete a snapshot's name",
            (str(BIN / "kubectl_complete-cbt"), "allocated", "-n", "vms", ""),
            COMPLETION_TIMES,
        ),
    ):
        ours, bare = measure(command, BARE_IMPORTS, runs=runs)
        ratio = ours.median / bare.median
        yield Row(
            work,
            f"{ours.median:.2f} s ({ours.spread})",
            f"bare imports {bare.median:.2f} s ({bare.spread})",
            f"{ratio:.2f}×",
            f"≤ {goal:g}×",
            ratio <= goal,
        )


def importing() -> Iterator[Row]:
    """Measure the imports within the start."""
    runs = RUNS * 3
    bare = total(BARE, runs)
    for arguments, goal in BUDGET.items():
        milliseconds = total(of_command(arguments), runs)
        ratio = milliseconds / bare
        yield Row(
            f"imports of {' '.join(arguments)}",
            f"{milliseconds:.0f} ms",
            f"bare imports {bare:.0f} ms",
            f"{ratio:.2f}×",
            f"≤ {goal:g}×",
            ratio <= goal,
        )
    arguments = ("delta", *SNAPSHOT[:1], "scratch-2", *SNAPSHOT[1:], "-o", "json")
    own = statistics.median(imported(of_command(arguments))["kubectl_cbt"] for _ in range(runs))
    yield Row(
        "own modules of delta", f"{own:.0f} ms", "", f"{own:.0f} ms", f"≤ {OWN_MODULES_MS:g} ms", own <= OWN_MODULES_MS
    )


def comparing(server: Server) -> Iterator[Row]:
    """Compare two saved lists, against reading both; their memory must not grow with them."""
    small = saved_lists(server, MILLION, PAGE, min(RUNS, 3))
    large = saved_lists(server, 16 * MILLION, PAGE, min(RUNS, 3))
    for form in COMPARED:
        ours, reading = large[form], 2 * large["reading"].median
        ratio, growth = ours.median / reading, ours.peak_mib / small[form].peak_mib
        yield Row(
            f"compare → {form}",
            f"{ours.median:.1f} s ({ours.spread})",
            f"reading both {reading:.1f} s",
            f"{ratio:.2f}×",
            f"< {COMPARE_TIMES:g}× as long",
            ratio < COMPARE_TIMES,
        )
        yield Row(
            f"peak of compare → {form}",
            f"{ours.peak_mib:.0f} MiB at {16 * MILLION:,}",
            f"{small[form].peak_mib:.0f} MiB at {MILLION:,}",
            f"{growth:.2f}×",
            f"≤ {GROWTH:g}×, < {PRINTING_MIB:.0f} MB",
            growth <= GROWTH and ours.peak_mib * 2**20 / 1e6 < PRINTING_MIB,
        )


def kubeconfigs() -> Iterator[Row]:
    """Measure large kubeconfigs, compared with the real kubectl if it is installed."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        for contexts in (100,) if QUICK else (1_000, 9_800):
            path = Path(folder) / f"{contexts}.yaml"
            path.write_text(large_kubeconfig(contexts), encoding="utf-8")
            ours, theirs = measure(
                (PYTHON, "-c", READ_KUBECONFIG, str(path)),
                (kubectl, "--kubeconfig", str(path), "config", "current-context"),
                runs=RUNS,
            )
            ratio = ours.median / theirs.median
            yield Row(
                f"kubeconfig of {contexts:,} contexts",
                f"{ours.median:.2f} s ({ours.spread})",
                f"kubectl {theirs.median:.2f} s ({theirs.spread})",
                f"{ratio:.2f}×",
                f"≤ {KUBECONFIG_TIMES:g}×",
                ratio <= KUBECONFIG_TIMES,
            )


def lister(server: Server) -> Iterator[Row]:
    """Compare with upstream's lister, if it is installed."""
    path = shutil.which("snapshot-metadata-lister")
    if path is None:
        return
    server.serve(STREAM, PAGE)
    for work, form in (("lister-json", "json"), ("table", "table")):
        theirs_command = (path, "-kubeconfig", server.kubeconfig, "-n", "vms", "-s", "scratch-1", "-o", form)
        ours, theirs = measure(kubectl_cbt(work), theirs_command, runs=RUNS)
        yield _faster(f"stream → {work}, upstream's lister", ours, "lister", theirs, 1)


def taking_apart() -> dict[str, float]:
    """Measure nanoseconds per extent by stage."""
    command = (PYTHON, str(ROOT / "bench" / "stages.py"), str(STREAM))
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return found


def scaling(server: Server) -> Iterator[dict[str, float]]:
    """Measure how time and memory grow with the stream."""
    for count in SCALE:
        server.serve(count, PAGE)
        found = measure(kubectl_cbt("summary"), kubectl_cbt("json"), runs=min(RUNS, 3))
        yield {
            "extents": count,
            "summarySeconds": round(found[0].median, 3),
            "summaryMiB": round(found[0].peak_mib, 1),
            "jsonSeconds": round(found[1].median, 3),
            "jsonMiB": round(found[1].peak_mib, 1),
        }


def say(text: str) -> None:
    """Print without buffering: a run takes a quarter of an hour."""
    print(text, flush=True)


def rows_of(server: Server) -> dict[str, Iterator[Row]]:
    """The goals by part, in the order of the page. Nothing is measured before a part is iterated over."""
    return {
        "streaming": streaming(server),
        "memory": memory(server),
        "redrawing": redrawing(16 * MILLION),
        "timeline": timelining(),
        "browsing": browsing(MANY_SNAPSHOTS),
        "starting": starting(server),
        "importing": importing(),
        "compare": comparing(server),
        "kubeconfigs": kubeconfigs(),
        "verify": verifying(VERIFIED_BYTES, RUNS),
        "report": reporting(*REPORTED_VOLUMES, RUNS),
        "inventory": inventory(INVENTORY_VOLUMES, RUNS),
        "lister": lister(server),
    }


def _printed(part: Iterator[Any], text: Callable[[Any], str]) -> list[Any]:
    """The results of a part, each printed as soon as it is measured."""
    found = []
    for one in part:
        say(text(one))
        found.append(one)
    return found


def _point(point: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:,}" for name, value in point.items())


def main() -> int:
    """Print results while measuring; exit with 1 if a goal is missed, with 2 for a part that does not exist."""
    with Server() as server:
        os.environ["KUBECONFIG"] = server.kubeconfig
        rows = rows_of(server)
        names = ("receive", *rows, "stages", "scaling")
        if unknown := set(WANTED) - set(names):
            print(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(names)}", file=sys.stderr)
            return 2
        found: dict[str, list[Any]] = {}
        for name in WANTED or names:
            if name in rows:
                found[name] = _printed(rows[name], Row.line)
            elif name == "receive":
                found[name] = _printed(receiving(server), str)
            elif name == "stages":
                found[name] = _printed(iter(taking_apart().items()), lambda stage: f"{stage[0]} {stage[1]} ns")
            else:
                found[name] = _printed(scaling(server), _point)
    goals = [row for name in rows for row in found.get(name, ())]
    if not QUICK:
        _write(found, rows)
    missed = [row.work for row in goals if not row.kept]
    print(f"missed: {', '.join(missed)}" if missed else f"all {len(goals)} goals kept")
    return 1 if missed else 0


def _write(found: dict[str, list[Any]], parts: Iterable[str]) -> None:
    """Replace what was measured in the file; all of it unless parts were named."""
    before = json.loads(RESULTS.read_text(encoding="utf-8"))
    rows = {part: [row for row in before["rows"] if row["part"] == part] for part in parts}
    rows |= {part: [{"part": part, **asdict(row)} for row in found[part]] for part in parts if part in found}
    document = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "runs": RUNS,
        "receive": found.get("receive", before["receive"]),
        "rows": [row for part in rows.values() for row in part],
        "stages": dict(found["stages"]) if "stages" in found else before["stages"],
        "scaling": found.get("scaling", before["scaling"]),
    }
    RESULTS.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
