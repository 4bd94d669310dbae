"""Run the workflow of a release on this machine, for a tag in scratch clones: twice, and compare the bytes.

    python scripts/release_check.py            all of .github/workflows/release.yml but its job "test"
    python scripts/release_check.py --tests    that job, too

The commands of each step run as GitHub runs them. Nothing is published: docker and gh are stand-ins that record their
arguments, artifacts are folders, and the other actions are left out. What is not committed is not part of it. The
clones get what a first release still needs: addresses in place of the placeholders, and its date in CHANGELOG.md.
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
# In place of what kubectl_cbt/project.py has before the first release.
PLACEHOLDER, ADDRESS = "kubectl-cbt.invalid", "kubectl-cbt.example"
# What expressions in the environment of a step give here. The token is longer than what a pipe buffers: a step that
# writes it to a program which does not read it fails in every run, not in some.
VALUES = {"github.token": "x" * 100_000}
# Of programs that would publish. They fail if a file is missing, and read what the programs read.
STAND_IN = """#!/bin/sh
for argument; do
    case $argument in
        --password-stdin) cat > /dev/null ;;
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
    source: Path = ROOT
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
                self.command(step["run"], step.get("env", {}), workspace)
            elif action == "actions/checkout":
                self.check_out(workspace)
            elif action == "actions/upload-artifact":
                self.artifacts[given["name"]] = workspace / given["path"]
            elif action == "actions/download-artifact":
                shutil.copytree(self.artifacts[given["name"]], workspace / given["path"])
            else:
                left_out.append(action)
        return left_out

    def check_out(self, workspace: Path) -> None:
        """Clone the source, tagged as the release, with the packages of this environment."""
        clone = ["git", "clone", "--quiet", "--no-tags", str(self.source), str(workspace)]
        subprocess.run(clone, check=True, umask=self.umask)
        make_releasable(workspace)
        # Its packages, with the commands of the clone.
        environment = workspace / ".venv"
        environment.mkdir()
        for entry in Path(sys.prefix).iterdir():
            if not entry.name.startswith("."):
                (environment / entry.name).symlink_to(entry)
        (environment / ".ready").touch()

    def command(self, script: str, given: dict[str, str], workspace: Path) -> None:
        """Run the script of a step in the environment that it is given; ends this script if it fails."""
        environment = os.environ | {
            "TZ": self.zone,
            "PATH": os.pathsep.join([str(self.folder / "programs"), os.environ["PATH"]]),
            "PYTHONPATH": str(workspace),
            "CALLS": str(self.folder / "calls"),
            "GITHUB_OUTPUT": str(self.folder / "outputs"),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_ACTOR": "example",
            "GITHUB_REF_TYPE": "tag",
            "GITHUB_REF_NAME": f"v{VERSION}",
            **{name: resolved(value) for name, value in given.items()},
        }
        environment = {name: value for name, value in environment.items() if not name.startswith("MAKE")}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=workspace,
            env=environment,
            umask=self.umask,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(f"{script}\nexited with {done.returncode}:\n{done.stdout}{done.stderr}")


def make_releasable(checkout: Path) -> None:
    """Commit addresses and a date to a clone, and tag that commit."""

    # The same commit in each clone.
    environment = os.environ | {f"GIT_{role}_DATE": "2026-01-01T00:00:00Z" for role in ("AUTHOR", "COMMITTER")}
    own = ["user.name=example", "user.email=example@example", "commit.gpgSign=false", "tag.gpgSign=false"]

    def git(*arguments: str) -> str:
        command = ["git", *(part for setting in own for part in ("-c", setting)), *arguments]
        done = subprocess.run(command, cwd=checkout, env=environment, check=True, capture_output=True, text=True)
        return done.stdout

    for name in git("ls-files", "-z", "--", ":!tests", ":!scripts/release_check.py").split("\0")[:-1]:
        content = (checkout / name).read_bytes()
        if PLACEHOLDER.encode() in content:
            (checkout / name).write_bytes(content.replace(PLACEHOLDER.encode(), ADDRESS.encode()))
    changelog = checkout / "CHANGELOG.md"
    changelog.write_text(dated(changelog.read_text(encoding="utf-8")), encoding="utf-8")
    git("commit", "--quiet", "--all", "--allow-empty", "--no-verify", "--message", "Addresses and a date")
    git("tag", f"v{VERSION}")


def dated(changelog: str) -> str:
    """Return a changelog with a date for the release, if it has none yet."""
    heading = f"## {VERSION} - "
    return changelog.replace(f"{heading}not released yet\n", f"{heading}2026-01-01\n")


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


def add_stand_ins(folder: Path) -> None:
    """Write the programs that only record their arguments into the folder of a run."""
    programs = folder / "programs"
    programs.mkdir(parents=True)
    (folder / "calls").touch()
    for name in ("docker", "gh"):
        (programs / name).write_text(STAND_IN, encoding="utf-8")
        (programs / name).chmod(0o755)


def check_sums(release: Path, calls: str) -> None:
    """End the script unless the files of the GitHub release, in one folder, are those of its SHA256SUMS."""
    (created,) = re.findall(r"^gh release create (.*)", calls, re.MULTILINE)
    uploaded = [release.parent / name for name in created.split() if name.startswith("release/")]
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in uploaded}
    for name in ("notes.md", "SHA256SUMS"):
        files.pop(name)
    listed = dict(line.split("  ")[::-1] for line in (release / "SHA256SUMS").read_text().splitlines())
    if files != listed:
        sys.exit(f"SHA256SUMS is not of the uploaded files: {sorted(set(files.items()) ^ set(listed.items()))}")


def run(folder: Path, umask: int, zone: str, *, tests: bool) -> Run:
    """Run the jobs in the order of the file, in which each comes after those that it needs."""
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    add_stand_ins(folder)
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
        check_sums(done.artifacts["release"], done.calls)
        packages = sorted((done.artifacts["release"] / "packages").iterdir())
        subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *packages], check=True)
    (files, calls), (other_files, other_calls) = runs
    if files != other_files:
        sys.exit(f"two builds of the same commit differ: {sorted(set(files.items()) ^ set(other_files.items()))}")
    if calls != other_calls:
        sys.exit(f"two builds of the same commit are published differently:\n{calls}\n{other_calls}")
    print("would be called:", *calls.splitlines(), sep="\n  ")
    print("the same bytes twice:", *files, sep="\n  ")


if __name__ == "__main__":
    main(*sys.argv[1:])
