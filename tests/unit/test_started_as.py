"""Suggested commands can be pasted: they name the command as this person can call it."""

import sys

import pytest

from kubectl_cbt.cli.invocation import command_name


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A folder that alone is PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def executable(path):
    path.touch(mode=0o755)
    return str(path)


def test_kubectl_that_finds_the_plugin_is_named(programs):
    executable(programs / "kubectl")
    executable(programs / "kubectl-cbt")
    assert command_name() == "kubectl cbt"


def test_without_kubectl_the_script_on_path_is_named(programs):
    executable(programs / "kubectl-cbt")
    assert command_name() == "kubectl-cbt"


def test_a_script_outside_path_is_named_from_here(programs, tmp_path, monkeypatch):
    executable(programs / "kubectl")
    (tmp_path / "a b").mkdir()
    monkeypatch.setattr(sys, "argv", [executable(tmp_path / "a b" / "kubectl-cbt"), "demo"])
    assert command_name() == "'a b/kubectl-cbt'"


def test_the_module_is_named_as_it_is_run(programs, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", executable(tmp_path / "python3"))
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "kubectl_cbt" / "__main__.py"), "demo"])
    assert command_name() == "./python3 -m kubectl_cbt"
