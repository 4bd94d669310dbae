"""What bad input, a broken cluster and a broken driver get: a clear error, exit 1 or 2, and no success on stdout."""

import base64
import json
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import run_command

from kubectl_cbt.demo.certificates import CertificateAuthority
from kubectl_cbt.demo.cluster import DemoCluster
from kubectl_cbt.demo.identity import BACKUP_APP, NOBODY
from kubectl_cbt.demo.kube_api import KubeApi, StatusError
from kubectl_cbt.demo.metadata_service import Code, MetadataService, Refusal, Tampering
from kubectl_cbt.demo.scenarios import PAGES_DRIVER, demo_volumes

DELTA = ("delta", "snap-a", "snap-b")

USAGE = [
    (("delta",), "missing argument 'BASE'"),
    (("delta", "snap-a"), "delta takes two snapshots, BASE and TARGET"),
    (("delta", "a", "b", "c"), "unexpected extra argument"),
    (("delta", "--base-handle", "x", "a", "b"), "name the target snapshot alone"),
    (("delta", "--base-handle", "", "a"), "--base-handle is empty"),
    (("delta", "--choose-base", "snap-b"), "--choose-base needs a terminal"),
    (("delta", "pvc/data", "snap-b"), '"pvc/data" does not name a VolumeSnapshot'),
    (("allocated", ""), '"" does not name a VolumeSnapshot'),
    ((*DELTA, "-o", "xml"), "'xml' is not one of 'summary'"),
    ((*DELTA, "--max-results", "-1"), "--max-results"),
    ((*DELTA, "--max-results", "2147483648"), "--max-results"),
    ((*DELTA, "--starting-offset", "-1"), "'-1' is not an offset such as 4096, 0x1000 or 12Gi"),
    ((*DELTA, "--starting-offset", "1.5"), "not a whole number of bytes"),
    ((*DELTA, "--token-duration", "5m"), "at least 10m"),
    ((*DELTA, "--token-duration", "soon"), "'soon' is not a duration"),
    ((*DELTA, "--service-account", "a/b/c"), "'a/b/c' is not NAME or NAMESPACE/NAME"),
    ((*DELTA, "--request-timeout", "x"), "'x' is not a duration"),
    ((*DELTA, "--color", "mauve"), "--color"),
    ((*DELTA, "--nonsense"), "--nonsense"),
    (("frobnicate",), "frobnicate"),
    (("version", "-o", "xml"), "'xml' is not json or yaml"),
]


@pytest.mark.parametrize(("arguments", "said"), USAGE, ids=[" ".join(row[0]) or "nothing" for row in USAGE])
def test_a_wrong_command_line_exits_2_and_names_the_help(run, arguments, said):
    found = run(*arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert said in found.stderr
    assert found.stderr.startswith("error: ")


SNAPSHOTS = [
    (("allocated", "nope"), 'volumesnapshots.snapshot.storage.k8s.io "nope" not found'),
    (("delta", "snap-a", "snap-bb"), "did you mean snap-b"),
    (("allocated", "x", "-n", "nowhere"), 'namespaces "nowhere" not found'),
    (("allocated", "x", "-n", "backup"), "namespace backup has no snapshots"),
    (("allocated", "queue-new", "-n", "legacy"), "legacy/queue-new has no status yet"),
    (("delta", "queue-pending", "queue-new", "-n", "legacy"), "legacy/queue-pending is not ready to use"),
    (("allocated", "archive-old", "-n", "legacy"), "driver legacy.csi.example.com has no SnapshotMetadataService"),
    (("delta", "snap-a", "snap-a"), "base and target are the same snapshot"),
    (("delta", "snap-b", "snap-a"), "--force asks all the same"),
    (("delta", "pg-mon", "uploads-w4", "-n", "shop"), "a delta needs two snapshots of one volume"),
    (("delta", "win-0900", "scratch-2", "-n", "vms", "--force"), "is of driver demo-blocks.csi.k8s.io"),
    (
        ("allocated", "snap-a", "--service", "none.csi"),
        'snapshotmetadataservices.cbt.storage.k8s.io "none.csi" not found',
    ),
    (("allocated", "snap-a", "--service", "demo-blocks.csi.k8s.io"), "is not one of this service's driver"),
    (("allocated", "snap-a", "--context", "nope"), 'context "nope" does not exist'),
    (("allocated", "snap-a", "--context", "demo-admin"), 'you are user "demo-admin"'),
    (("allocated", "snap-a", "--context", "demo-nobody"), "Error from server (Forbidden)"),
    (("allocated", "snap-a", "--service-account", "nobody/nobody"), "may not get volumesnapshots in namespace default"),
    (("allocated", "snap-a", "--service-account", "backup/none"), "ServiceAccount backup/none does not exist"),
    (
        ("allocated", "pg-mon", "--context", "demo-shop", "--service-account", "backup/backup-app"),
        "you need create on serviceaccounts/token there",
    ),
    (("allocated", "snap-a", "--token-file", "/nonexistent/token"), "No such file or directory"),
    (("allocated", "snap-a", "--starting-offset", "100Ti"), "is beyond the volume"),
    (("delta", "--base-handle", "who knows", "snap-b"), "the driver does not know the snapshot"),
]


@pytest.mark.parametrize(("arguments", "said"), SNAPSHOTS, ids=[" ".join(row[0]) for row in SNAPSHOTS])
@pytest.mark.parametrize("form", ["summary", "name"])
def test_what_cannot_be_asked_exits_1_with_its_reason_and_a_hint(run, arguments, said, form):
    found = run(*arguments, "-o", form)
    assert (found.returncode, found.stdout) == (1, "")
    assert said in found.stderr
    assert "hint: " in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("arguments", [("--base-handle", "HANDLE", "snap-a"), ("snap-a", "snap-b")])
def test_one_snapshot_under_two_names_is_no_delta(own_demo, arguments):
    """A driver would answer that nothing changed, and a backup believe it."""
    contents = {
        item["spec"]["volumeSnapshotRef"]["name"]: item for item in own_demo.store.list("volumesnapshotcontents")
    }
    handle = contents["snap-a"]["status"]["snapshotHandle"]
    contents["snap-b"]["status"]["snapshotHandle"] = handle
    arguments = [handle if argument == "HANDLE" else argument for argument in arguments]
    found = run_command("delta", *arguments, "-o", "json", cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert "base and target are the same snapshot" in found.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("allocated", "pg-nope"), 'volumesnapshots.snapshot.storage.k8s.io "pg-nope" not found'),
        (("allocated", "pg-mon", "--service", "nope"), 'snapshotmetadataservices.cbt.storage.k8s.io "nope" not found'),
    ],
)
def test_who_may_not_list_is_still_told_what_is_wrong(run, arguments, said):
    found = run(*arguments, "--context", "demo-shop")
    assert (found.returncode, found.stdout) == (1, "")
    assert said in found.stderr


@pytest.mark.parametrize("name", [".", "..", b"\xff\xfe"])
@pytest.mark.parametrize("flag", ["", "-n"])
def test_what_is_no_name_is_refused_and_not_sent(run, name, flag):
    text = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name
    arguments = ("snap-a", flag, text) if flag else (text,)
    found = run("allocated", *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    assert "no name" in found.stderr


def test_a_snapshot_without_status_is_never_sent(own_demo):
    for arguments in (("allocated", "queue-new"), ("delta", "--base-handle", "x", "queue-new", "--force")):
        assert run_command(*arguments, "-n", "legacy", cluster=own_demo).returncode == 1
    service = own_demo.services[PAGES_DRIVER]
    assert (service.requests, service.crashed) == ([], False)


# The kubeconfig and the API server.


def test_no_kubeconfig_is_said_plainly(tmp_path):
    found = run_command("snapshots", HOME=str(tmp_path))
    assert (found.returncode, found.stdout) == (1, "")
    assert "no kubeconfig found" in found.stderr
    assert "kubectl cbt demo" in found.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be used"),
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
def test_a_token_no_header_can_carry_is_refused_and_not_shown(demo, tmp_path, token):
    found = run_command("snapshots", "--kubeconfig", _with_user(demo, tmp_path, token=token), "-v", "9")
    assert (found.returncode, found.stdout) == (1, "")
    assert "the token in the kubeconfig is no token" in found.stderr
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
    assert "no connection to the API server" in found.stderr or "no usable answer" in found.stderr


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


def test_an_api_server_that_is_down_is_said_to_be(own_demo):
    own_demo.api.stop()
    found = run_command(*DELTA, cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert "no connection to the API server https://127.0.0.1:" in found.stderr
    assert "refused" in found.stderr


def test_an_api_server_that_does_not_answer_is_given_up_on(own_demo):
    released = threading.Event()
    own_demo.api.fault = lambda path: released.wait(30) and None
    try:
        found = run_command(*DELTA, "--request-timeout", "300ms", cluster=own_demo)
    finally:
        released.set()
    assert (found.returncode, found.stdout) == (1, "")
    assert "did not answer in time" in found.stderr
    assert "--request-timeout" in found.stderr


def test_a_server_that_is_no_api_server_is_found_out(own_demo, tmp_path):
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
    assert "no usable answer from the API server" in found.stderr


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


def test_a_certificate_for_another_host_is_refused_unless_the_kubeconfig_says_not_to_look(own_demo, tmp_path):
    authority = CertificateAuthority("cluster CA")
    api = _second_api_server(own_demo, tmp_path, authority, "elsewhere.example")
    other = tmp_path / "insecure"
    other.mkdir()
    insecure = _second_api_server(own_demo, other, authority, "elsewhere.example", **{"insecure-skip-tls-verify": True})
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
def test_an_error_of_the_api_server_keeps_its_words(own_demo, code, reason, said, arguments):
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


# The SnapshotMetadataService.

Spoil = Callable[[dict[str, str]], None]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"caCert": "!!! not base64 !!!"}, "spec.caCert is not base64"),
        ({"caCert": base64.b64encode(b"no certificate").decode()}, "spec.caCert holds no PEM certificate"),
        ({"caCert": ""}, "spec.caCert holds no PEM certificate"),
        ({"address": "sidecar.example"}, '"sidecar.example" has no port'),
        ({"address": "https://sidecar.example:6443"}, "has a scheme"),
        ({"address": "sidecar.example:99999"}, "has no port"),
        ({"address": ""}, "has no port"),
        ({"audience": ""}, "spec.audience is empty"),
    ],
)
def test_a_spoiled_service_is_named_with_its_field(own_demo, spoil, said):
    own_demo.store.get("snapshotmetadataservices", PAGES_DRIVER)["spec"] |= spoil
    found = run_command(*DELTA, cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert f'snapshotmetadataservices.cbt.storage.k8s.io "{PAGES_DRIVER}": spec.' in found.stderr
    assert said in found.stderr
    # The list of services has to survive it: that is where one goes to look.
    assert run_command("services", cluster=own_demo).returncode == 0


def test_a_service_nobody_listens_at_cannot_be_reached(own_demo):
    own_demo.services[PAGES_DRIVER].stop()
    found = run_command(*DELTA, cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert f"{PAGES_DRIVER} at 127.0.0.1:" in found.stderr
    assert "cannot be reached" in found.stderr


def test_an_address_that_resolves_only_inside_the_cluster_is_explained(own_demo):
    spec = own_demo.store.get("snapshotmetadataservices", PAGES_DRIVER)["spec"]
    spec["address"] = "csi-snapshot-metadata.kubectl-cbt.invalid:6443"
    found = run_command(*DELTA, cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert "does not resolve here" in found.stderr
    assert "run this in one of its pods" in found.stderr


@pytest.mark.parametrize("fault", ["expired", "foreign", "wrong name"])
def test_a_certificate_that_cannot_be_trusted_says_why(own_demo, fault):
    authority = CertificateAuthority("the CA in caCert")
    issuer = CertificateAuthority("another CA") if fault == "foreign" else authority
    hosts = ("elsewhere.example",) if fault == "wrong name" else ("127.0.0.1",)
    from datetime import timedelta

    lifetime = timedelta(days=-1) if fault == "expired" else timedelta(days=1)
    service = MetadataService(
        PAGES_DRIVER,
        demo_volumes(1),
        own_demo.identity,
        authority=authority,
        certificate=issuer.issue(*hosts, lifetime=lifetime),
    )
    try:
        spec = own_demo.store.get("snapshotmetadataservices", PAGES_DRIVER)["spec"]
        spec |= {"address": service.address, "caCert": base64.b64encode(authority.pem).decode()}
        found = run_command(*DELTA, cluster=own_demo)
    finally:
        service.stop()
    assert (found.returncode, found.stdout) == (1, "")
    said = {"expired": "has expired", "foreign": "not signed by its caCert", "wrong name": "for another name than"}
    assert said[fault] in found.stderr


# The stream.


def _cut_after(count: int, code: Code = Code.UNAVAILABLE, details: str = "Socket closed") -> Tampering:
    def answer(messages):
        for _, message in zip(range(count), messages, strict=False):
            yield message
        raise Refusal(code, details)

    return Tampering(answer=answer)


@pytest.mark.parametrize("form", ["json", "yaml", "ndjson", "csv", "table", "wide", "summary", "name", "lister-json"])
def test_a_stream_cut_in_the_middle_leaves_what_came_marked_incomplete(own_demo, form):
    own_demo.services[PAGES_DRIVER].tampering = _cut_after(3)
    found = run_command(*DELTA, "--max-results", "100", "-o", form, cluster=own_demo)
    assert found.returncode == 1
    assert "broke after 3 messages" in found.stderr
    assert re.search(r"note: incomplete: 300 extents in 3 messages, .* --starting-offset \d+", found.stderr)
    if form == "json":
        document = json.loads(found.stdout)
        assert (document["complete"], len(document["extents"])) == (False, 300)
        assert (document["error"]["type"], document["error"]["code"]) == ("StreamCut", "UNAVAILABLE")
    elif form == "name":
        assert found.stdout == ""
    elif form == "lister-json":
        with pytest.raises(json.JSONDecodeError):
            json.loads(found.stdout)
    else:
        marks = {"yaml": "complete: false", "ndjson": '"complete":false', "summary": "INCOMPLETE"}
        assert marks.get(form, "# incomplete: ") in found.stdout


def test_the_rest_of_a_cut_stream_can_be_fetched_with_the_offset_it_names(own_demo):
    service = own_demo.services[PAGES_DRIVER]
    whole = run_command(*DELTA, "-o", "csv", cluster=own_demo).stdout.splitlines()
    service.tampering = _cut_after(3)
    cut = run_command(*DELTA, "--max-results", "100", "-o", "csv", cluster=own_demo)
    service.tampering = Tampering()
    offset = re.search(r"--starting-offset (\d+)", cut.stderr)[1]
    rest = run_command(*DELTA, "-o", "csv", "--starting-offset", offset, cluster=own_demo).stdout.splitlines()
    assert cut.stdout.splitlines()[:-1] + rest[1:] == whole


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_message_that_is_no_protobuf_is_named(own_demo, form):
    def garbage(messages):
        yield next(messages)
        yield b"\xff\xff not protobuf \xff"

    own_demo.services[PAGES_DRIVER].tampering = Tampering(answer=garbage)
    found = run_command(*DELTA, "--max-results", "50", "-o", form, cluster=own_demo)
    assert found.returncode == 1
    assert "message 2 of the stream" in found.stderr
    assert "is not a SnapshotMetadata response" in found.stderr
    if form == "json":
        assert json.loads(found.stdout)["complete"] is False


@pytest.mark.parametrize(
    ("code", "details", "said"),
    [
        (Code.FAILED_PRECONDITION, "CBT is off", "take a full backup: kubectl cbt allocated snap-b -n default"),
        (Code.DEADLINE_EXCEEDED, "", "the stream outlived the sidecar's limit"),
        (Code.INTERNAL, "failed to authenticate user: denied", "may not review tokens"),
        (Code.UNAVAILABLE, "the CSI driver is not yet ready", "is not ready"),
        (Code.UNAVAILABLE, 'volumesnapshotclasses "x" is forbidden: User "y"', "lacks a right"),
        (Code.DATA_LOSS, "oops", "the driver behind demo-pages.csi.k8s.io failed: oops (DATA_LOSS)"),
    ],
)
def test_what_the_sidecar_says_becomes_a_diagnosis(own_demo, code, details, said):
    own_demo.services[PAGES_DRIVER].tampering = _cut_after(0, code, details)
    found = run_command(*DELTA, cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert said in found.stderr
    assert details in found.stderr


# Tokens.


def test_a_token_file_is_used_as_it_is(own_demo, tmp_path):
    service = own_demo.services[PAGES_DRIVER]
    path = tmp_path / "token"
    path.write_text(own_demo.identity.issue(BACKUP_APP, [service.audience], 600)[0] + "\n")
    # demo-admin is no ServiceAccount: without the file this would fail.
    found = run_command(*DELTA, "--token-file", str(path), "--context", "demo-admin", "-o", "name", cluster=own_demo)
    assert found.returncode == 0


@pytest.mark.parametrize("fault", ["expired", "wrong audience", "nobody", "empty"])
def test_a_token_that_is_no_good_is_told_by_its_fault(own_demo, tmp_path, fault):
    service = own_demo.services[PAGES_DRIVER]
    token = {
        "expired": own_demo.identity.issue(BACKUP_APP, [service.audience], -1)[0],
        "wrong audience": own_demo.identity.issue(BACKUP_APP, ["another"], 600)[0],
        "nobody": own_demo.identity.issue(NOBODY, [service.audience], 600)[0],
        "empty": "\n",
    }[fault]
    path = tmp_path / "token"
    path.write_text(token)
    found = run_command(*DELTA, "--token-file", str(path), "-v", "1", cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    said = {"nobody": "may not get volumesnapshots", "empty": "is empty"}
    assert said.get(fault, "rejected the token") in found.stderr
    assert not token.strip() or token not in found.stderr


def test_the_environment_names_a_service_account_too(run):
    found = run(*DELTA, "-o", "name", "--context", "demo-admin", KUBECTL_CBT_SERVICE_ACCOUNT="backup/backup-app")
    assert found.returncode == 0


def test_the_variable_is_not_for_the_demo():
    found = run_command(*DELTA, "--demo", "-o", "name", KUBECTL_CBT_SERVICE_ACCOUNT="prod/backup")
    assert (found.returncode, found.stderr) == (0, "")


def test_no_token_appears_anywhere_not_even_in_tracebacks(own_demo):
    """Every way to fail behind the token, as verbose as it gets; and success in every format."""
    issued: list[str] = []
    issue = own_demo.identity.issue

    def remember(*arguments):
        token, expires = issue(*arguments)
        issued.append(token)
        return token, expires

    own_demo.identity.issue = remember
    output = ""
    service = own_demo.services[PAGES_DRIVER]
    for tampering in (
        Tampering(),
        _cut_after(1),
        _cut_after(0, Code.UNAUTHENTICATED, "unauthenticated user"),
        Tampering(answer=lambda messages: iter([b"\xff"])),
    ):
        service.tampering = tampering
        for form in ("json", "summary"):
            found = run_command(*DELTA, "-o", form, "-v", "9", cluster=own_demo)
            output += found.stdout + found.stderr
    assert len(issued) == 8
    assert "Traceback" in output
    logins = re.findall(r"token: (\S+)", own_demo.kubeconfig.read_text())
    assert len(logins) == 4
    for token in (*issued, *logins):
        for part in token.split("."):
            assert part not in output
