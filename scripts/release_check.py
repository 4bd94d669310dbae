"""Run the workflow of a release on this machine, for a tag in scratch clones: twice, and compare the bytes.

    python scripts/release_check.py            all of .github/workflows/release.yml but its job "test"
    python scripts/release_check.py --tests    that job, too

The commands of each step run as GitHub runs them. Nothing is published: docker and gh are stand-ins that record their
arguments, artifacts are folders, and the other actions are left out. What is not committed is not part of it.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = ROOT / ".github" / "workflows" / "release.yml"
VERSION = "0.1.0"
REPOSITORY = "Example/kubectl-cbt"
# What expressions in the environment of a step give here.
VALUES = {"github.token": "a-token-of-nobody"}
# Of programs that would publish. They fail if a file is missing.
STAND_IN = """#!/bin/sh
for argument; do
    case $argument in
        release/*) [ -f "$argument" ] || { echo "no file $argument" >&2; exit 1; } ;;
    esac
done
echo "${0##*/} $*" >> "$CALLS"
"""


@dataclass
class Run:
    """One run of the workflow: a folder with a workspace for each job."""

    folder: Path
    umask: int
    zone: str
    artifacts: dict[str, Path] = field(default_factory=dict)

    @property
    def calls(self) -> str:
        """What the stand-ins were called with, a line each."""
        return (self.folder / "calls").read_text(encoding="utf-8")

    def job(self, name: str, job: dict[str, Any]) -> list[str]:
        """Run the steps of a job, and return the actions that were left out."""
        workspace = self.folder / name
        workspace.mkdir()
        left_out = []
        for step in job["steps"]:
            action, given = step.get("uses", "").partition("@")[0], step.get("with", {})
            if "run" in step:
                print(f"  {name}: {step.get('name', step['run'])}", flush=True)
                self._command(step["run"], step.get("env", {}), workspace)
            elif action == "actions/checkout":
                self._check_out(workspace)
            elif action == "actions/upload-artifact":
                self.artifacts[given["name"]] = workspace / given["path"]
            elif action == "actions/download-artifact":
                shutil.copytree(self.artifacts[given["name"]], workspace / given["path"])
            else:
                left_out.append(action)
        return left_out

    def _check_out(self, workspace: Path) -> None:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(workspace)], check=True, umask=self.umask)
        subprocess.run(["git", "tag", "--force", f"v{VERSION}"], cwd=workspace, check=True, stdout=subprocess.DEVNULL)
        # The packages of this environment, with the commands of the clone.
        environment = workspace / ".venv"
        environment.mkdir()
        for entry in Path(sys.prefix).iterdir():
            if not entry.name.startswith("."):
                (environment / entry.name).symlink_to(entry)
        (environment / ".ready").touch()

    def _command(self, script: str, given: dict[str, str], workspace: Path) -> None:
        environment = os.environ | {
            "TZ": self.zone,
            "PATH": os.pathsep.join([str(self.folder / "programs"), os.environ["PATH"]]),
            "PYTHONPATH": str(workspace),
            "CALLS": str(self.folder / "calls"),
            "GITHUB_OUTPUT": str(self.folder / "outputs"),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_ACTOR": "example",
            "GITHUB_REF_NAME": f"v{VERSION}",
            **{name: resolved(value) for name, value in given.items()},
        }
        environment = {name: value for name, value in environment.items() if not name.startswith("MAKE")}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=workspace,
            env=environment,
            umask=self.umask,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(f"{script}\nexited with {done.returncode}:\n{done.stdout}{done.stderr}")


def resolved(text: str) -> str:
    """Return an environment variable of a step; an expression that is unknown here ends the script."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in VALUES:
            sys.exit(f"{WORKFLOW.name} has an expression that has no value here: {found[0]}")
        return VALUES[found[1]]

    return re.sub(r"\$\{\{ *(.*?) *\}\}", value, text)


def digests(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def run(folder: Path, umask: int, zone: str, *, tests: bool) -> Run:
    """Run the jobs in the order of the file, in which each comes after those that it needs."""
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    programs = folder / "programs"
    programs.mkdir(parents=True)
    (folder / "calls").touch()
    for name in ("docker", "gh"):
        (programs / name).write_text(STAND_IN, encoding="utf-8")
        (programs / name).chmod(0o755)
    found = Run(folder, umask, zone)
    left_out = []
    for name, job in jobs.items():
        if name != "test" or tests:
            left_out += [f"{name}: {action}" for action in found.job(name, job)]
    print("  left out:", ", ".join(left_out))
    return found


def main(*options: str) -> None:
    """Run it twice; ends the script if a step fails or the files differ."""
    runs = []
    with tempfile.TemporaryDirectory(prefix="release-check-") as folder:
        for name, umask, zone in (("one", 0o022, "UTC"), ("two", 0o077, "Pacific/Auckland")):
            print(f"umask {umask:03o}, time zone {zone}:")
            done = run(Path(folder) / name, umask, zone, tests="--tests" in options)
            runs.append((digests(done.artifacts["release"]), done.calls))
        if shutil.which("twine"):
            packages = sorted((done.artifacts["release"] / "packages").iterdir())
            subprocess.run(["twine", "check", "--strict", *packages], check=True)
    (files, calls), (other_files, other_calls) = runs
    if files != other_files:
        sys.exit(f"two builds of the same commit differ: {sorted(set(files.items()) ^ set(other_files.items()))}")
    if calls != other_calls:
        sys.exit(f"two builds of the same commit are published differently:\n{calls}\n{other_calls}")
    print("would be called:", *calls.splitlines(), sep="\n  ")
    print("the same bytes twice:", *files, sep="\n  ")


if __name__ == "__main__":
    main(*sys.argv[1:])
