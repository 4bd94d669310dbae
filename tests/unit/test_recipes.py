"""CONTRIBUTING's recipes for a rule, a hop, a format and a document kind, followed in a copy of the tree."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import command_environment

import kubectl_cbt
from kubectl_cbt.analysis.rules.all_rules import RULES, registered
from kubectl_cbt.analysis.rules.size_rules import PositiveSize
from kubectl_cbt.checks.check import check_sequence
from kubectl_cbt.checks.conformance.cases import CASES

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def recipe(name: str) -> str:
    return re.search(rf"\*\*{name}\*\*\n(.+?)\n\n", CONTRIBUTING, re.DOTALL)[1]


RULE, HOP = recipe("A rule"), recipe("A hop of doctor")
FORMAT, KIND = recipe("An output format"), recipe("A kind of file for `open`")

ATTRIBUTES = {
    "id": '"W9"',
    "level": "WARNING",
    "title": '"no extent starts at byte 0"',
    "rationale": '"The first block holds the partition table."',
    "usual_bug": '"A volume that was formatted."',
}
CHECK = """
    def check(self, records: Records) -> None:
        self.extents_break(records, (records.offsets == 0, "starts at byte 0"))
"""

NEW_HOP = """

def _ages(context: DiagnosisContext, result: CheckResult) -> None:
    result.note(f"{len(context.fact(SNAPSHOTS))} snapshot")


AGES = Check("ages", "the snapshots are recent", _ages, (SNAPSHOTS,))
"""

DIRTY_RANGES = '''
"""Lines of offset and size, after a line with the size of the volume."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kubectl_cbt.documents.document_head import DocumentHead, query_of_file
from kubectl_cbt.documents.document_stream import Document
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.model.record import Record


class DirtyRanges(Document):
    """Extents without messages."""

    def __init__(self, text: JsonCursor, kind: str | None) -> None:
        self._text = text
        first_line = next(self._lines())
        self.head = DocumentHead(query_of_file(text.name, kind), 2, int(first_line.split()[-1]), has_kind=False)

    def records(self) -> Iterator[Record]:
        for number, lines in enumerate(self._lines(), 1):
            offsets, sizes = np.array(lines.split(), dtype=np.int64).reshape(-1, 2).T
            yield Record(number, 2, self.head.volume_capacity_bytes or 0, offsets, sizes)

    def _lines(self) -> Iterator[bytes]:
        """Whole lines that are in memory."""
        text = self._text
        while text.position < len(text.data) or text.more():
            end = text.data.find(b"\\n", text.position) + 1
            if end:
                lines = text.data[text.position : end]
                text.advance(end)
                yield lines
            elif not text.more():
                return
'''
TESTS = (
    "tests/golden",
    "tests/unit/test_hostile_text.py::test_no_format_of_a_stream_passes_hostile_text_on[ssv]",
    "tests/unit/test_saved_kinds.py::test_every_file_of_the_folder_is_in_a_table",
    "tests/unit/test_saved_kinds.py::test_messages_open_however_they_arrive",
    "tests/e2e/test_docs.py::test_every_format_and_every_rule_is_documented",
)
"""Those that look at every format, and at every kind of document."""

# One process for all: what takes the time is to import the package.
RUN = """
import sys
from kubectl_cbt.cli.app import run
for line in sys.stdin.read().splitlines():
    print(f"== {line}: {run(line.split())}", flush=True)
"""


def path_in(text: str, package: Path, name: str) -> Path:
    """The file of that name that a recipe names, in a copy of the package."""
    (path,) = re.findall(rf"`([\w/]+/{name})`", text)
    return package / path


def edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text)


def run_in(folder: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN],
        input="\n".join(lines),
        env=command_environment(PYTHONPATH=str(folder)),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return Path(shutil.copytree(Path(kubectl_cbt.__file__).parent, tmp_path / "kubectl_cbt"))


def test_a_rule_made_by_the_recipe_is_listed_explained_and_watched(package):
    module = package / "analysis" / "rules" / "position_rules.py"
    named = re.findall(r"`(\w+)`", RULE.split("2.")[0])
    made = "".join(f"    {name} = {ATTRIBUTES[name]}\n" for name in named)
    module.write_text(f'{module.read_text()}\n\nclass NotFirst(Rule):\n    """W9."""\n\n{made}{CHECK}')
    edit(
        path_in(RULE, package, r"all_rules\.py"),
        ("import Ascending, ", "import Ascending, NotFirst, "),
        ("    KnownEnd,\n", "    KnownEnd,\n    NotFirst,\n"),
    )
    lines = (
        "check --list",
        "check --explain rule-w9",
        "check snap-a --demo --only rule-w9",
        "allocated snap-a --demo -o summary",
    )
    ran = run_in(package.parent, *lines)
    assert [f"== {line}: 0" for line in lines] == [line for line in ran.stdout.splitlines() if line.startswith("== ")]
    listed, explanation_of, checked, streamed = re.split(r"== .*: 0\n", ran.stdout)[:4]
    assert "rule-w9                  SHOULD  no extent starts at byte 0\n" in listed
    assert "Why it matters\nThe first block holds the partition table.\n" in explanation_of
    assert "The usual bug\nA volume that was formatted.\n" in explanation_of
    assert "! rule-w9 " in checked
    assert "starts at byte 0" in checked
    assert "W9" in streamed + ran.stderr


def test_a_hop_made_by_the_recipe_is_run_and_takes_the_facts_it_needs(package):
    module = package / "checks" / "doctor" / "snapshot_hops.py"
    module.write_text(module.read_text() + NEW_HOP)
    edit(
        path_in(HOP, package, r"hop_sequences\.py"),
        ("import CLASSES, ", "import AGES, CLASSES, "),
        ("    CLASSES,\n", "    CLASSES,\n    AGES,\n"),
    )
    ran = run_in(package.parent, "doctor snap-a --demo -o json")
    document, _, _ = ran.stdout.partition("== ")
    found = {finding["id"]: finding for finding in json.loads(document)["findings"]}
    assert (found["ages"]["verdict"], found["ages"]["evidence"]) == ("pass", ["1 snapshot"])


def files_of(tree: Path) -> dict[Path, bytes]:
    """What a person would see there: no caches."""
    paths = (path.relative_to(tree) for path in tree.rglob("*") if path.is_file())
    return {path: (tree / path).read_bytes() for path in paths if not path.parts[0].startswith(".")}


def make_format(tree: Path) -> None:
    text = path_in(FORMAT, tree / "kubectl_cbt", r"csv\.py").read_text()
    text = text.replace("CsvWriter", "SsvWriter").replace("byteOffset,", "byteOffset;").replace('","', '";"')
    (tree / "kubectl_cbt" / "output" / "ssv.py").write_text(text)
    csv = '    CSV = "csv", "csv.CsvWriter"\n'
    edit(path_in(FORMAT, tree / "kubectl_cbt", r"registry\.py"), (csv, f'{csv}    SSV = "ssv", "ssv.SsvWriter"\n'))
    edit(path_in(FORMAT, tree, r"output\.md"), ("| `name` |", "| `ssv` | two columns | as `csv` |\n| `name` |"))


def make_kind(tree: Path) -> None:
    (tree / "kubectl_cbt" / "documents" / "dirty_ranges.py").write_text(DIRTY_RANGES.lstrip())
    row = 'DocumentKind("dirty ranges", _starting(b"# dirty of "), lambda o: DirtyRanges(o.text, o.options.kind))'
    edit(
        path_in(KIND, tree / "kubectl_cbt", r"kinds\.py"),
        ("import unsupported\n", "import unsupported\nfrom kubectl_cbt.documents.dirty_ranges import DirtyRanges\n"),
        ("    RECORDING,\n", f"    RECORDING,\n    {row},\n"),
    )
    (tree / "tests" / "files" / "open" / "dirty.txt").write_text("# dirty of 65536\n0 4096\n8192 4096\n")
    edit(
        path_in(KIND, tree, r"test_saved_kinds\.py"),
        ("OPENED = {\n", 'OPENED = {\n    "dirty.txt": ([(0, 4096), (8192, 4096)], 2, 65536, []),\n'),
    )
    edit(path_in(KIND, tree, r"commands\.md"), ("\n- messages that", "\n- lists of dirty ranges,\n- messages that"))


def test_a_format_and_a_kind_made_by_their_recipes_pass_the_tests_and_change_few_files(tmp_path):
    for name in ("kubectl_cbt", "tests", "docs", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    trees = [files_of(tmp_path)]
    for make in (make_format, make_kind):
        make(tmp_path)
        trees.append(files_of(tmp_path))
        assert 0 < sum(trees[-1][path] != data for path, data in trees[-2].items()) <= 3
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *TESTS],
        env=command_environment(PYTHONPATH=str(tmp_path), PYTHONDONTWRITEBYTECODE="1", UPDATE_GOLDEN="1"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    written = {path.name: data for path, data in files_of(tmp_path).items() if trees[-1].get(path) != data}
    assert sorted(written) == ["complete.ssv", "empty.ssv", "failed-at-once.ssv", "failed.ssv"]
    assert written["complete.ssv"].startswith(b"byteOffset;sizeBytes\n")


@pytest.mark.parametrize("steps", [RULE, HOP, FORMAT, KIND], ids=["rule", "hop", "format", "kind"])
def test_a_recipe_names_at_most_five_files(steps):
    named = set(re.findall(r"`([\w/]+\.(?:py|md))`", steps))
    assert 0 < len({path for path in named if "NAME" not in path}) <= 5


@pytest.mark.parametrize("lacks", ["id", "title", "rationale", "usual_bug", "source"])
def test_a_rule_that_lacks_something_is_refused_when_it_is_registered(lacks):
    rule = type("Odd", (PositiveSize,), {"id": "W9", lacks: ""})
    with pytest.raises(ValueError, match=f"rule Odd has no {lacks}"):
        registered(*RULES, rule)


def test_an_id_names_one_rule_and_one_case():
    with pytest.raises(ValueError, match="two rules have the same id: r1, r1"):
        registered(PositiveSize, PositiveSize)
    with pytest.raises(ValueError, match="two checks have the same id: answers, answers"):
        check_sequence(CASES[0], CASES[0])
