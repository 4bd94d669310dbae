"""The locks in packaging/: what pyproject.toml accepts, with the hash of every file."""

import re
import subprocess
import sys

import lock
import pytest
from lock import (
    BUILD_HEAD,
    BUILD_LOCK,
    FIGURES,
    LOCK,
    PLATFORMS,
    PYTHONS,
    ROOT,
    declared,
    declared_for_builds,
    figures,
    locked,
    locked_platforms,
)
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TEXT = LOCK.read_text(encoding="utf-8")
BUILD_TEXT = BUILD_LOCK.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "requirements"), [(TEXT, declared()), (BUILD_TEXT, declared_for_builds())], ids=["run", "build"]
)
def test_every_declared_dependency_is_locked_in_a_release_that_is_accepted(text, requirements):
    """`make lock` refreshes the files."""
    versions = locked(text)
    assert requirements
    for declaration in requirements:
        requirement = Requirement(declaration)
        found = versions[canonicalize_name(requirement.name)]
        assert found
        assert all(requirement.specifier.contains(version) for version in found), declaration


@pytest.mark.parametrize(("text", "least"), [(TEXT, 30), (BUILD_TEXT, 4)], ids=["run", "build"])
def test_every_package_is_locked_with_hashes_and_no_address(text, least):
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
    assert len(entries) > least
    for entry in entries:
        assert re.fullmatch(r"[\w.-]+==[\w.]+(?: ; [^\\]+?)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n?", entry), entry
    assert "://" not in text


def test_the_lock_of_the_build_has_only_the_backend_and_its_dependencies():
    assert BUILD_TEXT.startswith(BUILD_HEAD)
    assert set(locked(BUILD_TEXT)) == {"hatchling", "packaging", "pathspec", "pluggy", "tomlkit", "trove-classifiers"}


def test_the_script_of_a_release_imports_nothing_that_the_build_environment_lacks():
    """Isolated and without site-packages: only the standard library and this tree."""
    code = "import sys; sys.path[:0] = sys.argv[1:]; import release"
    folders = [str(ROOT / "scripts"), str(ROOT)]
    subprocess.run([sys.executable, "-I", "-S", "-c", code, *folders], check=True, timeout=60)


def test_the_first_line_has_what_the_launcher_announces():
    assert re.match(r"# \d+ packages: \d+ MB to download, \d+ MB on disk\. Written by `make lock`\.\n", TEXT)


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.name)
def test_the_documentation_shows_the_figures_of_the_launcher(path):
    """`make lock` and `python scripts/lock.py measure` write them."""
    assert figures(path) == figures(LOCK)


def test_figures_are_written_without_any_other_change(tmp_path, monkeypatch):
    copies = {}
    for path, pattern in FIGURES.items():
        copy = tmp_path / path.name
        copy.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        copies[copy] = pattern
    first = tmp_path / LOCK.name
    monkeypatch.setattr(lock, "FIGURES", copies)
    monkeypatch.setattr(lock, "LOCK", first)
    before = figures(first)
    first.write_text(first.read_text(encoding="utf-8").replace(f"{before[1]} MB", "999 MB", 1), encoding="utf-8")
    lock.refresh_figures()
    for path, copy in zip(FIGURES, copies, strict=True):
        assert figures(copy) == (before[0], "999")
        back = copy.read_text(encoding="utf-8").replace("999 MB", f"{before[1]} MB")
        assert back == path.read_text(encoding="utf-8")


def test_the_second_line_has_what_was_resolved():
    line = f"# For {', '.join(PLATFORMS)}, with Python {PYTHONS[0]} to {PYTHONS[-1]}."
    assert TEXT.splitlines()[1] == line
    assert locked_platforms(TEXT) == list(PLATFORMS)
