"""What the krew launcher installs, by pip and by uv: a small package in place of ours, from a folder, offline."""

import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from krew_launcher import launch, left_behind, tools_only

ROOT = Path(__file__).parents[2]
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "UV_OFFLINE": "1", "UV_NO_CONFIG": "1"}
MAIN = 'import sys, cbt_part\nprint("Client Version: v9.9.9", *sys.argv[1:], cbt_part.__name__)\n'
WITH_UV = pytest.mark.skipif(shutil.which("uv") is None, reason="no uv on PATH")
BY = ["pip", pytest.param("uv", marks=WITH_UV)]


def wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> str:
    """Write a wheel, and return its line of requirements.txt without a name or a path."""
    info = f"{name}-{version}.dist-info"
    files = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }

    def row(path: str, text: str) -> str:
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        return f"{path},sha256={digest},{len(text)}\n"

    record = "".join(row(*each) for each in files.items()) + f"{info}/RECORD,,\n"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(file, text)
    return f"--hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.fixture
def store(tmp_path) -> Path:
    """What krew unpacks, with a package of the same name that needs one more."""
    store, wheels = tmp_path / "store", tmp_path / "wheels"
    store.mkdir()
    wheels.mkdir()
    part = wheel(wheels, "cbt_part", "1.0", {"cbt_part.py": ""})
    ours = wheel(store, "kubectl_cbt", "9.9.9", {"kubectl_cbt/__init__.py": "", "kubectl_cbt/__main__.py": MAIN})
    (store / "requirements.txt").write_text(
        "# 2 packages: 1 MB to download, 3 MB on disk. Written by `make lock`.\n"
        f"cbt-part==1.0 \\\n    {part}\n./kubectl_cbt-9.9.9-py3-none-any.whl {ours}\n"
    )
    for name in ("kubectl-cbt", "installer.py"):
        shutil.copy(ROOT / "packaging" / name, store / name)
    return store


@pytest.fixture
def launcher(store, tmp_path) -> Path:
    link = tmp_path / "bin" / "kubectl-cbt"
    link.parent.mkdir()
    link.symlink_to(store / "kubectl-cbt")
    return link


def without_uv(tmp_path: Path) -> str:
    """A PATH like ours, where uv fails."""
    stand_ins = tmp_path / "no-uv"
    stand_ins.mkdir()
    (stand_ins / "uv").write_text("#!/bin/sh\nexit 1\n")
    (stand_ins / "uv").chmod(0o755)
    return f"{stand_ins}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def path(tmp_path, copying_python) -> str:
    """A PATH with a Python whose virtual environments are copies of one."""
    return f"{copying_python.parent}{os.pathsep}{without_uv(tmp_path)}"


@pytest.fixture
def whole_path(request, tmp_path) -> str:
    """A PATH where nothing stands in for Python, with uv or without."""
    return os.environ["PATH"] if getattr(request, "param", "pip") == "uv" else without_uv(tmp_path)


def settings(tmp_path: Path) -> dict[str, str]:
    return {**OFFLINE, "KUBECTL_CBT_WHEELS": str(tmp_path / "wheels")}


@pytest.mark.parametrize("whole_path", BY, indirect=True)
def test_first_use_installs_from_a_folder_and_announces_what_and_where(launcher, tmp_path, whole_path):
    cache = launcher.parents[1] / "home" / ".cache" / "kubectl-cbt"
    (cache / "0.0.9-1234567").mkdir(parents=True)
    # As the launcher makes it, whatever the umask of the tests is.
    cache.chmod(0o700)
    found = launch(launcher, whole_path, **settings(tmp_path))
    assert (found.returncode, found.stdout) == (0, "Client Version: v9.9.9 version cbt_part\n"), found.stderr
    first, second = found.stderr.splitlines()
    (environment,) = left_behind(launcher)  # that of the other release was removed
    assert environment.startswith("9.9.9-")
    cache = launcher.parents[1] / "home" / ".cache" / "kubectl-cbt"
    assert first == f"kubectl-cbt: first use of {environment}, installing into {cache / environment}"
    assert second == f"kubectl-cbt: 2 packages: 1 MB to download, 3 MB on disk, from {tmp_path / 'wheels'}"
    again = launch(launcher, whole_path)
    assert (again.stdout, again.stderr) == (found.stdout, "")


@pytest.mark.parametrize("by", BY)
def test_a_package_of_other_bytes_is_not_installed(launcher, tmp_path, path, by):
    wheel(tmp_path / "wheels", "cbt_part", "1.0", {"cbt_part.py": "raise SystemExit('replaced')\n"})
    found = launch(launcher, os.environ["PATH"] if by == "uv" else path, **settings(tmp_path))
    assert (found.returncode, found.stdout) == (1, "")
    assert f"error: the packages kubectl-cbt needs could not be installed from {tmp_path / 'wheels'}\n" in found.stderr
    assert left_behind(launcher) == []


def test_our_wheel_is_checked_too(launcher, store, tmp_path, path):
    wheel(store, "kubectl_cbt", "9.9.9", {"kubectl_cbt/__init__.py": "", "kubectl_cbt/__main__.py": "print(1)\n"})
    assert launch(launcher, path, **settings(tmp_path)).returncode == 1
    assert left_behind(launcher) == []


def test_without_a_package_index_it_reports_so_and_leaves_nothing(launcher, path):
    found = launch(launcher, path, **OFFLINE, PIP_RETRIES="0")
    assert (found.returncode, found.stdout) == (1, "")
    assert "error: the packages kubectl-cbt needs could not be installed" in found.stderr
    assert "hint: is the Python package index reachable from here?" in found.stderr
    assert left_behind(launcher) == []


ELSEWHERE = {
    "target": "{folder}/elsewhere",
    "prefix": "{folder}/elsewhere",
    "root": "{folder}/elsewhere",
    "user": "1",
    "constraint": "{folder}/constraints.txt",
    "requirement": "{folder}/nonexistent.txt",
    "no-binary": ":all:",
    "platform": "win32",
    "python": "{folder}/nonexistent",
    "dry-run": "1",
}
"""Settings with which pip fails, or installs something else or in another folder."""


def write_settings(folder: Path, source: str) -> dict[str, str]:
    """Make all these settings, in a file or as variables."""
    (folder / "constraints.txt").write_text("cbt-part==0.1\n")
    values = {key: value.format(folder=folder) for key, value in ELSEWHERE.items()}
    if source == "variables":
        return {f"PIP_{key.replace('-', '_').upper()}": value for key, value in values.items()}
    del values["python"]  # pip takes it from the environment of its own start
    if source == "uv.toml":
        (folder / "uv.toml").write_text(f'[pip]\ntarget = "{folder}/elsewhere"\n')
        return {"UV_CONFIG_FILE": str(folder / "uv.toml"), "UV_NO_CONFIG": ""}
    if source == "variables of uv":
        names = ("TARGET", "PREFIX", "CONSTRAINT", "OVERRIDE", "EXCLUDE", "BUILD_CONSTRAINT", "PYTHON")
        return {f"UV_{name}": str(folder / "nonexistent") for name in names} | {"UV_SYSTEM_PYTHON": "1"}
    lines = "".join(f"{key} = {value}\n" for key, value in values.items())
    (folder / "pip.conf").write_text(f"[install]\n{lines}")
    return {"PIP_CONFIG_FILE": str(folder / "pip.conf")}


@pytest.mark.parametrize(
    ("source", "by"),
    [
        ("variables", "pip"),
        ("pip.conf", "pip"),
        pytest.param("variables of uv", "uv", marks=WITH_UV),
        pytest.param("uv.toml", "uv", marks=WITH_UV),
    ],
)
def test_settings_that_decide_what_is_installed_and_where_are_ignored(launcher, tmp_path, copying_python, source, by):
    programs = f"{copying_python.parent}{os.pathsep}"
    programs += os.environ["PATH"] if by == "uv" else without_uv(tmp_path)
    found = launch(launcher, programs, **(settings(tmp_path) | write_settings(tmp_path, source)))
    assert (found.returncode, found.stdout) == (0, "Client Version: v9.9.9 version cbt_part\n"), found.stderr
    if source != "uv.toml":  # uv installed as its file says, and then pip did
        assert not (tmp_path / "elsewhere").exists()


def test_first_use_works_with_an_odd_home_and_settings_of_python(launcher, tmp_path, path, monkeypatch):
    home = tmp_path / "a home  with 'spaces'"
    home.mkdir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cbt_part.py").write_text("raise SystemExit('this file is not ours')\n")
    odd = {"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nonexistent", "PYTHONSTARTUP": "/nonexistent"}
    odd |= {"HOME": str(home), "XDG_CACHE_HOME": "relative"}
    found = launch(launcher, path, umask=0o077, **(settings(tmp_path) | odd))
    assert (found.returncode, found.stdout) == (0, "Client Version: v9.9.9 version cbt_part\n"), found.stderr
    assert len(list((home / ".cache" / "kubectl-cbt").iterdir())) == 1


def test_temporary_files_are_beside_the_packages(launcher, tmp_path):
    """/tmp can be full or read-only. The stand-ins print what they were given."""
    python = failing_pip("environment $TMPDIR").replace("mkdir", 'echo "venv $TMPDIR" >"$4.venv"\nmkdir', 1)
    found = launch(launcher, tools_only(tmp_path / "tools", python3=python))
    cache = launcher.parents[1] / "home" / ".cache" / "kubectl-cbt"
    (made,) = left_behind(launcher)
    assert (cache / made).read_text() == f"venv {cache / made.removesuffix('.venv')}\n"
    assert f"environment {cache / made.removesuffix('.venv')}\n" in found.stderr


@pytest.mark.parametrize(
    ("printed", "last"),
    [
        ("because ensurepip is not available", "hint: on Debian and Ubuntu: apt install python3-venv"),
        ("python3: No module named venv", "hint: on Debian and Ubuntu: apt install python3-venv"),
        ("Error: Operation not permitted", "error: {python} cannot make a virtual environment"),
        ("OSError: [Errno 28] No space left on device", "hint: free some space, or set XDG_CACHE_HOME"),
    ],
)
def test_a_python_that_makes_no_environment_is_reported_with_a_hint_that_fits(launcher, tmp_path, printed, last):
    python = f'#!/bin/sh\n[ "$3" = venv ] || exit 0\necho "{printed}"\nexit 1\n'
    found = launch(launcher, tools_only(tmp_path / "tools", python3=python))
    assert found.returncode == 1
    assert found.stderr.splitlines()[-1] == last.format(python=tmp_path / "tools" / "python3")
    assert left_behind(launcher) == []


def test_without_a_home_it_asks_for_a_cache(launcher):
    found = launch(launcher, os.environ["PATH"], HOME="")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == "error: neither XDG_CACHE_HOME nor HOME is set to a folder\nhint: set XDG_CACHE_HOME\n"


def test_an_environment_without_the_packages_is_not_used(launcher, tmp_path, copying_python):
    """pip is a stand-in that installs nothing, and reports success."""
    idle = tmp_path / "idle"
    idle.mkdir()
    (idle / "python3").write_text(
        f'#!/bin/sh\n"{copying_python}" "$@" || exit\n[ "$3" = venv ] || exit 0\n'
        'for pip in "$4"/lib/*/site-packages/pip; do rm -r "$pip"; mkdir "$pip"; : >"$pip/__main__.py"; done\n'
    )
    (idle / "python3").chmod(0o755)
    found = launch(launcher, f"{idle}{os.pathsep}{without_uv(tmp_path)}", **settings(tmp_path))
    assert (found.returncode, found.stdout) == (1, "")
    assert "error: pip installed the packages elsewhere, or not all of them\nhint: it has these settings: " in (
        found.stderr
    )
    assert left_behind(launcher) == []


def test_a_folder_that_does_not_exist_is_named(launcher, path):
    found = launch(launcher, path, KUBECTL_CBT_WHEELS="/nonexistent")
    assert found.returncode == 1
    assert found.stderr.startswith("error: KUBECTL_CBT_WHEELS is not a folder: /nonexistent\nhint: ")


def start(launcher: Path, path: str, **environment: str) -> "subprocess.Popen[str]":
    home = launcher.parents[1] / "home"
    home.mkdir(exist_ok=True)
    return subprocess.Popen(
        [str(launcher), "version"],
        env={"HOME": str(home), "PATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_two_first_starts_at_once_both_run_and_leave_one_environment(launcher, tmp_path, path):
    running = [start(launcher, path, **settings(tmp_path)) for _ in range(2)]
    for process in running:
        out, err = process.communicate(timeout=300)
        assert (process.returncode, out) == (0, "Client Version: v9.9.9 version cbt_part\n"), err
    assert len(left_behind(launcher)) == 1


@pytest.fixture
def stuck(launcher, tmp_path):
    """A first start that waits in the middle: for a writer of a pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Not the shell's own work: dash loses a SIGINT that comes while it starts a program.
    waits = f"open('{pipe}', 'w').write('reached'); open('{pipe}').read()"
    python = f'#!/bin/sh\n[ "$3" = venv ] || exit 0\nmkdir -p "$4/bin"\nexec "{sys.executable}" -I -S -c "{waits}"\n'
    process = start(launcher, tools_only(tmp_path / "tools", python3=python))
    assert pipe.read_text() == "reached"
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_first_start_that_is_killed_does_not_disturb_the_next(launcher, stuck, tmp_path, path, sent):
    os.killpg(stuck.pid, sent)
    stuck.communicate(timeout=60)
    left = left_behind(launcher)
    assert not any(name.rpartition("-")[2].isdigit() for name in left)
    assert sent == signal.SIGKILL or left == []
    found = launch(launcher, path, **settings(tmp_path))
    assert found.stdout == "Client Version: v9.9.9 version cbt_part\n", found.stderr
    assert [name for name in left_behind(launcher) if name not in left] != []


def failing_pip(text: str) -> str:
    """A Python whose environments have a pip that fails."""
    return (
        '#!/bin/sh\n[ "$3" = venv ] || exit 0\nmkdir -p "$4/bin"\n'
        f'printf \'#!/bin/sh\\necho "{text}"\\nexit 1\\n\' >"$4/bin/python"\nchmod +x "$4/bin/python"\n'
    )


def test_a_full_disk_is_named_and_not_taken_for_a_lost_network(launcher, tmp_path):
    path = tools_only(tmp_path / "tools", python3=failing_pip("OSError: [Errno 28] No space left on device"))
    found = launch(launcher, path)
    cache = launcher.parents[1] / "home" / ".cache" / "kubectl-cbt"
    assert f"error: no space left for the packages below {cache}\nhint: free some space" in found.stderr
    assert left_behind(launcher) == []


@pytest.mark.parametrize(
    ("printed", "hint"),
    [
        ("ERROR: No matching distribution found for cbt-part==1.0", "is the Python package index reachable"),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "the package that is named above",
        ),
        ("ERROR: the disk caught fire", "the lines above are of pip; it has these settings: "),
    ],
)
def test_the_hint_fits_the_failure(launcher, tmp_path, printed, hint):
    found = launch(launcher, tools_only(tmp_path / "tools", python3=failing_pip(printed)))
    assert found.returncode == 1
    error, last = found.stderr.splitlines()[-2:]
    assert error == "error: the packages kubectl-cbt needs could not be installed"
    assert last.startswith(f"hint: {hint}")


def test_an_intel_mac_gets_the_reason(launcher, tmp_path):
    uname = "#!/bin/sh\necho Darwin x86_64\n"
    path = tools_only(tmp_path / "tools", python3=failing_pip("No matching distribution"), uname=uname)
    assert "error: cryptography has no packages for Intel Macs any more\nhint: pipx install ." in launch(
        launcher, path
    ).stderr  # fmt: skip


def test_a_cache_that_became_read_only_is_named_and_what_is_in_it_runs(launcher, tmp_path, path):
    read_only = "#!/bin/sh\nexit 1\n"
    found = launch(launcher, tools_only(tmp_path / "tools", python3="#!/bin/sh\n", mktemp=read_only))
    assert "error: cannot write to " in found.stderr
    assert launch(launcher, path, **settings(tmp_path)).returncode == 0
    cache = launcher.parents[1] / "home" / ".cache" / "kubectl-cbt"
    cache.chmod(0o500)
    found = launch(launcher, path)
    cache.chmod(0o700)
    assert (found.returncode, found.stderr) == (0, "")


def test_a_use_starts_python_once(launcher, tmp_path, path):
    assert launch(launcher, path, **settings(tmp_path)).returncode == 0
    (environment,) = left_behind(launcher)
    python = launcher.parents[1] / "home" / ".cache" / "kubectl-cbt" / environment / "bin" / "python"
    real, starts = python.resolve(), tmp_path / "starts"
    python.unlink()
    python.write_text(f'#!/bin/sh\necho start >>"{starts}"\nexec "{real}" "$@"\n')
    python.chmod(0o755)
    launch(launcher, path)
    assert starts.read_text() == "start\n"


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="no shellcheck on PATH")
def test_shellcheck_has_nothing_to_say():
    found = subprocess.run(
        ["shellcheck", ROOT / "packaging" / "kubectl-cbt"], capture_output=True, text=True, check=False, timeout=120
    )
    assert (found.returncode, found.stdout) == (0, "")
