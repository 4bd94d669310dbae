"""A program is never run because a file of its name lies in the current directory."""

import ast
import os
from pathlib import Path

import pytest

import kubectl_cbt
from kubectl_cbt.system.programs import ProgramInCurrentDirectory, ProgramNotFound, find_program

PACKAGE = Path(kubectl_cbt.__file__).parent


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """The current directory, with a program in it, below it and elsewhere."""
    for name in ("here", "here/sub", "elsewhere"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "login").write_text("#!/bin/sh\n")
        (folder / "login").chmod(0o755)
    (tmp_path / "here" / "only-here").symlink_to("login")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.mark.parametrize(
    "entries", [[""], ["."], ["", "$E"], [".", "$E"], ["sub", "$E"], ["./sub", "$E"], ["..//here", "$E"], ["/no", ""]]
)
def test_a_relative_entry_of_path_that_matches_first_is_rejected(here, monkeypatch, entries):
    monkeypatch.setenv("PATH", ":".join(entries).replace("$E", str(here.parent / "elsewhere")) or ":")
    with pytest.raises(ProgramInCurrentDirectory, match="relative to the current directory"):
        find_program("login")


@pytest.mark.parametrize("entries", [["$E", ""], ["$E", "."], ["/no", "no", "$E", "sub"]])
def test_a_relative_entry_after_the_match_does_not_matter(here, monkeypatch, entries):
    monkeypatch.setenv("PATH", ":".join(entries).replace("$E", str(here.parent / "elsewhere")))
    assert find_program("login") == str(here.parent / "elsewhere" / "login")
    with pytest.raises((ProgramNotFound, ProgramInCurrentDirectory)):
        find_program("only-here")


@pytest.mark.parametrize("path", ["", None])
def test_an_empty_path_finds_nothing(here, monkeypatch, path):
    if path is None:
        monkeypatch.delenv("PATH")
    else:
        monkeypatch.setenv("PATH", path)
    for name in ("login", "sh"):
        with pytest.raises(ProgramNotFound):
            find_program(name)


def test_what_cannot_be_executed_is_passed_over(here, monkeypatch):
    (here.parent / "folder" / "login").mkdir(parents=True)
    (here.parent / "text").mkdir()
    (here.parent / "text" / "login").write_text("not for running")
    monkeypatch.setenv("PATH", os.pathsep.join(str(here.parent / name) for name in ("folder", "text", "elsewhere")))
    assert find_program("login") == str(here.parent / "elsewhere" / "login")


def test_a_path_with_a_slash_is_not_looked_up(here):
    assert find_program("./login") == "./login"


STARTERS = {"run", "Popen", "call", "check_call", "check_output", "getoutput", "getstatusoutput"}


def starts(tree: ast.AST) -> bool:
    """Whether a module starts programs, or looks for them on PATH."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        module, name = node.value.id, node.attr
        if (module == "subprocess" and name in STARTERS) or (module, name) == ("shutil", "which"):
            return True
        if module == "os" and name.startswith(("exec", "spawn", "posix_spawn", "system", "popen")):
            return True
    return False


def test_every_program_that_is_started_is_found_by_this_rule():
    texts = {str(path.relative_to(PACKAGE)): path.read_text() for path in PACKAGE.rglob("*.py")}
    starting = {name for name, text in texts.items() if starts(ast.parse(text))}
    assert starting == {"kube/exec_plugin.py", "kube/port_forward.py", "system/checkout.py"}
    for name in starting:
        assert "find_program(" in texts[name]
    imported = [
        name for name, text in texts.items() if "from subprocess import" in text or "from shutil import" in text
    ]
    assert imported == []
