"""Build everything that a release publishes, from a tagged checkout, into dist/release.

python scripts/release.py            wheel and sdist, krew archive and manifest, notes.md, SHA256SUMS
python scripts/release.py --image    print the name of its container image, and build nothing
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from build_krew import MANIFEST, archive_path, build_archive, known_version, krew_version, render_manifest

from kubectl_cbt.project import HOMEPAGE, IMAGES, release_image
from kubectl_cbt.system.checkout import added_files

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "dist" / "release"


def notes(changelog: str, version: str) -> str:
    """Return the section of a release; ends the script if there is none, or one that is empty or has no date."""
    found = re.search(rf"^## {re.escape(version)}( .*)?\n((?:(?!## ).*\n)*)", changelog, re.MULTILINE)
    if found is None or not found[2].strip():
        sys.exit(f"CHANGELOG.md has no section for {version}")
    if not re.fullmatch(r" - \d{4}-\d{2}-\d{2}", found[1] or ""):
        sys.exit(f"CHANGELOG.md has no date for {version}: write ## {version} - YYYY-MM-DD, commit it, and tag that")
    return found[2].strip() + "\n"


def released_version() -> str:
    """Return the version of this checkout; ends the script if it is not the release of the one tag of its commit."""
    version = known_version()
    if not (ROOT / ".git").exists():
        sys.exit("a release is built from a checkout: an unpacked archive does not show which files were changed")
    if release_image(version) is None:
        changed = [*_git("diff", "--name-only", "HEAD"), *(added_files(ROOT) or ())]
        if changed:
            sys.exit("\n  ".join([f"{version} is not a release: commit or remove", *changed]))
        sys.exit(f"{version} is not a release: tag the commit as vX.Y.Z")
    tags = [tag for tag in _git("tag", "--points-at", "HEAD") if re.fullmatch(r"v\d+\.\d+\.\d+", tag)]
    if len(tags) > 1:
        sys.exit(f"a commit is one release, and this one has the tags {', '.join(tags)}: tag another commit")
    pushed = os.environ.get("GITHUB_REF_NAME") if os.environ.get("GITHUB_REF_TYPE") == "tag" else None
    if pushed not in (None, f"v{version}"):
        sys.exit(f"the tag {pushed} was pushed, but the version of this checkout is {version}: check out the tag")
    return version


def check_addresses() -> None:
    """End the script if this project has no address yet: packages, manifest and image name it."""
    placeholders = [
        f"{name} = {address}"
        for name, address in (("HOMEPAGE", HOMEPAGE), ("IMAGES", IMAGES))
        if re.search(r"\.invalid(?=[:/]|$)", address)
    ]
    if placeholders:
        text = "kubectl_cbt/project.py has placeholders; fill them in as step 1 of RELEASING.md describes:"
        sys.exit("\n  ".join([text, *placeholders]))


def _git(*arguments: str) -> list[str]:
    """Return the lines that git prints."""
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()


def build() -> list[Path]:
    """Write the files of the release of this checkout, and return them."""
    version = released_version()
    check_addresses()
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


def main(*options: str) -> None:
    """Build the release, and print its files; or only print the name of its image."""
    if options == ("--image",):
        check_addresses()
        print(release_image(released_version()))
    else:
        print(*(path.relative_to(ROOT) for path in build()), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
