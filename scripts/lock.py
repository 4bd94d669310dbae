"""Write the two locks: the newest releases that pyproject.toml accepts, with the hash of every file.

    python scripts/lock.py            resolve both; needs uv
    python scripts/lock.py measure    only measure again what is locked

packaging/requirements.txt is what the krew launcher, `make demo` and the container image install. The first line has
what the launcher announces on first use, the second for what every package has a wheel. README.md and docs/install.md
get the figures of the first line. packaging/build-requirements.txt is the build backend and what it needs: what
`make release` installs.

One file serves every supported platform and Python. A lock is refused if a package has no wheel for one of them,
because nothing is built on a user's machine, nor on the one that builds a release.
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "packaging" / "requirements.txt"
BUILD_LOCK = ROOT / "packaging" / "build-requirements.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# By krew's names, as uv names them. Not darwin/amd64: cryptography has no wheels for it since 49, and 48 has known
# vulnerabilities.
PLATFORMS = {
    "linux/amd64": "x86_64-manylinux_2_28",
    "linux/arm64": "aarch64-manylinux_2_28",
    "darwin/arm64": "aarch64-apple-darwin",
}
MEGABYTE = 1_000_000
BUILD_HEAD = "# What `make release` builds with. Written by `make lock`.\n"


def uv(*arguments: str) -> str:
    """Run the uv of this environment, and return what it prints; ends the script if uv fails."""
    command = [str(Path(sys.executable).parent / "uv"), "--no-config", *arguments]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        sys.exit(f"{' '.join(arguments)}\n{found.stderr}")
    return found.stdout + found.stderr


def resolve(requirements: list[str]) -> str:
    """Return the lock of some requirements, without comments."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "requirements.in"
        source.write_text("\n".join(requirements), encoding="utf-8")
        compiled = uv(
            "pip", "compile", "--quiet", "--universal", "--python-version", PYTHONS[0], "--generate-hashes",
            "--only-binary", ":all:", "--no-annotate", "--no-header", str(source),
        )  # fmt: skip
    return re.sub(r" ; sys_platform == 'win32'.*|^colorama==(?:.*\\\n)+.*\n", "", compiled, flags=re.MULTILINE)


def check_wheels(lock: Path) -> None:
    """End the script if a platform lacks a wheel."""
    for platform in PLATFORMS.values():
        for python in PYTHONS:
            with tempfile.TemporaryDirectory() as folder:
                uv(
                    "pip", "install", "--dry-run", "--target", folder, "--python-platform", platform,
                    "--python-version", python, "--require-hashes", "--only-binary", ":all:", "-r", str(lock),
                )  # fmt: skip


def sizes(lock: Path) -> str:
    """Return the number of packages and their size: installed as the launcher does, after the first command."""
    with tempfile.TemporaryDirectory() as folder:
        wheels, installed = Path(folder) / "wheels", Path(folder) / "installed"
        pinned = ["--quiet", "--require-hashes", "--only-binary=:all:", "--requirement", str(lock)]
        subprocess.run([sys.executable, "-m", "pip", "download", "--dest", str(wheels), *pinned], check=True)
        subprocess.run([sys.executable, "-m", "venv", str(installed)], check=True)
        python = str(installed / "bin" / "python")
        local = ["--no-compile", "--no-index", "--find-links", str(wheels)]
        subprocess.run([python, "-I", "-m", "pip", "install", *local, *pinned], check=True)
        uv("pip", "install", "--no-deps", "--link-mode", "copy", "--python", python, str(ROOT))
        # Python compiles what it loads.
        command = ["-I", "-m", "kubectl_cbt", "delta", "snap-a", "snap-b", "--demo", "-o", "summary"]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        subprocess.run([python, *command], env=environment, stdout=subprocess.DEVNULL, check=True)
        packages = list(wheels.iterdir())
        download = round(sum(path.stat().st_size for path in packages) / MEGABYTE)
        return f"{len(packages)} packages: {download} MB to download, {_used(installed)} MB on disk"


def _used(folder: Path) -> int:
    """Return the megabytes that a folder takes on disk, as ``du`` counts them."""
    files = {found.st_ino: found.st_blocks for found in (path.lstat() for path in [folder, *folder.rglob("*")])}
    return round(sum(files.values()) * 512 / MEGABYTE)


FIGURES = {
    LOCK: r"(?<=: )(?P<download>\d+) MB to download, (?P<disk>\d+) MB on disk(?=\.)",
    ROOT / "README.md": r"(?<=downloads )(?P<download>\d+) MB, which take (?P<disk>\d+) MB on disk",
    ROOT / "docs" / "install.md": r"(?<=: )(?P<download>\d+) MB to download, (?P<disk>\d+) MB on disk(?=\.)",
}
"""Where the sizes are shown."""


def figures(path: Path) -> tuple[str, str]:
    """Return the megabytes to download and on disk that a file shows."""
    (found,) = re.finditer(FIGURES[path], path.read_text(encoding="utf-8"))
    return found["download"], found["disk"]


def refresh_figures() -> None:
    """Write the figures of the lock into the documentation."""
    download, disk = figures(LOCK)
    for path, pattern in FIGURES.items():
        text = path.read_text(encoding="utf-8")
        (found,) = re.finditer(pattern, text)
        between = text[found.end("download") : found.start("disk")]
        text = text[: found.start("download")] + download + between + disk + text[found.end("disk") :]
        path.write_text(text, encoding="utf-8")


def locked(text: str) -> dict[str, list[str]]:
    """Return the versions that a lock has of each package: several where Pythons need different ones."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE):
        found.setdefault(name, []).append(version)
    return found


def locked_platforms(text: str) -> list[str]:
    """Return the platforms for which a lock was found to have a wheel of every package."""
    found = re.search(r"^# For (.*), with Python", text, re.MULTILINE)
    return found[1].split(", ") if found else []


def declared() -> list[str]:
    """Return the requirements of the command, as pyproject.toml has them."""
    requirements: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return requirements


def declared_for_builds() -> list[str]:
    """Return the requirements of the build, as pyproject.toml has them."""
    requirements: list[str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    return requirements


def main(*arguments: str) -> None:
    """Write the locks, and the figures of the documentation."""
    only_measures = arguments == ("measure",)
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder) / LOCK.name
        if only_measures:
            lock.write_text("".join(LOCK.read_text(encoding="utf-8").splitlines(keepends=True)[2:]), encoding="utf-8")
        else:
            lock.write_text(resolve(declared()), encoding="utf-8")
            check_wheels(lock)
        LOCK.write_text(
            f"# {sizes(lock)}. Written by `make lock`.\n# For {', '.join(PLATFORMS)}, with Python {PYTHONS[0]} to"
            f" {PYTHONS[-1]}.\n{lock.read_text(encoding='utf-8')}",
            encoding="utf-8",
        )
        if not only_measures:
            lock.write_text(f"{BUILD_HEAD}{resolve(declared_for_builds())}", encoding="utf-8")
            check_wheels(lock)
            BUILD_LOCK.write_text(lock.read_text(encoding="utf-8"), encoding="utf-8")
    refresh_figures()
    print(LOCK.read_text(encoding="utf-8").splitlines()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
