"""Rebuild the krew archive, compare it with the manifest, install it as krew does, and run it in a clean HOME.

krew itself is not used: what it does with a manifest (verify, unpack, copy ``files``, link ``bin``) is done here.
"""

import fnmatch
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import yaml
from build_krew import MANIFEST, build_archive


def main() -> None:
    """Check; ends with a message and status 1 where something does not hold."""
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    (platform,) = manifest["spec"]["platforms"]
    archive, again = build_archive(), build_archive()
    if archive != again:
        sys.exit("two builds of the krew archive differ")
    sha256 = hashlib.sha256(archive).hexdigest()
    if sha256 != platform["sha256"]:
        sys.exit(f"krew-manifest.yaml has sha256 {platform['sha256']}, the archive {sha256}: run make krew")
    with tempfile.TemporaryDirectory(prefix="krew-check-") as folder:
        home = Path(folder)
        _install(archive, platform, home)
        _run(home, manifest["spec"]["version"])
    print(f"krew: archive {sha256[:12]} is the manifest's, installs, and runs")


def _install(archive: bytes, platform: dict[str, object], home: Path) -> None:
    """Unpack into a store, keep only what ``files`` names, link ``bin`` as kubectl-cbt."""
    unpacked, store, links = home / "unpacked", home / "store", home / "bin"
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        for info in packed.infolist():
            path = Path(packed.extract(info, unpacked))
            path.chmod(info.external_attr >> 16 & 0o777)
    store.mkdir()
    links.mkdir()
    for operation in platform["files"]:
        for path in sorted(unpacked.iterdir()):
            if fnmatch.fnmatch(path.name, operation["from"]):
                shutil.copy2(path, store / operation["to"] / path.name)
    (links / "kubectl-cbt").symlink_to(store / str(platform["bin"]))


def _run(home: Path, version: str) -> None:
    """Start it twice at once on first use, then once more: all have to say their version."""
    # What a newcomer has: no PYTHONPATH, no virtual environment, and our link first in PATH.
    outside = [part for part in os.environ["PATH"].split(os.pathsep) if not part.startswith(sys.prefix)]
    environment = {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(home / "bin"), *outside]),
        **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))},
    }
    command = ["kubectl", "cbt", "version"] if shutil.which("kubectl") else ["kubectl-cbt", "version"]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in running:
        out, err = process.communicate(timeout=600)
        if process.returncode != 0 or f"Client Version: {version}" not in out:
            sys.exit(f"{' '.join(command)} failed on first use ({process.returncode}):\n{out}{err}")
    later = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if later.returncode != 0 or later.stderr:
        sys.exit(f"{' '.join(command)} failed on second use:\n{later.stdout}{later.stderr}")
    left = sorted(path.name for path in (home / ".cache" / "kubectl-cbt").iterdir())
    if len(left) != 1:
        sys.exit(f"first use left more than one environment behind: {left}")


if __name__ == "__main__":
    main()
