"""CONTRIBUTING's recipe for a rule, followed to the letter in a copy of the package."""

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
RECIPE = re.search(r"\*\*A rule\*\*\n(.+?)\n\n", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)[1]

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

# One process for all: what takes the time is to import the package.
RUN = """
import sys
from kubectl_cbt.cli.app import run
for line in sys.stdin.read().splitlines():
    print(f"== {line}: {run(line.split())}", flush=True)
"""


def test_a_rule_made_by_the_recipe_is_listed_explained_and_watched(tmp_path):
    shutil.copytree(Path(kubectl_cbt.__file__).parent, tmp_path / "kubectl_cbt")
    module = tmp_path / "kubectl_cbt" / "analysis" / "rules" / "position_rules.py"
    named = re.findall(r"`(\w+)`", RECIPE.split("2.")[0])
    made = "".join(f"    {name} = {ATTRIBUTES[name]}\n" for name in named)
    module.write_text(f'{module.read_text()}\n\nclass NotFirst(Rule):\n    """W9."""\n\n{made}{CHECK}')
    (registry,) = [tmp_path / "kubectl_cbt" / path for path in re.findall(r"`([\w/]+registry\.py)`", RECIPE)]
    text = registry.read_text()
    assert text.count("    KnownEnd,\n") == 1
    text = text.replace("import Ascending, ", "import Ascending, NotFirst, ")
    registry.write_text(text.replace("    KnownEnd,\n", "    KnownEnd,\n    NotFirst,\n"))
    lines = (
        "check --list",
        "check --explain rule-w9",
        "check snap-a --demo --only rule-w9",
        "allocated snap-a --demo -o summary",
    )
    ran = subprocess.run(
        [sys.executable, "-c", RUN],
        input="\n".join(lines),
        env=command_environment(PYTHONPATH=str(tmp_path)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert [f"== {line}: 0" for line in lines] == [line for line in ran.stdout.splitlines() if line.startswith("== ")]
    listed, explanation_of, checked, streamed = re.split(r"== .*: 0\n", ran.stdout)[:4]
    assert "rule-w9                  SHOULD  no extent starts at byte 0\n" in listed
    assert "Why it matters\nThe first block holds the partition table.\n" in explanation_of
    assert "The usual bug\nA volume that was formatted.\n" in explanation_of
    assert "! rule-w9 " in checked
    assert "starts at byte 0" in checked
    assert "W9" in streamed + ran.stderr


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
