"""The krew launcher's errors. That it installs, and twice at once, is for `make krew-check`: it needs an index."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from build_krew import build_archive

TOOLS = ("sh", "readlink", "dirname", "basename", "cut", "cksum", "mkdir", "mktemp", "rm", "cat", "tail")


@pytest.fixture
def launcher(tmp_path) -> Path:
    """The archive unpacked, and a link to its launcher as krew makes one."""
    archive = tmp_path / "archive.zip"
    archive.write_bytes(build_archive())
    store = tmp_path / "store"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(store)
    (store / "kubectl-cbt").chmod(0o755)
    link = tmp_path / "bin" / "kubectl-cbt"
    link.parent.mkdir()
    link.symlink_to(Path("..") / "store" / "kubectl-cbt")
    return link


def launch(launcher: Path, path: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    home = launcher.parents[1] / "home"
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [str(launcher), "version"],
        env={"HOME": str(home), "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def tools_only(folder: Path, **more: str) -> str:
    """A PATH with a shell's tools, and what is named besides."""
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    for name, text in more.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return str(folder)


def left_behind(launcher: Path) -> list[str]:
    cache = launcher.parents[1] / "home" / ".cache" / "kubectl-cbt"
    return sorted(path.name for path in cache.iterdir()) if cache.exists() else []


def test_without_python_it_says_so(launcher, tmp_path):
    found = launch(launcher, tools_only(tmp_path / "tools"))
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("error: kubectl-cbt needs Python 3.11 or newer, and found none\nhint: ")


def test_an_old_python_does_not_count(launcher, tmp_path):
    old = "#!/bin/sh\nexit 1\n"  # what 'sys.exit(sys.version_info < (3, 11))' gives on 3.10
    found = launch(launcher, tools_only(tmp_path / "tools", python3=old))
    assert found.returncode == 1
    assert "needs Python 3.11 or newer" in found.stderr


def test_without_a_package_index_it_says_so_and_leaves_nothing(launcher):
    found = launch(launcher, os.environ["PATH"], PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    assert (found.returncode, found.stdout) == (1, "")
    assert "error: the packages kubectl-cbt needs could not be installed" in found.stderr
    assert "hint: is the Python package index reachable from here?" in found.stderr
    assert left_behind(launcher) == []


def test_a_cache_that_cannot_be_written_is_named(launcher):
    found = launch(launcher, os.environ["PATH"], XDG_CACHE_HOME="/dev/null/nowhere")
    assert found.returncode == 1
    assert "error: cannot write to /dev/null/nowhere/kubectl-cbt" in found.stderr


def test_a_lost_wheel_is_named(launcher):
    for wheel in launcher.resolve().parent.glob("*.whl"):
        wheel.unlink()
    found = launch(launcher, os.environ["PATH"])
    assert found.returncode == 1
    assert found.stderr.startswith("error: no wheel beside ")


@pytest.fixture
def installed(launcher) -> Path:
    """The launcher after its first use, but for the packages: the environment is this test run's own."""
    release = (
        launch(launcher, os.environ["PATH"], PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull).stderr.split()[4].rstrip(",")
    )
    environment = launcher.parents[1] / "home" / ".cache" / "kubectl-cbt" / release
    (environment / "bin").mkdir(parents=True)
    python = environment / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return environment


def test_files_of_the_current_folder_are_not_run(launcher, installed, tmp_path, monkeypatch):
    for name in ("typer.py", "kubectl_cbt.py", "json.py"):
        (tmp_path / name).write_text("raise SystemExit('this file is not ours')\n")
    monkeypatch.chdir(tmp_path)
    found = launch(launcher, os.environ["PATH"], PYTHONPATH=str(tmp_path))
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("Client Version: v")


@pytest.mark.parametrize("fault", ["gone", "another version"])
def test_an_environment_whose_python_went_away_is_built_anew(launcher, installed, fault):
    """Here without packages, so that what is tried can be seen; `make krew-check` shows that it installs."""
    python = installed / "bin" / "python"
    python.unlink()
    if fault == "gone":
        python.symlink_to("/nonexistent/python3.11")
    else:
        python.write_text("#!/bin/sh\nexit 1\n")  # what an import gives under a Python that has no such package
        python.chmod(0o755)
    found = launch(launcher, os.environ["PATH"], PIP_NO_INDEX="1", PIP_CONFIG_FILE=os.devnull)
    assert "first use of" in found.stderr
    assert "the packages kubectl-cbt needs could not be installed" in found.stderr
