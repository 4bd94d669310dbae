"""The workflows for GitHub, ours and the one for drivers: no foreign text becomes part of a script."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted([*(ROOT / ".github" / "workflows").glob("*.yml"), *(ROOT / "docs").glob("*.yml")])
FOR_DRIVERS = ROOT / "docs" / "driver-ci.yml"
MAKE_TARGETS = {
    "make test", "make test-oldest", "make test-newest", "make test-kubectl", "make krew-check", "make release-check",
    "make audit", "make image-archive ENGINE=docker",
}  # fmt: skip
# What each job of a release may do besides reading the source.
RIGHTS = {
    "attest": {"id-token": "write", "attestations": "write"},
    "image": {"packages": "write", "id-token": "write", "attestations": "write"},
    "packages": {"id-token": "write"},
    "github": {"contents": "write"},
}


def steps(workflow: Path) -> list[dict]:
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def test_there_are_workflows():
    assert {path.name for path in WORKFLOWS} == {"ci.yml", "release.yml", "driver-ci.yml"}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_no_script_of_a_workflow_contains_an_expression(workflow):
    scripts = [step["run"] for step in steps(workflow) if "run" in step]
    assert scripts
    assert [script for script in scripts if "${{" in script] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_pins_the_commit_of_each_action(workflow):
    document = yaml.safe_load(workflow.read_text(encoding="utf-8"))
    assert document["permissions"] == {"contents": "read"}
    rights = {name: job["permissions"] for name, job in document["jobs"].items() if "permissions" in job}
    assert rights == (RIGHTS if workflow.name == "release.yml" else {})
    # YAML 1.1 reads the key "on" as true.
    assert "pull_request_target" not in str(document[True])
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"(actions|pypa|rajatjindal)/[\w-]+@[0-9a-f]{40}", step["uses"])
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


CI, RELEASE = (ROOT / ".github" / "workflows" / name for name in ("ci.yml", "release.yml"))


def jobs(workflow: Path) -> dict:
    return yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]


def needs(job: dict) -> set[str]:
    found = job.get("needs", [])
    return {found} if isinstance(found, str) else set(found)


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_our_workflow_runs_make_targets_that_exist():
    runs = {
        step["run"] for name, job in jobs(CI).items() if name != "newcomer" for step in job["steps"] if "run" in step
    }
    assert runs == MAKE_TARGETS
    assert {run.split()[1] for run in MAKE_TARGETS} <= make_targets()


def test_a_newcomer_is_an_ordinary_user_who_owns_the_checkout():
    job = jobs(CI)["newcomer"]
    *_, step = job["steps"]
    useradd, chown, run = [line for line in step["run"].splitlines() if not line.startswith("#")]
    assert useradd == "useradd --create-home newcomer"
    assert chown == "chown --recursive newcomer: ."
    found = re.fullmatch(r'runuser --login newcomer --command "make --directory \'\$PWD\' ([a-z -]+)"', run)
    assert found
    assert found[1].split() == ["demo", "krew-check", "install-check"]
    assert set(found[1].split()) <= make_targets()


def test_only_a_pull_request_cancels_runs():
    document = yaml.safe_load(CI.read_text(encoding="utf-8"))
    pull_request = "github.event_name == 'pull_request'"
    group = f"ci-${{{{ github.event_name }}}}-${{{{ {pull_request} && github.ref || github.run_id }}}}"
    assert document["concurrency"] == {"group": group, "cancel-in-progress": f"${{{{ {pull_request} }}}}"}


def test_a_bot_proposes_new_commits_for_the_pinned_actions():
    (update,) = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    assert (update["package-ecosystem"], update["directory"]) == ("github-actions", "/")
    assert update["schedule"] == {"interval": "weekly"}
    assert update["groups"] == {"actions": {"patterns": ["*"]}}


def test_what_publishes_runs_after_the_tests_and_a_review():
    release = jobs(RELEASE)
    assert needs(release["attest"]) == {"test", "build"}
    assert needs(release["image"]) == {"attest", "image-amd64", "image-arm64"}
    # The upload to the index cannot be undone: everything that may fail comes first, except the page of the release.
    assert needs(release["packages"]) == {"image"}
    assert needs(release["github"]) == {"packages", "image"}
    assert needs(release["krew-index"]) == {"github"}
    for name in ("packages", "image", "github", "krew-index"):
        assert release[name]["environment"] == "release"


def test_only_attested_files_are_published_as_a_release():
    release = jobs(RELEASE)
    (attested,) = [step["with"]["subject-path"] for step in release["attest"]["steps"] if "subject-path" in str(step)]
    (create,) = [step["run"] for step in release["github"]["steps"] if "run" in step]
    assert set(re.findall(r"release/\S+", create)) - {"release/notes.md"} == set(attested.split())


def test_the_image_is_built_without_rights_from_the_wheel_of_the_release():
    release = jobs(RELEASE)
    amd64, arm64 = release["image-amd64"], release["image-arm64"]
    assert (amd64["runs-on"], arm64["runs-on"]) == ("ubuntu-latest", "ubuntu-24.04-arm")
    for job in (amd64, arm64):
        assert needs(job) == {"build"}
        assert not set(job) & {"permissions", "environment"}
        assert "github.token" not in str(job)
    assert str(amd64["steps"]).replace("image-amd64", "image-arm64") == str(arm64["steps"])
    (script,) = [step["run"] for step in amd64["steps"] if "run" in step]
    assert 'make image-archive ENGINE=docker IMAGE="$image" WHEEL="$(echo dist/release/packages/*.whl)"' in script
    assert 'BASE="$base@$digest"' in script


def test_the_base_that_a_release_resolves_is_that_of_the_recipe():
    (script,) = [step["run"] for step in jobs(RELEASE)["image-amd64"]["steps"] if "run" in step]
    (line,) = [line for line in script.splitlines() if line.startswith("base=")]
    done = subprocess.run(
        ["sh", "-ec", f'{line}; printf %s "$base"'], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", done.stdout)


def test_only_the_step_that_pushes_the_image_gets_a_token():
    """The job runs nothing from the repository, and attests by the digest of what was pushed."""
    steps = jobs(RELEASE)["image"]["steps"]
    assert not [step for step in steps if "checkout" in step.get("uses", "")]
    assert [step.get("id") for step in steps if "github.token" in str(step)] == ["push"]
    attest = steps[-1]
    assert attest["uses"].startswith("actions/attest-build-provenance@")
    assert attest["with"] == {
        "subject-name": "${{ steps.push.outputs.name }}",
        "subject-digest": "${{ steps.push.outputs.digest }}",
        "push-to-registry": True,
        "create-storage-record": False,
    }


DOCKER = """#!/bin/sh
echo "$*" >> "$CALLS"
case $* in
    "login "*) cat >> "$CALLS" ;;
    "buildx imagetools inspect "*) echo sha256:0 ;;
esac
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_both_architectures_are_pushed_and_then_named_by_one_index(tmp_path):
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER)
    (programs / "docker").chmod(0o755)
    for architecture in ("amd64", "arm64"):
        (tmp_path / architecture).mkdir()
        (tmp_path / architecture / "name").write_text("ghcr.io/a/kubectl-cbt:0.1.0")
    environment = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_ACTOR": "someone",
        "TOKEN": "secret\n",
    }
    for script in [step["run"] for step in jobs(RELEASE)["image"]["steps"] if "run" in step]:
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=60)
    image = "ghcr.io/a/kubectl-cbt:0.1.0"
    assert (tmp_path / "calls").read_text().splitlines() == [
        "load --input amd64/image.tar",
        f"tag {image} {image}-amd64",
        "load --input arm64/image.tar",
        f"tag {image} {image}-arm64",
        "login ghcr.io --username someone --password-stdin",
        "secret",
        f"push {image}-amd64",
        f"push {image}-arm64",
        f"buildx imagetools create --tag {image} {image}-amd64 {image}-arm64",
        f"buildx imagetools inspect {image} --format {{{{.Manifest.Digest}}}}",
    ]
    assert (tmp_path / "output").read_text() == "name=ghcr.io/a/kubectl-cbt\ndigest=sha256:0\n"


def test_every_pinned_action_has_one_commit_and_names_its_release():
    found = set()
    for workflow in WORKFLOWS:
        found |= set(re.findall(r"uses: ([\w/-]+)@(\w+)(.*)", workflow.read_text(encoding="utf-8")))
    assert len({name for name, _, _ in found}) == len(found)
    assert all(re.fullmatch(r" # v\d+\.\d+\.\d+", release) for _, _, release in found)


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
@pytest.mark.parametrize("name", ["Check", "Keep the report, and a recording for debugging"])
def test_ids_that_are_hostile_reach_the_command_as_they_are(tmp_path, name):
    ids = ["$(touch x)", "--secrets-file=`touch x`", 'a\'; touch x; "$HOME" *']
    programs, folder = tmp_path / "programs", tmp_path / "folder"
    programs.mkdir()
    folder.mkdir()
    (folder / "ids.txt").write_text("\n".join(ids))
    command = programs / "kubectl-cbt"
    command.write_text('#!/bin/sh\nprintf \'%s\\0\' "$@" > "$SEEN"\n')
    command.chmod(0o755)
    (script,) = [step["run"] for step in steps(FOR_DRIVERS) if step.get("name") == name]
    seen = tmp_path / "seen"
    environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "SEEN": str(seen), "HOME": "/nonexistent"}
    # As GitHub runs a script.
    subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=environment, check=True, timeout=60)
    arguments = seen.read_text().split("\0")[:-1]
    assert arguments[arguments.index("--") :] == ["--", *ids[:2]]
    if name == "Check":
        assert f"--third={ids[2]}" in arguments
    assert not (folder / "x").exists()


@pytest.fixture
def repository(tmp_path_factory):
    """An empty repository, and what its steps run with; the driver that a step starts is stopped at the end."""
    folder = tmp_path_factory.mktemp("repository")
    # pytest's own folders have names that are too long for a socket.
    with tempfile.TemporaryDirectory() as sockets:
        socket = f"{sockets}/csi.sock"
        programs = Path(sys.executable).parent
        environment = os.environ | {
            "CSI_ENDPOINT": f"unix://{socket}",
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        }
        yield folder, environment
        found = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
        for line in found.splitlines():
            if f"--csi-socket={socket}" in line:
                os.kill(int(line.split()[0]), signal.SIGTERM)


def run_step(name: str, folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a step as GitHub does; its output goes to a file, which a process in the background may keep open."""
    (script,) = [step["run"] for step in steps(FOR_DRIVERS) if step.get("name") == name]
    with (folder.parent / "output.txt").open("w+") as output:
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
            check=False,
            timeout=120,
        )
        output.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, output.read())


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
@pytest.mark.skipif(shutil.which("ps") is None, reason="no ps on this machine")
def test_the_steps_for_drivers_work_in_an_empty_repository(repository):
    names = [step["name"] for step in steps(FOR_DRIVERS) if "run" in step]
    assert names.pop(0) == "Install kubectl-cbt"
    names.remove("Show the cases that failed")
    for name in names:
        done = run_step(name, *repository)
        assert done.returncode == 0, f"{name}: {done.stdout}"
    folder, _ = repository
    assert {path.name for path in folder.iterdir()} == {"cbt.xml", "cbt.cbtrec", "delta.json", "driver.log", "ids.txt"}
    assert len((folder / "ids.txt").read_text().split()) == 3
    assert "<failure" not in (folder / "cbt.xml").read_text()


def test_a_case_that_failed_is_shown_in_the_log(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    name = "Show the cases that failed"
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    assert (run_step(name, folder, environment).returncode, run_step(name, folder, environment).stdout) == (0, "")
    (folder / "cbt.xml").write_text(
        '<testsuites><testsuite><testcase name="a: b"><failure message="m">came: x</failure></testcase>'
        '<testcase name="c"/></testsuite></testsuites>'
    )
    assert run_step(name, folder, environment).stdout == "a: b\ncame: x\n\n"


BY_NAME = re.compile(r"\b(?:pip3?|pipx|uvx?|easy_install)\b[^\n]*[\s\"'=]kubectl-cbt(?![\w./-])")


@pytest.mark.parametrize(
    "line", ["pip install kubectl-cbt", 'pipx run "kubectl-cbt"', "uvx kubectl-cbt", "pip install -U kubectl-cbt[x]"]
)
def test_an_installation_by_name_is_recognised(line):
    assert BY_NAME.search(line)


def test_nothing_installs_a_package_that_we_have_not_published():
    texts = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "Makefile", ROOT / "krew-manifest.yaml", *WORKFLOWS]
    for folder in ("docs", "kubectl_cbt", "packaging", "scripts"):
        texts += [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix not in (".svg", ".pyc")]
    assert len(texts) > 200
    for path in texts:
        text = path.read_text(encoding="utf-8").replace("pipx uninstall kubectl-cbt", "")
        assert not BY_NAME.search(text), path
