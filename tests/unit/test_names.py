"""A name of the package means one thing."""

import ast
from collections import Counter
from pathlib import Path

import kubectl_cbt

PACKAGE = Path(kubectl_cbt.__file__).parent
MODULES = [path for path in PACKAGE.rglob("*.py") if not path.stem.endswith("_pb2")]
VERBS = PACKAGE / "cli"
"""A verb's file has the verb's name, which may also be that of the module that does the work."""

ONE_HOME = {"Object = dict[str, Any]": "kube/api.py", '"kubectl-cbt/': "model/api_version.py"}
"""What is declared once outside the demo, which is a server of its own, and where."""


def repeated(names: list[str]) -> list[str]:
    return sorted(name for name, times in Counter(names).items() if times > 1)


def test_no_two_modules_have_the_same_name():
    named = [path for path in MODULES if path.stem not in ("__init__", "__main__") and path.parent != VERBS]
    assert repeated([path.stem for path in named]) == []


def test_no_two_classes_have_the_same_name():
    """Those inside a class are named together with it, as Textual's messages are."""
    classes = [
        node.name
        for path in MODULES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    ]
    assert repeated(classes) == []


def test_what_is_declared_once_is_written_in_one_place():
    client = [path for path in MODULES if PACKAGE / "demo" not in path.parents]
    for text, home in ONE_HOME.items():
        homes = [str(path.relative_to(PACKAGE)) for path in client if text in path.read_text(encoding="utf-8")]
        assert homes == [home]
