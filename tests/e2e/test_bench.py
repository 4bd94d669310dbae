"""The benchmarks measure the right work: the baseline prints the same as the command, and every benchmark runs."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from conftest import run_command

BENCH = Path(__file__).resolve().parents[2] / "bench"
EXTENTS = 10_000

sys.path.insert(0, str(BENCH))

from measuring import Server  # noqa: E402


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as started:
        started.serve(EXTENTS, 256)
        yield started


def script(name: str, *arguments: str) -> str:
    command = [sys.executable, str(BENCH / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def baseline(server: Server, work: str) -> str:
    return script("baseline.py", server.address, server.ca_file, work, "4096")


def printed(server: Server, form: str) -> str:
    found = run_command("allocated", "scratch-1", "-n", "vms", "-o", form, "--kubeconfig", server.kubeconfig)
    assert (found.returncode, found.stderr) == (0, "")
    return found.stdout


@pytest.mark.parametrize("form", ["lister-json", "csv"])
def test_the_baseline_prints_the_same_bytes(server, form):
    assert baseline(server, form) == printed(server, form)


def test_the_baseline_prints_the_same_rows(server):
    assert baseline(server, "ndjson").splitlines() == printed(server, "ndjson").splitlines()[1:-1]
    assert orjson.loads(baseline(server, "json"))["extents"] == orjson.loads(printed(server, "json"))["extents"]
    rows = [line.split() for line in baseline(server, "table").splitlines()]
    assert rows == [line.split() for line in printed(server, "table").splitlines()]


def test_the_baseline_counts_the_same_figures(server):
    summary = orjson.loads(printed(server, "json"))["summary"]
    found = baseline(server, "summary")
    covered, grain = re.search(r"covered (\d+) of \d+ grain (\d+)", found).groups()
    extents, runs, messages = re.search(r"extents (\d+) runs (\d+) messages (\d+)", found).groups()
    smallest, median, largest = re.search(r"sizes (\d+) (\d+) (\d+)", found).groups()
    chunks = re.search(r"chunks \[(.*)\]", found)[1].split(", ")
    assert (int(covered), int(grain)) == (summary["coveredBytes"], summary["grainBytes"])
    assert (int(extents), int(runs), int(messages)) == (summary["extents"], summary["runs"], summary["messages"])
    assert [int(smallest), int(median), int(largest)] == list(summary["sizes"].values())
    assert [int(chunk) for chunk in chunks] == [cost["sizeBytes"] for cost in summary["readByChunkSize"]]
    assert "broken Counter()" in found


def test_what_is_received_raw_is_the_whole_stream(server):
    assert script("receive.py", server.address, server.ca_file).startswith(f"{-(-EXTENTS // 256)} messages, ")


def test_the_stages_are_accepted_apart():
    found = orjson.loads(script("stages.py", "20000"))
    assert {"decode, 4096 a message", "rules", "rows of json"} <= set(found)
    assert all(value > 0 for value in found.values())


def test_the_map_is_loaded_whole(server):
    script("map_memory.py", server.kubeconfig)


def test_the_list_of_snapshots_is_opened_marked_filtered_and_moved_in():
    found = script("browse.py", "50")
    assert re.findall(r"([a-z ]+) [0-9.]+ ms", found) == ["mark", " filter by a letter", " move the cursor", " open"]
