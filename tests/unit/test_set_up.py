"""scripts/set_up.py, which `make demo` and `make test` run: when it installs, and when it needs no index."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import set_up
from inside_make import outside_make

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Path:
    """A checkout's files that decide what is installed."""
    tree = tmp_path / "tree"
    (tree / "packaging").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", tree)
    shutil.copy(set_up.LOCK, tree / "packaging")
    monkeypatch.setattr(set_up, "ROOT", tree)
    monkeypatch.setattr(set_up, "LOCK", tree / "packaging" / "requirements.txt")
    return tree


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("purpose", ["run", "develop"])
def test_an_edit_that_changes_no_dependency_installs_nothing(tree, tmp_path, monkeypatch, purpose):
    environment = tmp_path / "environment"
    environment.mkdir()
    (environment / f".{purpose}").write_text(set_up.wanted(purpose))
    (tree / "pyproject.toml").touch()
    edit(tree / "pyproject.toml", "line-length = 120", "line-length = 100")
    edit(tree / "packaging" / "requirements.txt", " MB on disk", "0 MB on disk")
    monkeypatch.setattr(set_up.subprocess, "run", None)
    monkeypatch.setattr(set_up.subprocess, "Popen", None)
    set_up.main(str(environment), purpose)


def test_a_changed_dependency_is_installed_in_both(tree):
    before = set_up.wanted("run"), set_up.wanted("develop")
    edit(tree / "pyproject.toml", '"humanize>=4.9.0"', '"humanize>=4.10.0"')
    edit(tree / "packaging" / "requirements.txt", "humanize==", "humanize==99.")
    assert set_up.wanted("run") != before[0]
    assert set_up.wanted("develop") != before[1]


def test_a_moved_checkout_can_run_but_gets_its_commands_again(tree, tmp_path, monkeypatch):
    before = set_up.wanted("run"), set_up.wanted("develop")
    moved = tree.rename(tmp_path / "moved")
    monkeypatch.setattr(set_up, "ROOT", moved)
    monkeypatch.setattr(set_up, "LOCK", moved / "packaging" / "requirements.txt")
    assert set_up.wanted("run") == before[0]
    assert set_up.wanted("develop") != before[1]


def test_without_an_index_it_fails_with_the_reason_and_is_tried_again(tree, tmp_path, monkeypatch, copying_python):
    monkeypatch.setattr(sys, "executable", str(copying_python))
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    environment = tmp_path / "environment"
    with pytest.raises(SystemExit, match="is a Python package index reachable"):
        set_up.main(str(environment), "run")
    assert (environment / "bin" / "python").exists()
    assert not (environment / ".run").exists()


@pytest.fixture
def old_environment(tmp_path) -> Path:
    """An environment with a package that is no longer required, whose Python works."""
    environment = tmp_path / "environment"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(sys.executable)
    (environment / ".develop").write_text("what an older checkout required")
    (environment / "grpcio_tools.py").touch()
    return environment


@pytest.fixture
def installs(monkeypatch, copying_python) -> None:
    """Installations succeed, and need no index."""
    monkeypatch.setattr(sys, "executable", str(copying_python))
    monkeypatch.setattr(set_up, "_install", lambda *_: None)


def folders(environment: Path) -> list[str]:
    return sorted(path.name for path in environment.parent.glob(f"{environment.name}*"))


@pytest.mark.parametrize("purpose", ["run", "develop"])
def test_an_environment_of_other_dependencies_becomes_a_new_one(tree, installs, old_environment, purpose):
    set_up.main(str(old_environment), purpose)
    assert not (old_environment / "grpcio_tools.py").exists()
    # Since Python 3.13, one contains .gitignore, too.
    assert {path.name for path in old_environment.glob(".*")} - {".gitignore"} == {f".{purpose}"}
    assert (old_environment / f".{purpose}").read_text() == set_up.wanted(purpose)
    assert folders(old_environment) == ["environment"]


def test_without_an_index_the_old_environment_stays_and_is_replaced_later(
    tree, old_environment, monkeypatch, copying_python
):
    monkeypatch.setattr(sys, "executable", str(copying_python))
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="is a Python package index reachable"):
        set_up.main(str(old_environment), "run")
    assert (old_environment / "grpcio_tools.py").exists()
    assert (old_environment / ".develop").read_text() == "what an older checkout required"
    assert folders(old_environment) == ["environment"]


@pytest.mark.parametrize("finished", [False, True])
def test_what_a_killed_start_left_is_put_back_or_removed(tree, installs, old_environment, monkeypatch, finished):
    old = old_environment.rename(old_environment.with_name("environment.old"))
    old_environment.mkdir()
    if finished:
        (old_environment / ".run").write_text("current then")
    monkeypatch.setattr(set_up, "_install", lambda *_: sys.exit("no index"))
    with pytest.raises(SystemExit, match="no index"):
        set_up.main(str(old_environment), "run")
    assert (old_environment / "grpcio_tools.py").exists() == (not finished)
    assert (old_environment / ".run").exists() == finished
    assert not old.exists()


def test_an_environment_can_replace_itself(tree, old_environment, monkeypatch):
    """`make` in a shell in which it is activated. The Python is a stand-in that prints how it was started."""
    python = old_environment / "bin" / "python"
    python.unlink()
    python.write_text('#!/bin/sh\nmkdir "$3" && echo "$0" >"$3/made-by"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(set_up, "_install", lambda *_: None)
    set_up.main(str(old_environment), "run")
    assert (old_environment / "made-by").read_text() == f"{old_environment}.old/bin/python\n"


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on PATH")
def test_the_demo_runs_as_a_module_and_needs_no_tools():
    command = ["make", "-n", "-W", "packaging/requirements.txt", "demo", "VENV=elsewhere", f"PYTHON={sys.executable}"]
    found = subprocess.run(command, cwd=ROOT, env=outside_make(), capture_output=True, text=True, check=True)
    assert "scripts/set_up.py elsewhere run" in found.stdout
    assert "develop" not in found.stdout
    assert found.stdout.splitlines()[-1] == "elsewhere/bin/python -m kubectl_cbt demo"


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on PATH")
def test_no_target_needs_more_of_the_systems_python_than_its_standard_library():
    """A distribution's Python may have no pip: only that of an environment is used."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE)
    assert "wheelhouse" in targets
    command = ["make", "-n", "--always-make", "PYTHON=the-system-python", *targets]
    printed = subprocess.run(command, cwd=ROOT, env=outside_make(), capture_output=True, text=True, check=True).stdout
    modules = set(re.findall(r"the-system-python -m (\w+)", printed))
    assert modules == {"venv"}
