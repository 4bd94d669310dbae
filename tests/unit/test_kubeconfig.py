"""Kubeconfigs: what is passed to kubectl, the available entries, and what must not be printed."""

import os
from pathlib import Path

import pytest
import yaml

from kubectl_cbt.errors import ConfigError
from kubectl_cbt.kube.api_proxy import proxy_for
from kubectl_cbt.kube.kubeconfig import (
    ConfigFlags,
    Impersonation,
    KubeconfigNames,
    has_kubeconfig,
    names,
    select_context,
)
from kubectl_cbt.kube.yaml_documents import load_yaml
from kubectl_cbt.security.secret import Secret

EVERYTHING = {
    "kubeconfig": "file",
    "context": "c",
    "cluster": "k",
    "user": "u",
    "server": "https://s",
    "token": Secret("t"),
    "certificate_authority": "ca",
    "client_certificate": "cert",
    "client_key": "key",
    "tls_server_name": "name",
    "insecure_skip_tls_verify": True,
    "as_user": "jane",
    "as_uid": "7",
    "as_groups": ("a", "b"),
}


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Nothing of the caller's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in os.environ:
        if name in ("KUBECONFIG", "KUBERNETES_MASTER") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def config(*entries: str) -> str:
    kinds = ("contexts", "clusters", "users")
    return yaml.safe_dump({kind: [{"name": f"{entry}-{kind}"} for entry in entries] for kind in kinds})


def test_a_login_and_what_is_chosen_show_no_token(tmp_path):
    path = tmp_path / "config"
    path.write_text("current-context: c\ncontexts: [{name: c}]\n")
    chosen = select_context(ConfigFlags(kubeconfig=str(path), server="https://s", token=Secret("se-cret")))
    assert chosen.user == {"token": "se-cret"}
    assert "se-cret" not in f"{chosen!r}{ConfigFlags(**EVERYTHING | {'token': Secret('se-cret')})!r}"


def test_names_are_all_files_names_in_their_order(tmp_path, monkeypatch):
    (tmp_path / "a").write_text(config("z", "a"))
    (tmp_path / "b").write_text(config("a", "b"))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(str(tmp_path / name) for name in ("a", "gone", "b")))
    found = names(None)
    assert found.contexts == ["z-contexts", "a-contexts", "b-contexts"]
    assert found.clusters == ["z-clusters", "a-clusters", "b-clusters"]
    assert found.users == ["z-users", "a-users", "b-users"]
    assert names(str(tmp_path / "b")).users == ["a-users", "b-users"]


def test_without_a_file_there_are_no_names(tmp_path):
    assert names(None) == KubeconfigNames([], [], [])
    with pytest.raises(ConfigError, match="no such file"):
        names(str(tmp_path / "gone"))


def test_a_server_makes_do_without_a_kubeconfig(monkeypatch, tmp_path):
    assert not has_kubeconfig(ConfigFlags())
    assert not has_kubeconfig(ConfigFlags(token=Secret("t")))
    assert has_kubeconfig(ConfigFlags(server="https://s"))
    monkeypatch.setenv("KUBERNETES_MASTER", "https://s")
    assert has_kubeconfig(ConfigFlags())
    monkeypatch.delenv("KUBERNETES_MASTER")
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text("")
    assert has_kubeconfig(ConfigFlags())


KEY = "se-cret-se-cret"


@pytest.mark.parametrize(
    "text",
    [
        f"users: [{{name: a, user: {{token: {KEY}",
        f"users:\n\t- token: {KEY}",
        f"token: {KEY}: {KEY}",
        f"token: *{KEY}",
        f"token: !{KEY} [",
        f"token: '{KEY}",
        f"- {KEY}",
        KEY,
        f"kind: {KEY}",
        f"apiVersion: [{KEY}]",
        f"current-context: [{KEY}]",
        f"users: {KEY}",
        f"users: [{KEY}]",
        f"users: [{{name: [{KEY}]}}]",
        f"users: [{{name: a, user: {KEY}}}]",
        f"users: [{{name: a, user: {{token: [{KEY}]}}}}]",
        f"users: [{{name: a, user: {{client-key-data: '%{KEY}'}}}}]",
        f"users: [{{name: a, user: {{exec: {KEY}}}}}]",
        f"users: [{{name: a, user: {{exec: {{command: x, args: {KEY}}}}}}}]",
        f"users: [{{name: a, user: {{exec: {{command: x, env: [{{name: [], value: {KEY}}}]}}}}}}]",
        f"users: [{{name: a, user: {{auth-provider: {{config: {{client-secret: [{KEY}]}}}}}}}}]",
    ],
)
def test_a_kubeconfigs_problem_is_reported_without_quoting_it(tmp_path, text):
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"kubeconfig {path} cannot be used: ") as raised:
        select_context(ConfigFlags(kubeconfig=str(path)))
    error: BaseException | None = raised.value
    assert KEY not in f"{raised.value}{raised.value.hint}"
    while (error := error.__cause__) is not None:
        # -v 1 prints causes.
        assert KEY not in str(error)


def test_bytes_that_are_not_text_are_reported_too(tmp_path):
    path = tmp_path / "config"
    path.write_bytes(b"token: \xff" + KEY.encode())
    with pytest.raises(ConfigError, match="it is not YAML") as raised:
        select_context(ConfigFlags(kubeconfig=str(path)))
    assert raised.value.__cause__ is None


def test_dates_are_texts_and_a_second_document_is_not_parsed():
    assert load_yaml(b"a: 2026-11-24\nb: 2026-11-24T10:00:00Z\n") == {"a": "2026-11-24", "b": "2026-11-24T10:00:00Z"}
    assert load_yaml(b"a: 1\n---\n{") == {"a": 1}
    assert load_yaml(b"") is None


def test_yaml_makes_no_objects():
    assert load_yaml(b"!!python/object/apply:os.getcwd []") == []


def test_impersonation_is_headers_several_for_several_groups():
    acting = Impersonation("jané", "7", ("b", "a"), (("Acme.com/Project", "blue"), ("a!b~c'(d)", "x")))
    assert list(acting.headers()) == [
        ("Impersonate-User", "jan\u00c3\u00a9"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Extra-Acme.com%2FProject", "blue"),
        ("Impersonate-Extra-a!b~c'%28d%29", "x"),
    ]
    assert list(Impersonation().headers()) == []


def test_a_header_carries_no_newline_into_the_next_line(tmp_path):
    with pytest.raises(ConfigError, match="not allowed in an HTTP header"):
        select_context(ConfigFlags(server="http://s", as_user="jane\r\nImpersonate-Group: system:masters"))


@pytest.mark.parametrize(
    "url", ["proxy:1", "ftp://proxy:1", "http://", "http://proxy:port", "http://proxy:0", "socks4://p"]
)
def test_a_proxy_that_is_not_a_url_is_rejected_without_its_login(url):
    with pytest.raises(ConfigError, match="proxy-url of the cluster is not a valid proxy URL"):
        proxy_for("https://s", url)
    with pytest.raises(ConfigError) as raised:
        proxy_for("https://s", url.replace("proxy", "me:se-cret@proxy"))
    assert "se-cret" not in f"{raised.value}{raised.value.hint}"


def test_a_socks_proxy_keeps_its_login_and_resolves_names(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert proxy_for("https://s", "socks5://me:pw@proxy:1") == ("socks5h://me:pw@proxy:1", None)


def test_relative_files_are_those_beside_their_kubeconfig(tmp_path, monkeypatch):
    path = tmp_path / "a" / "config"
    path.parent.mkdir()
    (path.parent / "ca").touch()
    path.write_text(
        "current-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n"
        "clusters: [{name: c, cluster: {server: 'https://s', certificate-authority: ca}}]\n"
        "users: [{name: u, user: {tokenFile: ../token, exec: {command: bin/login}}}]\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", "a/config")
    chosen = select_context(ConfigFlags())
    assert chosen.cluster["certificate-authority"] == str(path.parent / "ca")
    assert Path(chosen.user["tokenFile"]).resolve() == tmp_path / "token"
    assert chosen.user["exec"] == {"command": str(path.parent / "bin/login")}


@pytest.mark.parametrize(
    "text",
    [
        "[" * 3000 + "]" * 3000,
        "a: " + "{a: " * 3000 + "1" + "}" * 3000,
        "[" * 100_000,
        "- " * 3000,
        "a: !!int ''",
        "a: !!bool x",
        "a: !!float x",
        "a: !!binary é",
        "a: !!timestamp x",
        "? [a]\n: b",
    ],
    ids=lambda text: text[:20],
)
def test_yaml_that_no_kubeconfig_contains_is_rejected_immediately(tmp_path, text):
    path = tmp_path / "config"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be used"):
        names(str(path))


@pytest.mark.parametrize("text", ["a: " + "9" * 5000, "a: !!timestamp 2020-01-01", "a: ="], ids=lambda text: text[:20])
def test_an_odd_value_of_a_field_that_no_kubeconfig_has_is_passed_over(tmp_path, text):
    path = tmp_path / "config"
    path.write_text(f"{text}\nclusters: [{{name: one}}]", encoding="utf-8")
    assert names(str(path)).clusters == ["one"]
