"""The credentials of a port-forward's kubectl, and that no secret is visible on its command line."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from conftest import COMMAND, DELTA, run_command
from inside import NAME, NAMESPACE, PORT, Standin, behind_a_service
from kubeconfigs import kubectl, lay_out, of_cluster, of_user
from peers import needs_kubectl

from kubectl_cbt.demo.kube.identity import ADMIN, AUTHENTICATED, MASTERS, User
from kubectl_cbt.kube.api import Api
from kubectl_cbt.kube.client_config import load_config
from kubectl_cbt.kube.kubeconfig import ConfigFlags

ASKS = (*DELTA, "-o", "csv", "--max-results", "100")
AS_ADMIN = ("--service-account", "backup/backup-app")
V1 = "client.authentication.k8s.io/v1"


def standin(own_demo, folder: Path, *acts) -> Standin:
    service = behind_a_service(own_demo)
    return Standin(folder, int(service.address.rpartition(":")[2]), *acts)


def user_of(call: dict) -> dict:
    """The only user in the kubeconfig of the stand-in."""
    (user,) = call["kubeconfig"]["users"]
    return user["user"]


def test_the_child_logs_in_as_we_do(own_demo, tmp_path):
    child = standin(own_demo, tmp_path)
    flags = ("--kubeconfig", str(own_demo.kubeconfig), "--context", "demo-admin", "--as", "jane", "--as-group", "a")
    flags += ("--as-group", "system:masters", "--as-uid", "7", "--user", "demo-admin", "--cluster", "demo")
    found = run_command(*ASKS, *flags, "-n", "default", *AS_ADMIN, **child.environment)
    assert (found.returncode, found.stderr) == (0, "")
    (call,) = child.calls
    wanted = ["port-forward", "--address=127.0.0.1", f"--namespace={NAMESPACE}", f"service/{NAME}", f":{PORT}"]
    assert call["argv"] == wanted
    assert user_of(call) == {
        "token": own_demo.identity.admin_token, "as": "jane", "as-uid": "7", "as-groups": ["a", "system:masters"],
    }  # fmt: skip
    (cluster,) = call["kubeconfig"]["clusters"]
    assert set(cluster["cluster"]) == {"server", "certificate-authority-data"}


A_PLUGIN = """\
#!/bin/sh
echo x >> {calls}
echo '{{"apiVersion": "{version}", "kind": "ExecCredential",
"status": {{"token": "{token}"{more}}}}}'
"""


def flat(own_demo) -> dict:
    """The demo's kubeconfig with the CA in it, so that it may lie anywhere."""
    config = yaml.safe_load(own_demo.kubeconfig.read_text())
    for cluster in config["clusters"]:
        ca = own_demo.kubeconfig.parent / cluster["cluster"].pop("certificate-authority")
        cluster["cluster"]["certificate-authority-data"] = base64.b64encode(ca.read_bytes()).decode()
    return config


def of_plugin(own_demo, folder: Path) -> tuple[Path, Path]:
    """A kubeconfig that logs in as the demo's administrator with a plugin; and where that notes its runs."""
    plugin, calls, path = folder / "login", folder / "logins", folder / "plugin.json"
    plugin.write_text(A_PLUGIN.format(calls=calls, version=V1, token=own_demo.identity.admin_token, more=""))
    plugin.chmod(0o755)
    config = flat(own_demo)
    for user in config["users"]:
        user["user"] = {"exec": {"apiVersion": V1, "command": "./login", "interactiveMode": "Never"}}
    path.write_text(json.dumps(config))
    return path, calls


@pytest.mark.parametrize("how", ["token", "password", "plugin"])
def test_nothing_secret_is_on_a_command_line_in_an_environment_or_in_the_log(own_demo, tmp_path, how):
    child = standin(own_demo, tmp_path)
    token, password = own_demo.identity.admin_token, "pass word/1@2"
    basic = base64.b64encode(f"jane:{password}".encode()).decode()
    review = own_demo.identity.review
    own_demo.identity.review = lambda shown, audiences: (
        User(ADMIN, "", (MASTERS, AUTHENTICATED)) if shown == f"Basic {basic}" else review(shown, audiences)
    )
    path, logins = of_plugin(own_demo, tmp_path)
    server = yaml.safe_load(path.read_text())["clusters"][0]["cluster"]["server"]
    userinfo = f"jane:{quote(password, safe='')}"
    flags, user = {
        "token": (("--token", token), {"token": token}),
        "password": (
            ("--server", server.replace("://", f"://{userinfo}@")), {"username": "jane", "password": password},
        ),
        "plugin": (("--kubeconfig", str(path)), {"token": token}),
    }[how]  # fmt: skip
    found = run_command(*ASKS, *flags, *AS_ADMIN, "-v", "9", cluster=own_demo, **child.environment)
    assert found.returncode == 0, found.stderr
    (call,) = child.calls
    assert user_of(call) == user
    seen = [found.stdout, found.stderr, *call["argv"], *call["environment"].values(), *call["commandLines"]]
    for secret in (token, password, userinfo, quote(password, safe=""), basic):
        assert not [text for text in seen if secret in text]
    assert "running kubectl port-forward --address=127.0.0.1" in found.stderr
    if how == "plugin":
        assert logins.read_text() == "x\n"


def test_a_restarted_child_gets_a_current_credential(own_demo, tmp_path):
    child = standin(own_demo, tmp_path, {"dies_after": 6000}, {})
    path, logins = of_plugin(own_demo, tmp_path)
    expired = ', "expirationTimestamp": "2020-01-01T00:00:00Z"'
    token = own_demo.identity.admin_token
    (tmp_path / "login").write_text(A_PLUGIN.format(calls=logins, version=V1, token=token, more=expired))
    found = run_command(*ASKS, "--kubeconfig", str(path), *AS_ADMIN, **child.environment)
    assert found.returncode == 0, found.stderr
    assert len(child.calls) == 2
    runs = [call["loginsSoFar"] for call in child.calls]
    assert runs[0] < runs[1] <= len(logins.read_text().splitlines())


@pytest.mark.skipif(shutil.which("bash") is None, reason="a shell with process substitution")
@pytest.mark.parametrize("real", [pytest.param(True, marks=needs_kubectl), False])
def test_a_kubeconfig_may_come_through_a_pipe(own_demo, tmp_path, real):
    child = standin(own_demo, tmp_path)
    environment = child.command_environment(own_demo)
    if real:
        environment["PATH"] = os.environ["PATH"]
    environment["KUBECONFIG"] = "/nowhere"
    path = tmp_path / "config"
    path.write_text(json.dumps(flat(own_demo)))
    script = '"$0" "$@" --kubeconfig <(cat "$FILE")'
    found = subprocess.run(
        ["bash", "-c", script, str(COMMAND), *ASKS, "--context", "demo-admin", *AS_ADMIN],
        env=environment | {"FILE": str(path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if real:
        # It is logged in, finds Service and Pod, and gets as far as the kubelet that the demo does not have.
        assert "no kubelet" in found.stderr
    else:
        assert (found.returncode, found.stderr) == (0, "")
        assert user_of(child.calls[0]) == {"token": own_demo.identity.admin_token}


def test_without_memory_for_it_the_kubeconfig_is_a_file_for_as_long_as_kubectl_starts(own_demo, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    child = standin(own_demo, tmp_path, {"dies_after": 6000}, {"refuses": "error: no"})
    monkeypatch.setenv("TMPDIR", str(folder))
    code = "import os; del os.memfd_create; from kubectl_cbt.__main__ import main; main()"
    found = subprocess.run(
        [COMMAND.with_name("python"), "-c", code, *ASKS, "--retries", "1"],
        env=child.command_environment(own_demo), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "error: no" in found.stderr
    assert [call["environment"]["KUBECONFIG"].startswith(str(folder)) for call in child.calls] == [True, True]
    assert [call["mode"] for call in child.calls] == [0o600, 0o600]
    assert list(folder.iterdir()) == []


# What the kubeconfig of a child comes to, by the real kubectl.


PRINTED = f'{{"apiVersion": "{V1}", "kind": "ExecCredential", "status": {{"token": "of-plugin"}}}}'
EXEC = {"exec": {"apiVersion": V1, "command": "echo", "args": [PRINTED], "interactiveMode": "Never"}}
JANE = {"client-certificate": "$JANE_CERT", "client-key": "$JANE_KEY"}
JANES_DATA = {"client-certificate-data": "$JANE_CERT_DATA", "client-key-data": "$JANE_KEY_DATA"}
EXTRA = {"token": "t", "as": "joe", "as-uid": "7", "as-groups": ["a", "b"], "as-user-extra": {"k/x": ["1", "2"]}}

LOGINS = [
    of_user("a token", {"token": "token-of-jane"}),
    of_user("a token file", {"tokenFile": "token"}, files={"token": "of-file\n"}),
    of_user("name and password", {"username": "jane", "password": "p:w"}),
    of_user("a plugin", EXEC),
    of_user("files of a certificate", JANE),
    of_user("data of a certificate, and a token", JANES_DATA | {"token": "t"}),
    of_user("somebody else", EXTRA),
    of_cluster("data of a CA", {"server": "$ONE", "certificate-authority-data": "$ONE_CA_DATA"}),
    of_cluster("no check", {"server": "$ONE", "insecure-skip-tls-verify": True}),
    of_cluster(
        "another name", {"server": "$NAMED", "certificate-authority": "$NAMED_CA", "tls-server-name": "api.internal"}
    ),
    of_cluster(
        "a proxy that wants a login",
        {"server": "$NAMED", "certificate-authority": "$NAMED_CA", "proxy-url": "http://u:p%40w@$PROXY"}
        | {"tls-server-name": "api.internal"},
    ),
    of_cluster(
        "a login in the URL", {"server": "https://jo%40e:p%3Aw@127.0.0.1:$ONE_PORT", "certificate-authority": "$ONE_CA"}
    ),
    of_cluster("no TLS", {"server": "http://$PLAIN"}),
    of_cluster("no TLS, and a login in the URL", {"server": "http://jo%40e:p%3Aw@$PLAIN"}),
]


@needs_kubectl
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize("row", LOGINS, ids=str)
def test_the_real_kubectl_sends_with_our_kubeconfig_what_we_send(row, cast, tmp_path, monkeypatch):
    lay_out(row, cast.values, tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    cast.take_seen()
    with load_config(ConfigFlags(kubeconfig=str(tmp_path / "config"))) as loaded:
        api = Api(loaded)
        api.get("version")
        api.close()
        handed = tmp_path / "handed.json"
        handed.write_bytes(loaded.kubeconfig())
    ours = cast.take_seen()
    assert ours[0]
    ran = kubectl(tmp_path, handed, "version", "-o", "json")
    assert ran.returncode == 0, ran.stderr
    theirs = cast.take_seen()
    assert [set(part) for part in theirs] == [set(part) for part in ours]
