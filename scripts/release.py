"""Build everything that a release publishes, from a tagged checkout, into dist/release.

python scripts/release.py            wheel and sdist, krew archive and manifest, notes.md, SHA256SUMS
python scripts/release.py --image    print the name of its container image, and build nothing
"""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from build_krew import MANIFEST, archive_path, build_archive, krew_version, render_manifest

from kubectl_cbt.project import release_image
from kubectl_cbt.system.checkout import version_of_tree

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "dist" / "release"


def notes(changelog: str, version: str) -> str:
    """Return the section of a release; ends the script if there is none, or an empty one."""
    found = re.search(rf"^## {re.escape(version)}(?: .*)?\n((?:(?!## ).*\n)*)", changelog, re.MULTILINE)
    if found is None or not found[1].strip():
        sys.exit(f"CHANGELOG.md has no section for {version}")
    return found[1].strip() + "\n"


def released_version() -> str:
    """Return the version of this checkout; ends the script if it is not a release."""
    version = version_of_tree(ROOT)
    if release_image(version) is None:
        sys.exit(f"{version} is not a release: tag a commit without changes as vX.Y.Z")
    return version


def build() -> list[Path]:
    """Write the files of the release of this checkout, and return them."""
    version = released_version()
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


if __name__ == "__main__":
    if sys.argv[1:] == ["--image"]:
        print(release_image(released_version()))
    else:
        print(*(path.relative_to(ROOT) for path in build()), sep="\n")
