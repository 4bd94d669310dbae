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
    stages = [arguments.split()[0] for name, arguments in instructions() if name == "FROM"]
    assert len(set(stages)) == 1
    minor = re.fullmatch(r"python:3\.(\d+)-slim-\w+", stages[0])
    assert minor
    assert int(minor[1]) >= 11


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
            assert all(fnmatch.fnmatch(wheel.name, source) for source in sources)
    entries = zipfile.ZipFile(wheel).read(f"kubectl_cbt-{client_version()}.dist-info/entry_points.txt").decode()
    (program,) = json.loads(last("ENTRYPOINT"))
    assert f"{program} = kubectl_cbt" in entries


def test_the_user_is_a_number_and_the_one_of_the_job():
    job = VerifyJob("shop", None, SnapshotToRestore("pg-tue", 1), "image")
    pod = list(objects(job))[-1].document["spec"]["template"]["spec"]
    security = pod["securityContext"]
    assert last("USER") == f"{security['runAsUser']}:{security['runAsGroup']}" != "0:0"
    assert pod["containers"][0]["command"] == json.loads(last("ENTRYPOINT"))


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on PATH")
def test_make_builds_it_from_a_folder_that_contains_only_the_wheel():
    found = subprocess.run(
        ["make", "-n", "image", "ENGINE=podman"],
        cwd=ROOT,
        env=outside_make(),
        capture_output=True,
        text=True,
        check=True,
    )
    *_, remove, wheel, build = found.stdout.splitlines()
    assert remove == f"rm -rf {CONTEXT}"
    assert wheel.endswith(f"-m hatchling build -t wheel -d {CONTEXT}")
    tag = client_version().replace("+", "-")
    assert build == f"podman build --file packaging/Containerfile --tag kubectl-cbt:{tag} {CONTEXT}"
