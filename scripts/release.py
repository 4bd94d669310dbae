"""Build everything that a release publishes, from a tagged checkout, into dist/release.

python scripts/release.py            wheel and sdist, krew archive and manifest, notes.md, SHA256SUMS
python scripts/release.py --check    build in two scratch clones with a tag of their own, and compare the bytes
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from build_krew import MANIFEST, archive_path, build_archive, krew_version, render_manifest

from kubectl_cbt.system.checkout import version_of_tree

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "dist" / "release"


def notes(changelog: str, version: str) -> str:
    """Return the section of a release; ends the script if there is none, or an empty one."""
    found = re.search(rf"^## {re.escape(version)}(?: .*)?\n((?:(?!## ).*\n)*)", changelog, re.MULTILINE)
    if found is None or not found[1].strip():
        sys.exit(f"CHANGELOG.md has no section for {version}")
    return found[1].strip() + "\n"


def build() -> list[Path]:
    """Write the files of the release of this checkout, and return them."""
    version = version_of_tree(ROOT)
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        sys.exit(f"{version} is not a release: tag a commit without changes as vX.Y.Z")
    text = notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    shutil.rmtree(RELEASE, ignore_errors=True)
    packages = RELEASE / "packages"
    packages.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(packages)], cwd=ROOT, check=True)
    archive = build_archive()
    (RELEASE / archive_path(krew_version(version)).name).write_bytes(archive)
    (RELEASE / MANIFEST.name).write_text(render_manifest(archive), encoding="utf-8")
    published = sorted(path for path in RELEASE.rglob("*") if path.is_file())
    (RELEASE / "SHA256SUMS").write_text("".join(f"{_digest(path)}  {path.name}\n" for path in published))
    (RELEASE / "notes.md").write_text(text, encoding="utf-8")
    return sorted(path for path in RELEASE.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check(version: str = "0.1.0") -> None:
    """Build the current commit twice as if it were tagged; ends the script if the files differ."""
    built = []
    with tempfile.TemporaryDirectory() as folder:
        for name, umask, zone in (("one", 0o022, "UTC"), ("two", 0o077, "Pacific/Auckland")):
            clone = Path(folder) / name
            subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
            subprocess.run(["git", "tag", "--force", f"v{version}"], cwd=clone, check=True)
            command = [sys.executable, "scripts/release.py"]
            environment = {**os.environ, "TZ": zone, "PYTHONPATH": str(clone)}
            subprocess.run(command, cwd=clone, env=environment, umask=umask, check=True, stdout=subprocess.DEVNULL)
            release = clone / "dist" / "release"
            built.append({path.name: _digest(path) for path in release.rglob("*") if path.is_file()})
        if shutil.which("twine"):
            packages = sorted((release / "packages").iterdir())
            subprocess.run(["twine", "check", "--strict", *packages], check=True)
    if built[0] != built[1]:
        sys.exit(f"two builds of the same commit differ: {sorted(set(built[0].items()) ^ set(built[1].items()))}")
    print("the same bytes twice:", *sorted(built[0]), sep="\n  ")


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        check()
    else:
        print(*(path.relative_to(ROOT) for path in build()), sep="\n")
