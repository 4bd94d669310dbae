"""Write the two locks: the newest releases that pyproject.toml accepts, with the hash of every file.

    python scripts/lock.py            resolve both; needs uv

packaging/requirements.txt is what the krew launcher, `make demo` and the container image install. The first line has
what the launcher announces on first use, the second for what every package has a wheel.
packaging/build-requirements.txt is the build backend and what it needs: what `make release` installs.

One file serves every supported platform and Python. A lock is refused if a package has no wheel for one of them,
because nothing is built on a user's machine, nor on the one that builds a release.
"""

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
    """Return the number of packages and their size, for this machine."""
    with tempfile.TemporaryDirectory() as folder:
        wheels, installed = Path(folder) / "wheels", Path(folder) / "installed"
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--only-binary=:all:"]
        subprocess.run([*download, "--dest", str(wheels), "--requirement", str(lock)], check=True)
        uv("pip", "install", "--no-index", "--find-links", str(wheels), "--target", str(installed), "-r", str(lock))
        packages = list(wheels.iterdir())
        return f"{len(packages)} packages: {_size(wheels)} MB to download, {_size(installed)} MB on disk"


def _size(folder: Path) -> int:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / MEGABYTE)


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


def main() -> None:
    """Write the locks."""
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder) / LOCK.name
        lock.write_text(resolve(declared()), encoding="utf-8")
        check_wheels(lock)
        LOCK.write_text(
            f"# {sizes(lock)}. Written by `make lock`.\n# For {', '.join(PLATFORMS)}, with Python {PYTHONS[0]} to"
            f" {PYTHONS[-1]}.\n{lock.read_text(encoding='utf-8')}",
            encoding="utf-8",
        )
        lock.write_text(f"{BUILD_HEAD}{resolve(declared_for_builds())}", encoding="utf-8")
        check_wheels(lock)
        BUILD_LOCK.write_text(lock.read_text(encoding="utf-8"), encoding="utf-8")
    print(LOCK.read_text(encoding="utf-8").splitlines()[0])


if __name__ == "__main__":
    main()
