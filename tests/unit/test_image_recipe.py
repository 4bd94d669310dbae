"""The container image, as far as it can be checked without building it."""

import fnmatch
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from inside_make import outside_make

from kubectl_cbt.cluster.verify_job import SnapshotToRestore, VerifyJob, objects
from kubectl_cbt.system.versions import client_version

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "packaging" / "Containerfile").read_text(encoding="utf-8")
CONTEXT = "dist/image"


def instructions() -> list[tuple[str, str]]:
    """Keyword and arguments, without comments, with continued lines joined."""
    lines = "\n".join(line for line in TEXT.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    return [(line.split()[0], line.split(None, 1)[1]) for line in lines.splitlines() if line.strip()]


def last(keyword: str) -> str:
    return [arguments for name, arguments in instructions() if name == keyword][-1]


def test_every_stage_is_a_slim_python_that_is_pinned_and_supported():
    assert {arguments.split()[0] for name, arguments in instructions() if name == "FROM"} == {"$BASE"}
    (default,) = {arguments for name, arguments in instructions() if name == "ARG" and "=" in arguments}
    minor = re.fullmatch(r"BASE=python:3\.(\d+)-slim-\w+", default)
    assert minor
    assert int(minor[1]) >= 11


def test_the_last_stage_records_its_base():
    *_, start = (index for index, (name, _) in enumerate(instructions()) if name == "FROM")
    assert instructions()[start + 1 : start + 3] == [
        ("ARG", "BASE"),
        ("LABEL", "org.opencontainers.image.base.name=$BASE"),
    ]


def test_the_packages_are_installed_by_their_hashes_and_the_wheel_alone():
    _, *installs = last("RUN").split("&& $install ")
    assert [install.split() for install in installs] == [
        ["--require-hashes", "--only-binary=:all:", "--requirement", "/tmp/requirements.txt"],
        ["--no-index", "--no-deps", "/tmp/kubectl_cbt-*-py3-none-any.whl"],
    ]


def test_every_source_that_is_copied_exists(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = tmp_path.iterdir()
    assert wheel.name == f"kubectl_cbt-{client_version()}-py3-none-any.whl"
    stages = {arguments.split()[-1] for name, arguments in instructions() if name == "FROM" and " AS " in arguments}
    for name, arguments in instructions():
        *sources, _ = arguments.split()
        if name == "COPY" and sources[0].startswith("--from="):
            assert sources[0].removeprefix("--from=") in stages
        elif name == "COPY":
            for file in ("requirements.txt", wheel.name):
                assert [source for source in sources if fnmatch.fnmatch(file, source)]
    entries = zipfile.ZipFile(wheel).read(f"kubectl_cbt-{client_version()}.dist-info/entry_points.txt").decode()
    (program,) = json.loads(last("ENTRYPOINT"))
    assert f"{program} = kubectl_cbt" in entries


def test_the_user_is_a_number_and_the_one_of_the_job():
    job = VerifyJob("shop", None, SnapshotToRestore("pg-tue", 1), "image")
    pod = list(objects(job))[-1].document["spec"]["template"]["spec"]
    security = pod["securityContext"]
    assert last("USER") == f"{security['runAsUser']}:{security['runAsGroup']}" != "0:0"
    assert pod["containers"][0]["command"] == json.loads(last("ENTRYPOINT"))


def dry_run(*arguments: str) -> list[str]:
    """The commands that make would run."""
    command = ["make", "-n", "ENGINE=podman", f"PYTHON={sys.executable}", *arguments]
    found = subprocess.run(command, cwd=ROOT, env=outside_make(), capture_output=True, text=True, check=True)
    return found.stdout.splitlines()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on PATH")
def test_make_builds_it_from_a_folder_that_contains_only_the_wheel_and_the_lock():
    *_, remove, folder, wheel, lock, build = dry_run("image")
    assert remove == f"rm -rf {CONTEXT}"
    assert folder == f"mkdir -p {CONTEXT}"
    assert wheel == f".venv-build/bin/python -m hatchling build -t wheel -d {CONTEXT}"
    assert lock == f"cp packaging/requirements.txt {CONTEXT}"
    tag = client_version().replace("+", "-")
    assert build.split() == f"podman build --file packaging/Containerfile --tag kubectl-cbt:{tag} {CONTEXT}".split()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on PATH")
def test_the_image_of_a_release_is_built_from_its_wheel_without_building_one():
    commands = dry_run("image", "WHEEL=a.whl", "BASE=python@sha256:0", "IMAGE=name:0.1.0")
    assert not [command for command in commands if "hatchling" in command or ".venv" in command]
    assert f"cp a.whl {CONTEXT}" in commands
    arguments = "--build-arg BASE=python@sha256:0 --tag name:0.1.0"
    assert commands[-1] == f"podman build --file packaging/Containerfile {arguments} {CONTEXT}"


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on PATH")
def test_an_archive_is_written_after_the_image_did_its_work_as_in_a_job():
    commands = dry_run("image-archive", "IMAGE=name:0.1.0")
    built = [command.startswith("podman build") for command in commands].index(True)
    run = "podman run --rm --network none --read-only --tmpfs /tmp name:0.1.0"
    assert commands[built + 1 :] == [
        f"{run} version",
        f"{run} delta snap-a snap-b --demo --output summary",
        "rm -rf dist/image-archive",
        "mkdir -p dist/image-archive",
        "podman save --output dist/image-archive/image.tar name:0.1.0",
        "printf '%s' 'name:0.1.0' > dist/image-archive/name",
    ]
