"""Each name that is imported from the package exists, also where the import is inside a function."""

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def missing_names(path: Path) -> list[str]:
    """The imported names of a file that their modules do not have."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kubectl_cbt"):
            module = importlib.import_module(node.module)
            names = (alias.name for alias in node.names)
            found += [
                f"{node.module}.{name}"
                for name in names
                if not hasattr(module, name) and find_spec(f"{node.module}.{name}") is None
            ]
    return found


@pytest.mark.parametrize("folder", ["kubectl_cbt", "tests", "bench", "scripts"])
def test_each_imported_name_exists(folder):
    missing = {path.name: names for path in (ROOT / folder).rglob("*.py") if (names := missing_names(path))}
    assert missing == {}
