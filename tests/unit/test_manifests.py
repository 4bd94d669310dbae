"""plugin.yaml by k9s's rules, krew-manifest.yaml by krew's."""

import hashlib
import io
import re
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import pytest
import yaml
from build_krew import build_archive

from kubectl_cbt import __version__

ROOT = Path(__file__).parents[2]

K9S_KEYS = {
    "shortCut": str,
    "override": bool,
    "description": str,
    "confirm": bool,
    "dangerous": bool,
    "scopes": list,
    "command": str,
    "background": bool,
    "overwriteOutput": bool,
    "args": list,
}
K9S_REQUIRED = {"shortCut", "description", "scopes", "command"}
# What k9s replaces in args of a plugin for a namespaced resource; it refuses any other $WORD.
K9S_VARIABLES = {"NAME", "NAMESPACE", "CONTEXT", "CLUSTER", "USER", "GROUPS", "RESOURCE_NAME", "RESOURCE_GROUP"}


@pytest.fixture(scope="module")
def plugins():
    document = yaml.safe_load((ROOT / "plugin.yaml").read_text(encoding="utf-8"))
    assert set(document) == {"plugins"}
    return document["plugins"]


def test_each_k9s_plugin_has_the_required_keys_and_no_other(plugins):
    for plugin in plugins.values():
        assert set(plugin) >= K9S_REQUIRED
        for key, value in plugin.items():
            assert isinstance(value, K9S_KEYS[key]), key
        assert all(isinstance(argument, str | int | float) for argument in plugin["args"])


def test_the_k9s_plugins_are_for_volume_snapshots_on_b_and_shift_b(plugins):
    assert {plugin["shortCut"]: plugin["scopes"] for plugin in plugins.values()} == {
        "b": ["volumesnapshots"],
        "Shift-B": ["volumesnapshots"],
    }


def test_the_k9s_plugins_use_only_what_k9s_knows_and_never_an_empty_kubeconfig(plugins):
    for plugin in plugins.values():
        text = " ".join(map(str, plugin["args"]))
        # k9s's own expression.
        assert set(re.findall(r"\$(\!?[\w|\d|\-|]+)", text)) <= K9S_VARIABLES
        assert "$(" not in text
        assert "${" not in text
        assert "KUBECONFIG" not in text
        assert "--context '$CONTEXT'" in text


@pytest.fixture(scope="module")
def krew():
    return yaml.safe_load((ROOT / "krew-manifest.yaml").read_text(encoding="utf-8"))


def test_krew_accepts_the_manifests_frame(krew):
    assert krew["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2"
    assert krew["kind"] == "Plugin"
    assert re.fullmatch(r"[\w-]+", krew["metadata"]["name"])
    assert krew["metadata"]["name"] == "cbt"
    assert re.fullmatch(r"v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?", krew["spec"]["version"])
    assert krew["spec"]["version"] == f"v{__version__}"
    assert krew["spec"]["shortDescription"]
    assert "\n" not in krew["spec"]["shortDescription"]


def test_every_platform_has_what_krew_asks_for(krew):
    for platform in krew["spec"]["platforms"]:
        assert platform["uri"].startswith("https://")
        assert platform["uri"].endswith((".zip", ".tar.gz"))
        assert re.fullmatch(r"[a-f0-9]{64}", platform["sha256"])
        assert platform["bin"]
        for operation in platform["files"]:
            assert operation["from"]
            to = PurePosixPath(operation["to"])
            assert not to.is_absolute()
            assert ".." not in to.parts
        # The binary is among what is copied.
        assert platform["bin"] in [operation["from"] for operation in platform["files"]]


def test_selectors_name_os_and_arch_only_and_do_not_overlap(krew):
    seen = []
    for platform in krew["spec"]["platforms"]:
        (selector,) = platform["selector"].items()
        assert selector[0] == "matchExpressions"
        found = {expression["key"]: set(expression["values"]) for expression in selector[1]}
        assert {expression["operator"] for expression in selector[1]} == {"In"}
        assert set(found) <= {"os", "arch"}
        seen += [(os, arch) for os in found["os"] for arch in found["arch"]]
    assert sorted(seen) == [("darwin", "amd64"), ("darwin", "arm64"), ("linux", "amd64"), ("linux", "arm64")]


def test_the_manifest_says_that_its_release_does_not_exist_yet():
    assert "does not exist yet" in (ROOT / "krew-manifest.yaml").read_text(encoding="utf-8")


def test_the_archive_is_the_same_twice_and_holds_plain_files_with_their_modes(krew):
    archive = build_archive()
    assert archive == build_archive()
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        modes = {info.filename: info.external_attr >> 16 for info in packed.infolist()}
        assert {info.compress_type for info in packed.infolist()} == {zipfile.ZIP_STORED}
    wheel = f"kubectl_cbt-{__version__}-py3-none-any.whl"
    # 0o100000 is a regular file: no symbolic link, no folder.
    assert modes == {"LICENSE": 0o100644, "kubectl-cbt": 0o100755, wheel: 0o100644}


def test_the_manifests_sha256_is_the_archives(krew):
    (platform,) = krew["spec"]["platforms"]
    assert platform["sha256"] == hashlib.sha256(build_archive()).hexdigest(), "run: make krew"


def test_the_oldest_libraries_that_are_tested_are_the_oldest_that_are_accepted():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    accepted = {re.split(r"[>,<]", text)[0]: re.search(r">=([\d.]+)", text)[1] for text in project["dependencies"]}
    lines = (ROOT / "tests" / "oldest.txt").read_text(encoding="utf-8").splitlines()
    assert dict(line.split("==") for line in lines if "==" in line) == accepted
