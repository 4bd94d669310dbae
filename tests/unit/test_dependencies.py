"""What pyproject.toml declares is what the package imports."""

import ast
import functools
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from lock import LOCK, locked
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
MODULES = {"grpcio": "grpc", "protobuf": "google", "PySocks": "socks", "PyYAML": "yaml"}
"""Of distributions whose module has another name."""

NOT_IMPORTED = {"PySocks": "urllib3 imports it for a proxy-url of socks5://"}


def module(requirement: str) -> str:
    name = re.match(r"[\w-]+", requirement)[0]
    return MODULES.get(name, name).lower().replace("-", "_")


@functools.cache
def nodes() -> dict[Path, list[ast.AST]]:
    """Every module of the package: all of its syntax tree, the module itself first."""
    paths = sorted((ROOT / "kubectl_cbt").rglob("*.py"))
    return {path: list(ast.walk(ast.parse(path.read_text(encoding="utf-8")))) for path in paths}


def test_every_private_name_of_a_module_is_used_in_it():
    unused = []
    for path, found in nodes().items():
        if path.name.endswith("_pb2.py"):
            continue
        used = {node.id for node in found if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        body = found[0].body
        defined = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
        defined |= {target.id for target in targets if isinstance(target, ast.Name)}
        unused += [f"{path}: {name}" for name in defined - used if re.match("_[^_]", name)]
    assert unused == []


@functools.cache
def imported() -> dict[str, str]:
    """Top-level modules of other projects, each with one file that imports it."""
    found = {}
    for path, tree in nodes().items():
        for node in tree:
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("import_module", "__import__"):
                # Only modules of ours may be named at run time.
                names = [value.value for value in node.args[:1] if isinstance(value, ast.Constant)]
            else:
                continue
            for name in names:
                found.setdefault(name.partition(".")[0], str(path.relative_to(ROOT)))
    # compression is in the standard library from Python 3.14 on.
    ours = {"kubectl_cbt", "compression", *sys.stdlib_module_names}
    return {name: path for name, path in found.items() if name not in ours}


def test_every_import_of_another_project_is_declared():
    declared = set(map(module, DECLARED))
    assert {name: path for name, path in imported().items() if name not in declared} == {}


def test_every_declared_dependency_is_imported_or_explained():
    found = imported()
    unused = {re.match(r"[\w-]+", each)[0] for each in DECLARED if module(each) not in found}
    assert unused == set(NOT_IMPORTED)


def test_every_dependency_has_a_floor_and_none_is_pinned_but_textual_to_a_minor():
    for requirement in DECLARED:
        # Three numbers: with two, ~= accepts every later minor.
        form = r"textual~=\d+\.\d+\.\d+" if requirement.startswith("textual") else r"[\w-]+>=\d+(\.\d+)+(,<\d+)?"
        assert re.fullmatch(form, requirement), requirement


def test_no_package_for_development_excludes_a_release_that_users_get():
    """The tests would run with another one."""
    users = {canonicalize_name(name): versions for name, versions in locked(LOCK.read_text(encoding="utf-8")).items()}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    waiting = [Requirement(text) for extra in extras.values() for text in extra]
    excluded, seen = [], set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        if name in users and not any(requirement.specifier.contains(version) for version in users[name]):
            excluded.append(str(requirement))
        if name not in seen:
            seen.add(name)
            waiting += map(Requirement, importlib.metadata.requires(name) or ())
    assert len(seen) > 20
    assert excluded == []


def test_deep_nesting_is_an_error_and_not_a_crash():
    """With the releases below the floor of orjson the interpreter itself crashes."""
    code = """
import orjson
for text in (b"[" * 300_000 + b"]" * 300_000, b'{"a":' * 300_000 + b"1" + b"}" * 300_000):
    try: orjson.loads(text)
    except orjson.JSONDecodeError: print("loads")
deep = []
for _ in range(10_000): deep = [{"a": deep}]
try: orjson.dumps(deep)
except orjson.JSONEncodeError: print("dumps")
import os; os._exit(0)  # freeing what is so deep takes a while
"""
    found = subprocess.run([sys.executable, "-u", "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (found.returncode, found.stdout.split()) == (0, ["loads", "loads", "dumps"])
