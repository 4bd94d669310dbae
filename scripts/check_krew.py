"""Install the archive in dist/ from the manifest in dist/, as krew does, and run it in a clean HOME.

krew itself is not needed: what it does with a manifest (verify, unpack, move ``files``, link ``bin``) is done here.
"""

import hashlib
import io
import os
import platform as platform_module
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import yaml
from build_krew import MANIFEST, archive_path

from kubectl_cbt.system.checkout import version_of_tree


def main() -> None:
    """Check; exits with a message and status 1 at the first failure."""
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    path = archive_path(manifest["spec"]["version"])
    archive = path.read_bytes()
    with tempfile.TemporaryDirectory(prefix="krew-check-") as folder:
        home = Path(folder)
        install(archive, manifest, home / ".krew")
        _run(home, f"v{version_of_tree()}")
    print(f"krew: {path.name} installs from {MANIFEST.name}, and runs")


def install(archive: bytes, manifest: dict[str, Any], root: Path) -> Path:
    """Install into a KREW_ROOT.

    Returns:
        The link that krew puts into PATH.
    """
    found = [each for each in manifest["spec"]["platforms"] if this_machine() in platforms_of(each)]
    if len(found) != 1:
        sys.exit(f"the manifest offers {len(found)} archives for {'/'.join(this_machine())}")
    platform = found[0]
    sha256 = hashlib.sha256(archive).hexdigest()
    if sha256 != platform["sha256"]:
        sys.exit(f"the manifest has sha256 {platform['sha256']}, the archive {sha256}")
    name = manifest["metadata"]["name"]
    store, links = root / "store" / name / manifest["spec"]["version"], root / "bin"
    store.mkdir(parents=True)
    links.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder)
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            for info in packed.infolist():
                Path(packed.extract(info, unpacked)).chmod(info.external_attr >> 16 & 0o777)
        for operation in platform["files"]:
            found = sorted(unpacked.glob(operation["from"]))
            if not found:
                sys.exit(f"no file in the archive matches {operation['from']}")
            for path in found:
                shutil.move(path, store / operation["to"] / path.name)
    link = links / f"kubectl-{name.replace('-', '_')}"
    link.symlink_to(os.path.relpath(store / platform["bin"], links))
    return link


def this_machine() -> tuple[str, str]:
    """Return the operating system and the architecture, as krew (and Go) names them."""
    machine = platform_module.machine().lower()
    return sys.platform, {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def platforms_of(platform: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the operating systems and architectures that a platform of a manifest selects.

    Empty if krew refuses the selector, or if it does not select both.
    """
    if set(platform["selector"]) != {"matchExpressions"}:
        return set()
    found = {
        expression["key"]: expression["values"]
        for expression in platform["selector"]["matchExpressions"]
        if expression["operator"] == "In"
    }
    if set(found) != {"os", "arch"}:
        return set()
    return {(system, machine) for system in found["os"] for machine in found["arch"]}


def _run(home: Path, version: str) -> None:
    """On first use start it twice at the same time, then once more: each start must print the version."""
    # The environment of a new user: no PYTHONPATH, no virtual environment, and the link first in PATH.
    outside = [part for part in os.environ["PATH"].split(os.pathsep) if not part.startswith(sys.prefix)]
    environment = {
        "HOME": str(home),
        "PATH": os.pathsep.join([str(home / ".krew" / "bin"), *outside]),
        **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))},
    }
    command = ["kubectl", "cbt", "version"] if shutil.which("kubectl") else ["kubectl-cbt", "version"]
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in running:
        out, err = process.communicate(timeout=600)
        if process.returncode != 0 or f"Client Version: {version}\n" not in out:
            sys.exit(f"{' '.join(command)} failed on first use ({process.returncode}):\n{out}{err}")
    later = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if later.returncode != 0 or later.stderr:
        sys.exit(f"{' '.join(command)} failed on second use:\n{later.stdout}{later.stderr}")
    left = sorted(path.name for path in (home / ".cache" / "kubectl-cbt").iterdir())
    if len(left) != 1:
        sys.exit(f"first use left more than one environment: {left}")


if __name__ == "__main__":
    main()
