"""What a person reads is whole: no sentence ends in the middle because a string became a statement of its own."""

import ast
import re
from pathlib import Path

import pytest
import typer

from kubectl_cbt.checks.conformance.cases import CASES
from kubectl_cbt.checks.doctor.hop_sequences import FOR_SNAPSHOTS
from kubectl_cbt.cli.app import build_app

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "kubectl_cbt").rglob("*.py"))
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])


def ends(text: str) -> bool:
    return text.rstrip()[-1:] in ".:!?"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_explanation_of_a_case_ends_its_sentences(case):
    assert all(ends(text) for text in (case.procedure, case.rationale, case.usual_bug) if text)


def test_titles_are_not_sentences():
    assert not any(ends(one.title) for one in (*CASES, *FOR_SNAPSHOTS))


def test_help_of_every_option_ends_its_sentence():
    def commands(command):
        yield command
        for inner in getattr(command, "commands", {}).values():
            yield from commands(inner)

    helps = {
        parameter.help
        for command in commands(typer.main.get_command(build_app()))
        for parameter in command.params
        if getattr(parameter, "help", None)
    }
    assert len(helps) > 50
    assert {text for text in helps if not ends(text)} == set()


def test_no_string_is_a_statement_unless_it_documents_something():
    lost = []
    for path in MODULES:
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines()
        for node in ast.walk(ast.parse(source)):
            is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if is_text and isinstance(node.value.value, str):
                # What is before it on its line are spaces.
                written = lines[node.lineno - 1][node.col_offset :]
                if not written.startswith(('"""', 'r"""')):
                    lost.append(f"{path.name}:{node.lineno}: {written}")
    assert lost == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_paragraphs_of_documents_end(path):
    text = re.sub(r"```.*?```|<!--.*?-->", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for paragraph in re.split(r"\n\s*\n", text):
        prose = paragraph.strip()
        if prose and not prose.startswith(("#", "|", "[", "!", "<", "- ")):
            assert re.search(r"[.:!?)`*]$", prose), prose[-200:]
