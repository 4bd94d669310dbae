"""A verb parses, calls the core and prints: its module is short."""

import ast
from importlib import import_module
from inspect import getsource

import pytest

from kubectl_cbt.cli.app import _MODULES, _VERBS

MOST_LINES = 80
DEMO = ("demo_serve", "demo_devices", "demo_faults")


def code_lines(source: str) -> int:
    """Lines with code, without imports, docstrings and comments."""
    tree = ast.parse(source)
    left_out = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    left_out += [node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    without = {line for node in left_out for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return sum(
        number not in without and bool(line.strip()) and not line.lstrip().startswith("#")
        for number, line in enumerate(source.splitlines(), 1)
    )


@pytest.mark.parametrize("module", [*(_MODULES.get(verb, verb) for verb in _VERBS), *DEMO])
def test_a_verb_is_one_short_file(module):
    assert 0 < code_lines(getsource(import_module(f"kubectl_cbt.cli.{module}"))) < MOST_LINES


def test_lines_that_are_not_code_are_not_counted():
    assert code_lines('"""Doc\nstring."""\nimport os\n\n# A comment.\nx = (\n    1,\n)\n') == 3
