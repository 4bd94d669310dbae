"""Make the virtual environment of a checkout, if it does not have what pyproject.toml requires. Needs no package.

    python scripts/set_up.py .venv run        what the command needs, as locked in packaging/requirements.txt
    python scripts/set_up.py .venv develop    the command itself, and the tools for its tests

An environment is left alone until dependencies change: no other edit of pyproject.toml needs an index. Then it is made
again, so that it has nothing that an older checkout required: a package that stays can hold others at an old release.
Until the new one is complete the old one is kept as .venv.old, and is put back if the installation fails.
"""

import contextlib
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "packaging" / "requirements.txt"
INSTALLER = ROOT / "packaging" / "installer.py"


def wanted(purpose: str) -> str:
    """Return a checksum of everything that an installation depends on."""
    # Not the comments: they have the sizes.
    text = b"".join(line for line in LOCK.read_bytes().splitlines(keepends=True) if not line.startswith(b"#"))
    if purpose == "develop":
        with (ROOT / "pyproject.toml").open("rb") as file:
            settings = tomllib.load(file)
        project = settings["project"]
        # The path, too: the installed commands name it.
        relevant = [str(ROOT), settings["build-system"], *(project[key] for key in _RELEVANT)]
        text = json.dumps(relevant).encode()
    return hashlib.sha256(text).hexdigest()


PURPOSES = ("run", "develop")
_RELEVANT = ("dependencies", "optional-dependencies", "scripts", "requires-python")


def main(folder: str, purpose: str) -> None:
    """Install what is missing."""
    environment = Path(folder).resolve()
    checksum, done = wanted(purpose), environment / f".{purpose}"
    if done.is_file() and done.read_text() == checksum:
        return
    what = ["--require-hashes", "--only-binary=:all:", "--requirement", str(LOCK)]
    if purpose == "develop":
        what = ["--editable", f"{ROOT}[dev,docs]"]
        print(f"Installing kubectl-cbt and the tools for its tests into {folder}", flush=True)
    else:
        size = re.sub(r"^# (.*?)\. .*", r"\1", LOCK.read_text(encoding="utf-8").splitlines()[0])
        print(f"Installing into {folder}: {size}", flush=True)
    with _replaced(environment) as python:
        subprocess.run([python, "-m", "venv", str(environment)], check=True)
        _install(environment / "bin" / "python", what)
        done.write_text(checksum)


@contextlib.contextmanager
def _replaced(environment: Path) -> Iterator[str]:
    """Move an environment aside, and back if the new one is not completed; gives the Python to make that with."""
    old = environment.with_name(f"{environment.name}.old")
    if old.exists():
        # A killed start left it.
        if _complete(environment):
            shutil.rmtree(old)
        else:
            shutil.rmtree(environment, ignore_errors=True)
            old.rename(environment)
    python = Path(sys.executable)
    if environment.exists():
        if python.parent.resolve() == environment / "bin":
            # In a shell in which this environment is activated. It also works where it is moved to.
            python = old / "bin" / python.name
        environment.rename(old)
    try:
        yield str(python)
    except BaseException:
        if old.exists():
            shutil.rmtree(environment, ignore_errors=True)
            old.rename(environment)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _complete(environment: Path) -> bool:
    return any((environment / f".{purpose}").is_file() for purpose in PURPOSES)


def _install(python: Path, what: list[str]) -> None:
    """Run pip, and print a line for each package that it fetches; ends the script if pip fails."""
    pip = [
        str(python),
        "-I",
        str(INSTALLER),
        "pip",
        "install",
        "--no-compile",
        "--disable-pip-version-check",
        "--no-color",
    ]
    lines = []
    with subprocess.Popen([*pip, *what], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            lines.append(line)
            fetched = re.match(r"\s+(?:Downloading|Using cached) (\S+\.whl) \((.*)\)", line)
            if fetched:
                print(f"  {fetched[2]:>9}  {fetched[1]}", flush=True)
    if process.returncode != 0:
        sys.exit("".join(lines[-10:]) + "The packages could not be installed: is a Python package index reachable?")


if __name__ == "__main__":
    main(*sys.argv[1:])
