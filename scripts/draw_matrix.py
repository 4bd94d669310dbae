"""Run check and doctor against every fault of the demo, and write which case or hop finds it to docs/faults.md.

``python scripts/draw_matrix.py [FAULT …]`` rewrites the table, or the rows named (``make matrix``). Each cell is
the result of a run of the installed command. A test runs every row again, with the first case in it, for each
different cell.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.csi_service import CsiService
from kubectl_cbt.demo.driver.faults import FAULTS, NO_FAULTS, Fault, Part, parse_faults
from kubectl_cbt.demo.scenarios import PAGES_DRIVER

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "faults.md"
Run = Callable[[list[str]], str]

BEGIN, END = "<!-- matrix -->\n", "<!-- end of matrix -->"
COMMAND = Path(sys.executable).with_name("kubectl-cbt")

# Enough to show a fault, and fast enough for a hundred runs.
_VALUES = {"cut-after": "1", "reset-after": "1", "deadline-after": "0", "slow": "1", "old-bases-lost": "1"}
# A fault without a response shows at the deadline. All others get the usual minute: on a busy machine a correct driver
# can take seconds.
_DEADLINES = {"hang": "4s"}
_WORKERS = 2
NOTHING = "—"


@dataclass(frozen=True)
class Place:
    """A command that can find a fault."""

    heading: str
    verb: str
    arguments: tuple[str, ...]
    at_socket: bool = False


PLACES = (
    Place("check, VARIABLE_LENGTH", "check", ("snap-a", "snap-c", "--third", "snap-b")),
    Place("check, FIXED_LENGTH", "check", ("win-0900", "win-1100", "-n", "vms", "--third", "win-1000")),
    Place("check, at the driver's socket", "check", (), at_socket=True),
    Place("doctor", "doctor", ("snap-a", "snap-c")),
)


def form_of(fault: Fault | None) -> str:
    """Return a fault as a command-line value, with the matrix's value; empty for no fault."""
    if fault is None:
        return ""
    return f"{fault.name}={_VALUES[fault.name]}" if fault.value else fault.name


def run_script(arguments: list[str]) -> str:
    """Return the output of the installed command."""
    left_out = ("KUBECONFIG", "CSI_ENDPOINT", "KUBECTL_CBT_SERVICE_ACCOUNT")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    found = subprocess.run(
        [str(COMMAND), *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    if not found.stdout:
        raise RuntimeError(f"{arguments}: {found.stderr}")
    return found.stdout


def named(fault: Fault | None, place: Place, only: Iterable[str] = (), run: Run = run_script) -> list[str]:
    """Return the ids of the cases or hops that fail or, with a question mark, warn.

    Args:
        run: runs the command with some arguments, and returns what it prints.
    """
    patterns = [part for case in only for part in ("--only", case)]
    limit = _DEADLINES.get(fault.name if fault else "")
    deadline = ["--deadline", limit] if limit and place.verb == "check" else []
    arguments = [place.verb, "-o", "json", *deadline, *patterns]
    if place.at_socket:
        return _at_socket(fault, arguments, run)
    faults = ["--fault", form_of(fault)] if fault else []
    return _findings(run([*arguments, *place.arguments, "--demo", *faults]))


def _at_socket(fault: Fault | None, arguments: list[str], run: Run) -> list[str]:
    faults = parse_faults([form_of(fault)]) if fault else NO_FAULTS
    with DemoCluster(faults=faults) as cluster, TemporaryDirectory(prefix="kubectl-cbt-matrix-") as folder:
        path = Path(folder) / "csi.sock"
        with CsiService(cluster.services[PAGES_DRIVER].plugin, path):
            ids = [_handle(cluster, name) for name in ("snap-a", "snap-b", "snap-c")]
            pair = [ids[0], ids[1], "--third", ids[2]]
            return _findings(run([*arguments, *pair, "--csi-endpoint", f"unix://{path}"]))


def _handle(cluster: DemoCluster, name: str) -> str:
    snapshot = cluster.store.get("volumesnapshots", name, "default")
    content = cluster.store.get("volumesnapshotcontents", snapshot["status"]["boundVolumeSnapshotContentName"])
    return str(content["status"]["snapshotHandle"])


def _findings(document: str) -> list[str]:
    marks = {"fail": "", "warn": "?"}
    findings = json.loads(document)["findings"]
    return [finding["id"] + marks[finding["verdict"]] for finding in findings if finding["verdict"] in marks]


def table(old: str, only: Collection[str] = ()) -> str:
    """Return the matrix, from real runs.

    Args:
        old: the previous table.
        only: names of faults whose rows are run again; the others are kept. All, when empty.
    """
    kept = {line.split("`")[1].partition("=")[0]: line for line in old.splitlines() if line.startswith("| `")}
    faults = [fault for fault in (None, *FAULTS) if not only or (fault and fault.name in only)]
    jobs = [(fault, place) for fault in faults for place in PLACES]
    with ThreadPoolExecutor(_WORKERS) as workers:
        cells = dict(zip(jobs, workers.map(lambda job: _cell(*job), jobs), strict=True))
    lines = [
        "| fault | what it is | " + " | ".join(place.heading for place in PLACES) + " |",
        "|---|---|" + "---|" * len(PLACES),
    ]
    for fault in (None, *FAULTS):
        if fault not in faults:
            lines.append(kept[fault.name] if fault else next(line for line in old.splitlines() if "| none |" in line))
            continue
        name = f"`{fault.form}`" if fault else "none"
        summary = fault.summary if fault else "a clean demo"
        lines.append(f"| {name} | {summary} | " + " | ".join(cells[fault, place] for place in PLACES) + " |")
    return "\n".join(lines) + "\n"


def _cell(fault: Fault | None, place: Place) -> str:
    if place.at_socket and fault is not None and fault.part is Part.SIDECAR:
        return "(sidecar's)"
    found = named(fault, place)
    print(f"{form_of(fault) or 'none'} {place.heading}: {' '.join(found)}", file=sys.stderr, flush=True)
    return " ".join(f"`{one}`" for one in found) or NOTHING


def rows(text: str) -> dict[str, list[list[str]]]:
    """Return the cells of the document by fault name."""
    found = {}
    for line in text.partition(BEGIN)[2].partition(END)[0].splitlines()[2:]:
        name, _, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        found[name.strip("`").partition("=")[0]] = [[one.strip("`") for one in cell.split()] for cell in cells]
    return found


if __name__ == "__main__":
    old = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = old.partition(BEGIN)
    new = table(rest.partition(END)[0], sys.argv[1:])
    DOCUMENT.write_text(f"{before}{BEGIN}{new}{END}{rest.partition(END)[2]}", encoding="utf-8")
    print(f"rewrote {DOCUMENT.relative_to(ROOT)}")
