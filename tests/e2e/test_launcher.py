"""The krew launcher: its errors and its cache. `make krew-check` installs for real, twice at once, from an index."""

import io
import os
import shutil
import sys
import time
import zipfile
from pathlib import Path

import pytest
from build_krew import build_archive
from krew_launcher import launch, left_behind, tools_only

SHELLS = [words for words in (["sh"], ["dash"], ["bash"], ["busybox", "sh"]) if shutil.which(words[0])]
DAYS_SECONDS = 86400


@pytest.fixture(scope="module")
def archive() -> bytes:
    return build_archive()


@pytest.fixture
def launcher(tmp_path, archive) -> Path:
    """The archive unpacked, and a link to its launcher as krew makes one."""
    store = tmp_path / "store"
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        packed.extractall(store)
    (store / "kubectl-cbt").chmod(0o755)
    link = tmp_path / "bin" / "kubectl-cbt"
    link.parent.mkdir()
    link.symlink_to(Path("..") / "store" / "kubectl-cbt")
    return link


def test_without_python_it_reports_so(launcher, tmp_path):
    found = launch(launcher, tools_only(tmp_path / "tools"))
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("error: kubectl-cbt needs Python 3.11 or newer, and found none\nhint: ")


def test_an_old_python_does_not_count(launcher, tmp_path):
    old = "#!/bin/sh\nexit 1\n"  # what 'sys.exit(sys.version_info < (3, 11))' gives on 3.10
    found = launch(launcher, tools_only(tmp_path / "tools", python3=old))
    assert found.returncode == 1
    assert "needs Python 3.11 or newer" in found.stderr


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


FAILING_PYTHON = '#!/bin/sh\n[ "$3" != venv ]\n'
"""New enough, but without the module venv."""


@pytest.fixture
def installed(launcher, tmp_path) -> Path:
    """The launcher after its first use, but for the packages: the environment is this test run's own."""
    found = launch(launcher, tools_only(tmp_path / "fails", python3=FAILING_PYTHON))
    first = found.stderr.splitlines()[0]
    assert "installing into /" in first, found.stderr
    environment = Path(first.partition("installing into ")[2])
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
def test_an_environment_without_its_python_is_rebuilt(launcher, installed, tmp_path, fault):
    """Here by a Python that makes none, so that what is tried can be seen; `make krew-check` shows that it installs."""
    python = installed / "bin" / "python"
    python.unlink()
    if fault == "gone":
        python.symlink_to("/nonexistent/python3.11")
    else:
        python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')  # a Python that has no such package
        python.chmod(0o755)
    found = launch(launcher, tools_only(tmp_path / "tools", python3=FAILING_PYTHON))
    assert "first use of" in found.stderr
    assert "cannot make a virtual environment" in found.stderr
    assert left_behind(launcher) == []


# The cache


def cache_of(launcher: Path) -> Path:
    return launcher.parents[1] / "home" / ".cache" / "kubectl-cbt"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def test_every_shell_runs_the_installed_environment(launcher, installed):
    for shell in SHELLS:
        found = launch(launcher, os.environ["PATH"], shell=shell)
        assert (found.returncode, found.stderr) == (0, ""), shell
        assert found.stdout.startswith("Client Version: v")


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_the_cache_is_private_whatever_the_umask(launcher, tmp_path, shell):
    path = tools_only(
        tmp_path / "tools", python3=FAILING_PYTHON, busybox=f'#!/bin/sh\nexec {shutil.which("busybox")} "$@"\n'
    )
    shell = [str(shutil.which(shell[0])), *shell[1:]]
    launch(launcher, path, shell=shell, umask=0)
    assert (mode(cache_of(launcher)), mode(cache_of(launcher).parent)) == (0o700, 0o700)
    # One that others could only read is closed.
    cache_of(launcher).chmod(0o755)
    launch(launcher, path, shell=shell)
    assert mode(cache_of(launcher)) == 0o700


def test_the_command_itself_runs_with_the_umask_of_the_user(launcher, installed):
    python = installed / "bin" / "python"
    python.write_text("#!/bin/sh\numask\n")
    for umask in (0o022, 0o027, 0o077):
        assert int(launch(launcher, os.environ["PATH"], umask=umask).stdout.splitlines()[-1], 8) == umask


@pytest.fixture
def never_run(installed) -> Path:
    """A file that comes into being when a Python of the cache is run."""
    ran = installed.parents[3] / "ran"
    (installed / "bin" / "python").write_text(f"#!/bin/sh\n: > {ran}\n")
    return ran


@pytest.mark.parametrize("opened", [0o720, 0o702, 0o777])
def test_a_cache_that_others_may_write_to_is_rejected(launcher, never_run, opened):
    cache = cache_of(launcher)
    cache.chmod(opened)
    for shell in SHELLS:
        found = launch(launcher, os.environ["PATH"], shell=shell)
        assert (found.returncode, found.stdout) == (1, "")
        assert found.stderr == (
            f"error: other users may write to {cache}\nhint: remove it, it is made again: rm -r '{cache}'\n"
        )
    assert not never_run.exists()


@pytest.mark.parametrize("sticky", [False, True])
def test_a_cache_below_a_folder_that_every_user_may_write_to_is_rejected_unless_it_is_sticky(
    launcher, never_run, sticky
):
    above = cache_of(launcher).parent
    above.chmod(0o1777 if sticky else 0o777)
    found = launch(launcher, os.environ["PATH"])
    assert never_run.exists() == sticky
    if not sticky:
        assert found.returncode == 1
        assert found.stderr.startswith(f"error: every user may write to {above}, above {cache_of(launcher)}\n")


def test_a_cache_of_another_user_is_rejected(launcher, never_run, tmp_path):
    # A user who runs the tests can change no owner, and becomes another user.
    path = tools_only(tmp_path / "tools", id=f"#!/bin/sh\necho {os.getuid() + 1}\n")
    for shell in SHELLS:
        if shell[0] == "busybox":
            continue  # it has an id of its own
        found = launch(launcher, path, shell=[str(shutil.which(shell[0])), *shell[1:]])
        assert found.returncode == 1
        assert found.stderr.startswith(f"error: {cache_of(launcher)} belongs to another user\nhint: set XDG_CACHE_HOME")
    assert not never_run.exists()


def test_a_link_to_a_folder_that_others_may_write_to_is_rejected(launcher, never_run, tmp_path):
    cache = cache_of(launcher)
    shared = tmp_path / "shared"
    cache.rename(shared)
    cache.symlink_to(shared)
    shared.chmod(0o770)
    found = launch(launcher, os.environ["PATH"])
    assert found.stderr.startswith(f"error: other users may write to {shared}\n")
    assert not never_run.exists()
    shared.chmod(0o700)
    launch(launcher, os.environ["PATH"])
    assert never_run.exists()


def test_a_relative_cache_is_ignored(launcher, installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = launch(launcher, os.environ["PATH"], XDG_CACHE_HOME="here")
    assert found.returncode == 0, found.stderr
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_what_killed_starts_left_is_removed_after_a_day_and_what_is_being_made_stays(launcher, installed, shell):
    cache, release = installed.parent, installed.name
    now = time.time()
    made = {}
    for age, suffix in [
        (0, "Ab3dEf"),
        (0, "Ab3dEf.log"),
        (0, "old.17"),
        (3, "Xb3dEf"),
        (3, "Xb3dEf.log"),
        (3, "old.18"),
    ]:
        path = cache / f"{release}.{suffix}"
        path.write_text("") if suffix.endswith("log") else (path / "bin").mkdir(parents=True)
        made[path] = age
    for path in (installed, cache / "0.0.9-1234567", cache / "mine.txt"):
        path.mkdir(exist_ok=True)
        made[path] = 9
    for path, age in made.items():
        os.utime(path, (now, now - age * DAYS_SECONDS))
    found = launch(launcher, os.environ["PATH"], shell=shell)
    assert (found.returncode, found.stderr) == (0, "")
    assert {path for path in made if path.exists()} == {path for path, age in made.items() if age != 3}


def test_packages_come_as_wheels_only(launcher, tmp_path):
    """Building one would run its code before any check."""
    resolved = tmp_path / "asked"
    recorder = f'#!/bin/sh\nprintf "%s\\n" "$@" > {resolved}\nexit 1\n'
    python = (
        '#!/bin/sh\n[ "$3" = venv ] || exit 0\n'
        f'mkdir -p "$4/bin"\ncat > "$4/bin/python" <<\'END\'\n{recorder}END\nchmod +x "$4/bin/python"\n'
    )
    found = launch(launcher, tools_only(tmp_path / "tools", python3=python))
    assert "could not be installed" in found.stderr
    arguments = resolved.read_text().splitlines()
    assert arguments[:4] == ["-I", "installer.py", "pip", "install"]
    assert "--only-binary=:all:" in arguments
    assert left_behind(launcher) == []


def test_the_launcher_evaluates_no_text():
    text = (Path(__file__).parents[2] / "packaging" / "kubectl-cbt").read_text(encoding="utf-8")
    code = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert "set -eu" in code
    assert [line for line in code if "eval" in line.split()] == []
