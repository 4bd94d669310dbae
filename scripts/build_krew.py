"""Build the archive that krew installs, the same bytes on every machine, and keep the manifest's sha256 current.

    python scripts/build_krew.py            build into dist/, write the sha256 into krew-manifest.yaml

Nothing in it is compressed: what deflate makes of the same input differs between versions of zlib.
"""

import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "krew-manifest.yaml"
# The oldest time a zip can hold; the archive's own times say nothing.
EPOCH = (1980, 1, 1, 0, 0, 0)
FILE, EXECUTABLE = 0o644, 0o755


def build_archive() -> bytes:
    """The archive: wheel, launcher, LICENSE."""
    with tempfile.TemporaryDirectory() as folder:
        built = subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
        )
        if built.returncode != 0:
            sys.exit(f"the wheel does not build:\n{built.stderr}")
        (wheel,) = Path(folder).glob("*.whl")
        return _stored_zip(
            {
                "LICENSE": ((ROOT / "LICENSE").read_bytes(), FILE),
                "kubectl-cbt": ((ROOT / "packaging" / "kubectl-cbt").read_bytes(), EXECUTABLE),
                wheel.name: (_uncompressed(wheel.read_bytes()), FILE),
            }
        )


def _uncompressed(wheel: bytes) -> bytes:
    """The wheel with the same entries, stored; its RECORD lists files, not how they are packed."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as packed:
        return _stored_zip({info.filename: (packed.read(info), FILE) for info in packed.infolist()})


def _stored_zip(entries: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, (data, mode) in entries.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.create_system = 3  # Unix, wherever it is built: it decides how the mode is read
            info.external_attr = (0o100000 | mode) << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def manifest_with(sha256: str) -> str:
    """The manifest's text with another sha256."""
    return re.sub(r'(?<=sha256: ")[0-9a-f]*(?=")', sha256, MANIFEST.read_text(encoding="utf-8"))


def main() -> None:
    """Build, write, update."""
    archive = build_archive()
    sha256 = hashlib.sha256(archive).hexdigest()
    path = ROOT / "dist" / f"kubectl-cbt-{_version()}.zip"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(archive)
    MANIFEST.write_text(manifest_with(sha256), encoding="utf-8")
    print(f"{path.relative_to(ROOT)}  {len(archive)} bytes  sha256 {sha256}")


def _version() -> str:
    found = re.search(r"^  version: (v\S+)$", MANIFEST.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        sys.exit("krew-manifest.yaml has no spec.version")
    return found[1]


if __name__ == "__main__":
    main()
