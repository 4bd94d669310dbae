"""README.md and docs/ show what the commands print, and name what exists."""

import re
import shlex

import pytest
import typer
from conftest import run_warm_on_terminal
from refresh_docs import FILES, ROOT, masked, refreshed, run_in_shell

from kubectl_cbt.analysis.rules.all_rules import RULES
from kubectl_cbt.cli.app import build_app
from kubectl_cbt.output.registry import StreamFormat

README, DOCS = ROOT / "README.md", ROOT / "docs"
# What is shown of each command: (page, what the command line begins with).
SHOWN = (
    (README, "delta pg-mon pg-tue -n shop --demo -o summary"),
    (README, "doctor snap-b --demo --fault ca-rotated"),
    (DOCS / "commands.md", "delta snap-b snap-a --demo"),
    (DOCS / "commands.md", "delta win-0900 win-1000 -n vms --demo -o wide"),
    (DOCS / "commands.md", "delta snap-a snap-b --demo -o json | head -c 9000 | kubectl cbt open -"),
    (DOCS / "commands.md", "allocated uploads-w4 -n shop --demo -o summary"),
    (DOCS / "commands.md", "snapshots --demo -A"),
    (DOCS / "commands.md", "services --demo"),
    (DOCS / "commands.md", "demo | cat"),
    (DOCS / "commands.md", "version"),
    (DOCS / "config.md", "config --palette gray | head -11"),
    (DOCS / "driver-authors.md", "check snap-a snap-c --demo --fault unaligned-shift --only 'resume-*'"),
    (DOCS / "driver-authors.md", "check --explain resume-unaligned"),
    (DOCS / "json.md", "delta snap-a snap-b --demo -o json --starting-offset 63.5Gi"),
    (DOCS / "output.md", "delta snap-a snap-b --demo -o ndjson"),
    (DOCS / "report.md", "report -n shop --demo"),
    (DOCS / "report.md", "report -n legacy --demo --no-streams --fail-on no-cbt"),
)


def run_as_shown(command: str, environment: dict[str, str]) -> str:
    """A command alone needs neither a shell nor its imports; a pipeline runs what is installed."""
    program, *arguments = shlex.split(command)
    if "|" in arguments:
        return run_in_shell(command, environment)
    assert program == "kubectl-cbt"
    return run_warm_on_terminal(arguments, environment)[1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_shown_outputs_are_what_the_commands_print(path):
    text = path.read_text(encoding="utf-8")
    shown, now = masked(text).splitlines(), masked(refreshed(text, run_as_shown)).splitlines()
    assert shown == now, "run: make docs"


@pytest.mark.parametrize(("path", "command"), SHOWN)
def test_the_output_of_a_command_is_shown_and_checked(path, command):
    assert f"<!-- output -->\n```console\n$ kubectl cbt {command}" in path.read_text(encoding="utf-8")


def test_both_tables_of_keys_are_generated():
    text = (DOCS / "map.md").read_text(encoding="utf-8")
    assert re.findall(r"^<!-- keys: (\w+) -->\n\| key \| does \| action \|$", text, re.MULTILINE) == ["map", "browse"]


def test_a_changed_output_would_be_noticed():
    for path, old, new in ((README, " runs\n", "1 runs\n"), (DOCS / "commands.md", "queue-new", "queue-old")):
        text = path.read_text(encoding="utf-8")
        assert masked(text.replace(old, new)) != masked(text)


def test_every_format_and_every_rule_is_documented():
    output = (DOCS / "output.md").read_text(encoding="utf-8")
    for form in StreamFormat:
        assert re.search(rf"^\| .*`{form}`", output, re.MULTILINE), form
    rules = (DOCS / "rules.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert re.search(rf"^\| {rule.id} \|.*\| {rule.level} \|$", rules, re.MULTILINE), rule.id


def test_every_command_is_in_the_readme_and_has_examples():
    readme, commands = README.read_text(encoding="utf-8"), (DOCS / "commands.md").read_text(encoding="utf-8")
    names = set(typer.main.get_command(build_app()).commands)
    assert set(re.findall(r"^\| `kubectl cbt ([\w-]+)", readme, re.MULTILINE)) == names
    assert set(re.findall(r"^## ([\w-]+)", commands, re.MULTILINE)) == names


def test_the_readme_links_to_every_page():
    readme = README.read_text(encoding="utf-8")
    assert {path.name for path in DOCS.glob("*.md")} == set(re.findall(r"\]\(docs/([\w-]+\.md)\)", readme))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_source_files_that_the_documents_name_exist(path):
    folders = (ROOT, ROOT / "kubectl_cbt", ROOT / "kubectl_cbt" / "tui", ROOT / "tests")
    for name in re.findall(r"`([\w/]+\.py)`", path.read_text(encoding="utf-8")):
        assert any((folder / name).exists() for folder in folders), name


def test_errors_that_the_page_on_connecting_quotes_exist():
    page = (DOCS / "connecting.md").read_text(encoding="utf-8")
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "kubectl_cbt").rglob("*.py"))
    quoted = re.findall(r"^\| `([^`]+)` \|", page[page.index("## Errors") :], re.MULTILINE)
    assert len(quoted) == 8
    for error in quoted:
        # N, S and such stand for names.
        longest = max(re.split(r"(?:Service )?\b[A-Z]\b|…", error), key=len)
        assert longest.strip() in source, error
