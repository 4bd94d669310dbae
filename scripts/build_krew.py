"""Build what krew installs: the archive, the same bytes on every machine, and the manifest that names its sha256.

    python scripts/build_krew.py            write both into dist/, and .krew.yaml

.krew.yaml is the same manifest as a template of krew-release-bot, which fills in version and sha256 of a release.

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
from kubectl_cbt.system.checkout import version_of_tree

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
# krew requires the name of the plugin.
MANIFEST = DIST / "cbt.yaml"
SOURCE = ROOT / "packaging" / "krew-manifest.yaml"
# The bot finds it there.
BOT_TEMPLATE = ROOT / ".krew.yaml"
# The oldest time that a zip can contain. The files' own times differ between checkouts.
EPOCH = (1980, 1, 1, 0, 0, 0)
FILE, EXECUTABLE = 0o644, 0o755


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
    template = string.Template(SOURCE.read_text(encoding="utf-8"))
    return template.substitute(
        version=krew_version(version_of_tree(ROOT)),
        sha256=hashlib.sha256(archive).hexdigest(),
        home=HOMEPAGE,
    )


def render_bot_template() -> str:
    """Return the manifest as a template (Go's text/template) of krew-release-bot: its tag is the version."""
    manifest = "".join(
        line for line in SOURCE.read_text(encoding="utf-8").splitlines(keepends=True) if not line.startswith("#")
    )
    manifest = re.sub(
        r'^( *)uri: (\S+)\n *sha256: "\$\{sha256\}"$',
        lambda found: f'{found[1]}{{{{addURIAndSha "{found[2]}" .TagName | indent {len(found[1])}}}}}',
        manifest,
        flags=re.MULTILINE,
    )
    comment = "{{- /* Written by make krew from packaging/krew-manifest.yaml, for krew-release-bot. */ -}}\n"
    return comment + string.Template(manifest).substitute(version="{{ .TagName }}", home=HOMEPAGE)


def main() -> None:
    """Write the archive and its manifest into dist/, and the bot's template."""
    archive = build_archive()
    path = archive_path(krew_version(version_of_tree(ROOT)))
    DIST.mkdir(exist_ok=True)
    # Only the manifest's: every other build of this checkout has another name.
    for old in DIST.glob(archive_path("v*").name):
        old.unlink()
    path.write_bytes(archive)
    MANIFEST.write_text(render_manifest(archive), encoding="utf-8")
    BOT_TEMPLATE.write_text(render_bot_template(), encoding="utf-8")
    print(f"{path.relative_to(ROOT)}  {len(archive)} bytes")
    print(f"{MANIFEST.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
