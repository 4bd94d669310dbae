"""CONTRIBUTING's recipes for a rule and a hop, followed to the letter in a copy of the package."""

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
