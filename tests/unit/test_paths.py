"""Names of files where there is no home directory: a pod that runs as a random uid has no HOME and no passwd entry."""

import os
from pathlib import Path

import pytest

from kubectl_cbt.cli.backend import snapshot_ref
from kubectl_cbt.errors import ConfigError
from kubectl_cbt.kube.client_config import load_config
from kubectl_cbt.kube.kubeconfig import ConfigFlags, names
from kubectl_cbt.model.refs import SNAPSHOT_KINDS, SnapshotRef
from kubectl_cbt.system.paths import expanded


@pytest.fixture
def homeless(monkeypatch, tmp_path):
    for name in ("HOME", "KUBECONFIG", "KUBERNETES_MASTER", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("homeless")
@pytest.mark.parametrize("text", ["~", "~/x", "~no-such-user/x", "x"])
def test_a_path_without_a_home_is_left_as_it_is(text):
    assert expanded(text) == Path(text)


@pytest.mark.usefixtures("homeless")
def test_without_a_home_no_kubeconfig_is_found():
    with pytest.raises(ConfigError, match="no kubeconfig found, and this is not a pod"), load_config(ConfigFlags()):
        pass


def test_without_a_home_the_kubeconfig_is_in_the_current_folder_as_for_kubectl(homeless):
    (homeless / ".kube").mkdir()
    (homeless / ".kube" / "config").write_text("contexts: [{name: here, context: {}}]")
    assert names(None).contexts == ["here"]


@pytest.mark.usefixtures("homeless")
def test_each_missing_file_of_kubeconfig_is_named(monkeypatch):
    monkeypatch.setenv("KUBECONFIG", f"a{os.pathsep}b{os.pathsep}")
    with pytest.raises(ConfigError, match="KUBECONFIG names a, b, which do not exist"), load_config(ConfigFlags()):
        pass


@pytest.mark.parametrize("kind", SNAPSHOT_KINDS)
def test_a_snapshot_is_named_with_each_name_of_its_kind(kind):
    assert snapshot_ref(f"{kind}/db", "shop") == SnapshotRef("shop", "db")
