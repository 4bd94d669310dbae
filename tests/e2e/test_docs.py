"""What README.md and docs/ show is what the commands print."""

import re
from pathlib import Path

import pytest
from refresh_docs import FILES, ROOT, masked, refreshed

from kubectl_cbt.analysis.rules.registry import RULES
from kubectl_cbt.output.registry import StreamFormat


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_shown_outputs_are_what_the_commands_print(path):
    text = path.read_text(encoding="utf-8")
    shown, now = masked(text).splitlines(), masked(refreshed(text)).splitlines()
    assert shown == now, "run: make docs"


def test_a_changed_output_would_be_noticed():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert masked(text.replace(" runs\n", "1 runs\n")) != masked(text)
    assert masked(text.replace("queue-new", "queue-old")) != masked(text)


def test_every_format_and_every_rule_is_documented():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for form in StreamFormat:
        assert re.search(rf"^\| .*`{form}`", readme, re.MULTILINE), form
    rules = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert re.search(rf"^\| {rule.id} \|.*\| {rule.level} \|$", rules, re.MULTILINE), rule.id


@pytest.mark.parametrize("path", [*FILES, ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_links_between_the_documents_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
        assert (Path(path).parent / target).exists(), target
