"""Build what krew installs: the archive, the same bytes on every machine, and the manifest that names its sha256.

    python scripts/build_krew.py            write both into dist/, and .krew.yaml

.krew.yaml is the same manifest as a template of krew-release-bot, which fills in version and sha256 of a release.
krew-manifest.yaml is the manifest of the latest release. Until there is one, it is also written here.

Nothing in the archive is compressed: deflate gives different bytes in different versions of zlib.
"""

import hashlib
import io
import re
import string
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from kubectl_cbt.project import HOMEPAGE
from kubectl_cbt.system.checkout import FIRST, UNKNOWN, version_of_tree

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
# krew requires the name of the plugin.
MANIFEST = DIST / "cbt.yaml"
SOURCE = ROOT / "packaging" / "krew-manifest.yaml"
# The bot finds it there.
BOT_TEMPLATE = ROOT / ".krew.yaml"
LATEST = ROOT / "krew-manifest.yaml"
# The sha256 of no archive: krew refuses to install with it.
UNRELEASED = "0" * 64
# The oldest time that a zip can contain. The files' own times differ between checkouts.
EPOCH = (1980, 1, 1, 0, 0, 0)
FILE, EXECUTABLE = 0o644, 0o755


def known_version() -> str:
    """Return the version of this tree; ends the script with the reason if git does not give one."""
    version = version_of_tree(ROOT)
    if version == UNKNOWN:
        sys.exit(f"the version comes from git, which does not give one: {_why_unknown()}\nFix it, and run this again.")
    return version


def _why_unknown() -> str:
    if not (ROOT / ".git").exists():
        return f"{ROOT} is not a checkout; clone the repository"
    try:
        found = subprocess.run(["git", "log", "-1", "--format="], cwd=ROOT, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return "there is no git on the PATH"
    return found.stderr.strip() or "it has a tag that is similar to vX.Y.Z, but not one"


def krew_version(version: str) -> str:
    """Return a version (PEP 440) as krew requires it: ``v0.2.0``, or ``v0.2.0-dev.12.g1a2b3c4d5`` between releases."""
    release, _, build = version.replace("+", ".").partition(".dev")
    return f"v{release}-dev.{build}" if build else f"v{release}"


def archive_path(version: str) -> Path:
    """Return where the archive of a version of krew's is built."""
    return DIST / f"kubectl-cbt-{version}.zip"


def build_archive(root: Path = ROOT) -> bytes:
    """Return the archive of a source tree: wheel, launcher and installer, LICENSE, and the lock with the wheel."""
    with tempfile.TemporaryDirectory() as folder:
        built = subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
            cwd=root,
            check=False,
            capture_output=True,
            text=True,
        )
        if built.returncode != 0:
            sys.exit(f"the wheel does not build:\n{built.stderr}")
        (wheel,) = Path(folder).glob("*.whl")
        data = _uncompressed(wheel.read_bytes())
        lock = (root / "packaging" / "requirements.txt").read_text(encoding="utf-8")
        lock += f"./{wheel.name} --hash=sha256:{hashlib.sha256(data).hexdigest()}\n"
        return _stored_zip(
            {
                "LICENSE": ((root / "LICENSE").read_bytes(), FILE),
                "kubectl-cbt": ((root / "packaging" / "kubectl-cbt").read_bytes(), EXECUTABLE),
                wheel.name: (data, FILE),
                "installer.py": ((root / "packaging" / "installer.py").read_bytes(), FILE),
                "requirements.txt": (lock.encode(), FILE),
            }
        )


def _uncompressed(wheel: bytes) -> bytes:
    """Return a wheel with the same entries, stored. Its RECORD lists the files, not how they are compressed."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as packed:
        return _stored_zip({info.filename: (packed.read(info), FILE) for info in packed.infolist()})


def _stored_zip(entries: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, (data, mode) in entries.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system = 3  # Unix on every machine: it decides how the mode is read
            info.external_attr = (0o100000 | mode) << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def render_manifest(archive: bytes) -> str:
    """Return the manifest of an archive, for the version of this tree."""
    return _manifest(krew_version(known_version()), hashlib.sha256(archive).hexdigest())


def render_unreleased() -> str:
    """Return the manifest that the first release will have, but for its sha256."""
    comment = (
        "# The krew manifest of the first release, written by `make krew` from packaging/krew-manifest.yaml.\n"
        "# The uri does not exist yet, and the sha256 is a placeholder: the release replaces this file.\n"
    )
    return comment + _without_comments(_manifest(f"v{FIRST}", UNRELEASED))


def update_unreleased() -> None:
    """Write it, unless the manifest of a release has replaced it."""
    if UNRELEASED in LATEST.read_text(encoding="utf-8"):
        LATEST.write_text(render_unreleased(), encoding="utf-8")


def _manifest(version: str, sha256: str) -> str:
    return string.Template(SOURCE.read_text(encoding="utf-8")).substitute(version=version, sha256=sha256, home=HOMEPAGE)


def _without_comments(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))


def render_bot_template() -> str:
    """Return the manifest as a template (Go's text/template) of krew-release-bot: its tag is the version."""
    manifest = re.sub(
        r'^( *)uri: (\S+)\n *sha256: "\$\{sha256\}"$',
        lambda found: f'{found[1]}{{{{addURIAndSha "{found[2]}" .TagName | indent {len(found[1])}}}}}',
        _without_comments(SOURCE.read_text(encoding="utf-8")),
        flags=re.MULTILINE,
    )
    comment = "{{- /* Written by make krew from packaging/krew-manifest.yaml, for krew-release-bot. */ -}}\n"
    return comment + string.Template(manifest).substitute(version="{{ .TagName }}", home=HOMEPAGE)


def main() -> None:
    """Write the archive and its manifest into dist/, the bot's template, and the manifest before the first release."""
    path = archive_path(krew_version(known_version()))
    archive = build_archive()
    DIST.mkdir(exist_ok=True)
    # Only the manifest's: every other build of this checkout has another name.
    for old in DIST.glob(archive_path("v*").name):
        old.unlink()
    path.write_bytes(archive)
    MANIFEST.write_text(render_manifest(archive), encoding="utf-8")
    BOT_TEMPLATE.write_text(render_bot_template(), encoding="utf-8")
    update_unreleased()
    print(f"{path.relative_to(ROOT)}  {len(archive)} bytes")
    print(f"{MANIFEST.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
