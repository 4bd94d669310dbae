"""What a broken kubeconfig, login or API server gets: its name, the reason, and what to do."""

import re
import socket
import threading
from pathlib import Path

import pytest
import yaml
from conftest import DELTA, run_command

from kubectl_cbt.demo.certificates import CertificateAuthority
from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.kube.kube_api import KubeApi
from kubectl_cbt.demo.kube.status_objects import StatusError


def test_a_missing_kubeconfig_is_reported_plainly(tmp_path):
    found = run_command("snapshots", HOME=str(tmp_path))
    assert (found.returncode, found.stdout) == (1, "")
    assert "no kubeconfig found" in found.stderr
    assert "kubectl cbt demo" in found.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no current-context"),
        ("clusters: [", "cannot be used"),
        ("apiVersion: v1\nkind: Config\n", "has no current-context"),
        ("current-context: a\ncontexts: [{name: a, context: {cluster: gone}}]\nclusters: []\n", "cannot be used"),
    ],
)
def test_a_broken_kubeconfig_is_named(tmp_path, text, said):
    path = tmp_path / "config"
    path.write_text(text)
    for arguments in ((), ("--kubeconfig", str(path))):
        found = run_command("snapshots", *arguments, KUBECONFIG=str(path))
        assert (found.returncode, found.stdout) == (1, "")
        assert said in found.stderr
        assert str(path) in found.stderr
        assert "Traceback" not in found.stderr


def _with_user(demo: DemoCluster, folder: Path, **user: str) -> str:
    """A kubeconfig whose current user is another one."""
    document = yaml.safe_load(demo.kubeconfig.read_text())
    document["users"][0]["user"] = user
    (folder / "ca.crt").write_bytes((demo.kubeconfig.parent / "ca.crt").read_bytes())
    (folder / "config").write_text(yaml.safe_dump(document))
    return str(folder / "config")


def test_a_token_file_may_end_in_a_newline(demo, tmp_path):
    token = yaml.safe_load(demo.kubeconfig.read_text())["users"][0]["user"]["token"]
    (tmp_path / "token").write_text(f"{token}\n")
    found = run_command(*DELTA, "-o", "name", "--kubeconfig", _with_user(demo, tmp_path, tokenFile="token"))
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.parametrize("token", ["secret-one\nsecret-two", "secret-one\x00secret-two", "secret-öne-secret-two"])
def test_a_token_no_header_can_carry_is_rejected_and_not_shown(demo, tmp_path, token):
    found = run_command("snapshots", "--kubeconfig", _with_user(demo, tmp_path, token=token), "-v", "9")
    assert (found.returncode, found.stdout) == (1, "")
    assert "the kubeconfig's token contains characters" in found.stderr
    assert "secret-" not in found.stderr


def test_a_proxy_from_the_environment_is_not_for_loopback_and_one_in_the_kubeconfig_is(demo, tmp_path):
    nowhere = "http://127.0.0.1:9"
    environment = {"https_proxy": nowhere, "HTTPS_PROXY": nowhere, "grpc_proxy": nowhere}
    assert run_command(*DELTA, "-o", "name", cluster=demo, **environment).returncode == 0
    document = yaml.safe_load(demo.kubeconfig.read_text())
    document["clusters"][0]["cluster"]["proxy-url"] = nowhere
    (tmp_path / "ca.crt").write_bytes((demo.kubeconfig.parent / "ca.crt").read_bytes())
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    found = run_command("snapshots", "--kubeconfig", str(tmp_path / "config"))
    assert (found.returncode, found.stdout) == (1, "")
    assert "cannot connect to the API server" in found.stderr or "no valid response" in found.stderr


def test_a_login_command_that_fails_is_shown(own_demo, tmp_path):
    text = own_demo.kubeconfig.read_text()
    text = re.sub(
        r"(?<=name: demo\n  user:\n)    token: \S+",
        "    exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/false, interactiveMode: Never}",
        text,
    )
    (tmp_path / "ca.crt").write_bytes((own_demo.kubeconfig.parent / "ca.crt").read_bytes())
    path = tmp_path / "config"
    path.write_text(text)
    found = run_command("snapshots", "--kubeconfig", str(path))
    assert (found.returncode, found.stdout) == (1, "")
    assert 'the login command "/bin/false" of user "demo" failed' in found.stderr


def test_an_api_server_that_is_down_is_reported_as_such(own_demo):
    own_demo.api.stop()
    found = run_command(*DELTA, cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert "cannot connect to the API server https://127.0.0.1:" in found.stderr
    assert "refused" in found.stderr


def test_an_api_server_that_does_not_answer_is_given_up_on(own_demo):
    released = threading.Event()
    own_demo.api.fault = lambda path: released.wait(30) and None
    try:
        found = run_command(*DELTA, "--request-timeout", "300ms", cluster=own_demo)
    finally:
        released.set()
    assert (found.returncode, found.stdout) == (1, "")
    assert "did not respond in time" in found.stderr
    assert "--request-timeout" in found.stderr


def test_a_server_that_is_not_an_api_server_is_found_out(own_demo, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            connection.sendall(b"SSH-2.0-nothing to see here\r\n")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        text = own_demo.kubeconfig.read_text().replace(own_demo.api.url, f"https://127.0.0.1:{server.getsockname()[1]}")
        (tmp_path / "config").write_text(text)
        (tmp_path / "ca.crt").write_bytes((own_demo.kubeconfig.parent / "ca.crt").read_bytes())
        found = run_command("snapshots", "--kubeconfig", str(tmp_path / "config"))
        thread.join()
    assert (found.returncode, found.stdout) == (1, "")
    assert "no valid response from the API server" in found.stderr


def _second_api_server(demo: DemoCluster, folder: Path, authority, host: str, **cluster) -> KubeApi:
    """Another server of the same objects; ``folder`` gets a kubeconfig that leads to it."""
    api = KubeApi(demo.store, demo.identity, authority.issue(host))
    document = yaml.safe_load(demo.kubeconfig.read_text())
    document["clusters"][0]["cluster"] |= {"server": api.url, **cluster}
    (folder / "config").write_text(yaml.safe_dump(document))
    (folder / "ca.crt").write_bytes(authority.pem)
    return api


@pytest.mark.parametrize("bare", [True, False])
def test_a_ca_that_kubectl_trusts_is_trusted_with_or_without_every_extension(own_demo, tmp_path, bare):
    api = _second_api_server(own_demo, tmp_path, CertificateAuthority("cluster CA", bare=bare), "127.0.0.1")
    try:
        found = run_command("snapshots", "-o", "name", "--kubeconfig", str(tmp_path / "config"))
    finally:
        api.stop()
    assert (found.returncode, found.stderr) == (0, "")


def test_a_certificate_for_another_host_is_rejected_unless_the_kubeconfig_skips_verification(own_demo, tmp_path):
    authority = CertificateAuthority("cluster CA")
    api = _second_api_server(own_demo, tmp_path, authority, "elsewhere.example")
    other = tmp_path / "insecure"
    other.mkdir()
    # kubectl refuses a CA together with the flag.
    unchecked = {"insecure-skip-tls-verify": True, "certificate-authority": None}
    insecure = _second_api_server(own_demo, other, authority, "elsewhere.example", **unchecked)
    try:
        refused = run_command("snapshots", "-o", "name", "--kubeconfig", str(tmp_path / "config"))
        taken = run_command("snapshots", "-o", "name", "--kubeconfig", str(other / "config"))
    finally:
        api.stop()
        insecure.stop()
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "the certificate of the API server" in refused.stderr
    assert (taken.returncode, taken.stderr) == (0, "")


def test_an_api_server_with_a_foreign_certificate_is_not_trusted(own_demo):
    (own_demo.kubeconfig.parent / "ca.crt").write_bytes(CertificateAuthority("somebody else").pem)
    found = run_command("snapshots", cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert "the certificate of the API server" in found.stderr


@pytest.mark.parametrize(
    ("code", "reason", "said"),
    [
        (500, "InternalError", "Error from server (InternalError): etcd is on fire"),
        (503, "ServiceUnavailable", "Error from server (ServiceUnavailable): etcd is on fire"),
        (401, "Unauthorized", "you must be logged in to the server"),
        (403, "Forbidden", "Error from server (Forbidden): etcd is on fire"),
    ],
)
@pytest.mark.parametrize("arguments", [DELTA, ("snapshots",), ("services",)], ids=lambda arguments: arguments[0])
def test_an_error_of_the_api_server_keeps_its_message(own_demo, code, reason, said, arguments):
    def fail(path: str) -> None:
        raise StatusError(code, reason, "etcd is on fire")

    own_demo.api.fault = fail
    found = run_command(*arguments, cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert said in found.stderr


@pytest.mark.parametrize(
    ("group", "arguments", "said"),
    [
        ("snapshot.storage.k8s.io", DELTA, "kubernetes-csi/external-snapshotter"),
        ("snapshot.storage.k8s.io", ("snapshots",), "kubernetes-csi/external-snapshotter"),
        ("cbt.storage.k8s.io", DELTA, "kubernetes-csi/external-snapshot-metadata"),
        ("cbt.storage.k8s.io", ("services",), "kubernetes-csi/external-snapshot-metadata"),
    ],
)
def test_a_missing_crd_is_named_with_what_to_install(own_demo, group, arguments, said):
    own_demo.api.served = tuple(resource for resource in own_demo.api.served if resource.group != group)
    found = run_command(*arguments, cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert f'the server doesn\'t have the API group "{group}"' in found.stderr
    assert said in found.stderr
