"""``doctor``: each failure is reported by its hop, with a fix."""

import base64
import json
import time
from datetime import timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler

import pytest
from certified import CA_YES, certified
from conftest import cut_after, run_command
from inside import HOST, PORT, Standin, behind_a_service, point_at, set_ready

from kubectl_cbt.demo.certificates import CertificateAuthority
from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.faults import parse_faults
from kubectl_cbt.demo.kube.resource_types import ALL_TYPES, served_with
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.demo.sidecar.metadata_service import Code

ALL = [
    *("kubeconfig", "api-server", "crds", "volumesnapshot", "content", "class", "service", "resolve", "ca-cert"),
    *("address", "permissions", "account", "token", "connection", "tls", "health", "first-call", "stream"),
]


def findings(found) -> dict[str, dict]:
    return {finding["id"]: finding for finding in json.loads(found.stdout)["findings"]}


def look(cluster: DemoCluster, *arguments: str, **environment: str) -> tuple[int, dict[str, dict]]:
    found = run_command("doctor", *arguments, "-o", "json", cluster=cluster, **environment)
    return found.returncode, findings(found)


def broken(hops: dict[str, dict]) -> list[str]:
    return [name for name, finding in hops.items() if finding["verdict"] == "fail"]


def text_of(finding: dict) -> str:
    return " ".join([*finding["evidence"], finding["fix"] or ""])


@pytest.mark.parametrize("names", [("snap-b",), ("snap-a", "snap-b")])
def test_a_clean_cluster_passes_every_hop(demo, names):
    code, hops = look(demo, *names)
    assert (code, list(hops)) == (0, ALL)
    assert {finding["verdict"] for finding in hops.values()} == {"pass"}


def test_the_table_reads_from_the_kubeconfig_to_the_extents(demo):
    found = run_command("doctor", "snap-a", "snap-b", cluster=demo)
    assert found.returncode == 0
    assert found.stdout.startswith("doctor snap-a → snap-b\n")
    assert found.stdout.endswith("18 passed\n")
    assert "you are system:serviceaccount:backup:backup-app, a ServiceAccount" in found.stdout
    assert "1,556 extents in 1 message, VARIABLE_LENGTH, then OK" in found.stdout


def test_no_token_is_shown(own_demo):
    issued = []
    issue = own_demo.identity.issue

    def remember(*arguments):
        issued.append(issue(*arguments))
        return issued[-1]

    own_demo.identity.issue = remember
    output = "".join(
        (found.stdout + found.stderr)
        for form in ("table", "json", "junit", "tap")
        for found in [run_command("doctor", "snap-b", "-o", form, "-v", "9", cluster=own_demo)]
    )
    assert len(issued) == 4
    assert not any(part in output for token, _ in issued for part in token.split("."))


def test_the_cluster_as_a_whole_names_every_driver(demo):
    code, hops = look(demo)
    assert code == 0
    assert hops[f"driver {PAGES_DRIVER}"]["evidence"][-1] == "it is SERVING"
    assert hops["driver legacy.csi.example.com"]["verdict"] == "warn"


def test_a_driver_that_does_not_answer_breaks_the_cluster_as_a_whole(own_demo):
    own_demo.services[PAGES_DRIVER].stop()
    code, hops = look(own_demo)
    assert (code, broken(hops)) == (1, [f"driver {PAGES_DRIVER}"])


# Hop by hop.


def test_no_kubeconfig_is_the_first_hop(tmp_path):
    found = run_command("doctor", "snap-b", "-o", "json", HOME=str(tmp_path))
    hops = findings(found)
    assert (found.returncode, broken(hops)) == (1, ["kubeconfig"])
    assert {finding["verdict"] for name, finding in hops.items() if name != "kubeconfig"} == {"skipped"}


def test_an_api_server_that_is_down(own_demo):
    own_demo.api.stop()
    assert broken(look(own_demo, "snap-b")[1]) == ["api-server"]


def test_missing_crds_leave_the_rest_to_be_looked_at(own_demo):
    own_demo.api.served = tuple(kind for kind in ALL_TYPES if kind.group != "cbt.storage.k8s.io")
    code, hops = look(own_demo, "snap-b")
    assert (code, broken(hops)) == (1, ["crds"])
    assert "install the SnapshotMetadataService CRD" in text_of(hops["crds"])
    assert hops["content"]["verdict"] == "pass"
    assert hops["permissions"]["verdict"] == "pass"


def test_an_old_version_of_the_api_is_a_warning(own_demo):
    own_demo.api.served = served_with("v1alpha1")
    code, hops = look(own_demo, "snap-b")
    assert (code, hops["crds"]["verdict"]) == (0, "warn")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("snapb",), "did you mean snap-b"),
        (("queue-new", "-n", "legacy"), "has no status"),
        (("queue-pending", "-n", "legacy"), "is not ready to use"),
    ],
)
def test_a_snapshot_that_cannot_be_queried_is_never_queried(own_demo, names, said):
    code, hops = look(own_demo, *names)
    assert (code, broken(hops)) == (1, ["volumesnapshot"])
    assert said in text_of(hops["volumesnapshot"])
    assert hops["first-call"]["verdict"] == "skipped"
    assert not any(service.requests or service.crashed for service in own_demo.services.values())


def test_a_deleted_class(own_demo):
    own_demo.store.items["volumesnapshotclasses"].clear()
    code, hops = look(own_demo, "snap-b")
    assert (code, broken(hops)) == (1, ["class"])
    assert hops["stream"]["verdict"] == "pass"


def test_a_driver_without_a_service_names_those_there_are(own_demo):
    code, hops = look(own_demo, "archive-old", "-n", "legacy")
    assert (code, broken(hops)) == (1, ["service"])
    assert "demo-blocks.csi.k8s.io, demo-pages.csi.k8s.io" in text_of(hops["service"])


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("address", "https://a:1", "has a scheme"),
        ("audience", "", "spec.audience is empty"),
        ("caCert", "!", "is not base64"),
        ("caCert", base64.b64encode(b"no PEM").decode(), "no PEM certificate"),
    ],
)
def test_a_service_that_cannot_be_called_names_its_field(own_demo, field, value, said):
    own_demo.store.get("snapshotmetadataservices", PAGES_DRIVER)["spec"][field] = value
    code, hops = look(own_demo, "snap-b")
    assert (code, broken(hops)) == (1, ["service"])
    assert said in text_of(hops["service"])
    assert f"kubectl edit snapshotmetadataservice {PAGES_DRIVER}" in text_of(hops["service"])


def test_a_pair_that_does_not_go_together(own_demo):
    assert broken(look(own_demo, "snap-b", "snap-a")[1]) == ["resolve"]


def test_missing_rights_are_named_one_by_one(own_demo):
    code, hops = look(own_demo, "pg-mon", "-n", "shop", "--context", "demo-nobody")
    assert code == 1
    assert "permissions" in broken(hops)
    said = text_of(hops["permissions"])
    assert "you cannot get volumesnapshots in shop" in said
    assert "kubectl cbt rbac -n shop --for-user" in said


def test_least_rights_are_enough(own_demo):
    code, hops = look(own_demo, "pg-mon", "pg-tue", "-n", "shop", "--context", "demo-shop")
    assert (code, broken(hops)) == (0, [])


def test_a_user_that_is_not_a_service_account_gets_the_command_to_create_one(own_demo):
    code, hops = look(own_demo, "snap-b", "--context", "demo-admin")
    assert (code, set(broken(hops)) >= {"token"}) == (1, True)
    assert "kubectl cbt rbac -n default --for-user | kubectl apply -f -" in text_of(hops["token"])


def test_an_account_that_may_not_get_snapshots(own_demo):
    flags = ("--context", "demo-admin", "--service-account", "nobody/nobody")
    code, hops = look(own_demo, "snap-b", *flags)
    assert (code, broken(hops)) == (1, ["account", "first-call"])
    assert "a Role limited by resourceNames has no effect" in text_of(hops["account"])


def test_a_token_for_another_audience(own_demo, tmp_path):
    from kubectl_cbt.demo.kube.identity import BACKUP_APP

    (tmp_path / "token").write_text(own_demo.identity.issue(BACKUP_APP, ["elsewhere"], 600)[0])
    code, hops = look(own_demo, "snap-b", "--token-file", str(tmp_path / "token"))
    assert (code, broken(hops)) == (1, ["token"])
    assert "the token is not for the service's audience" in text_of(hops["token"])


# The route to the service.


def test_a_service_without_a_listener(own_demo):
    own_demo.services[PAGES_DRIVER].stop()
    assert broken(look(own_demo, "snap-b")[1]) == ["connection"]


def test_a_service_through_a_port_forward(own_demo, tmp_path):
    service = behind_a_service(own_demo)
    kubectl = Standin(tmp_path, int(service.address.rpartition(":")[2]))
    admin = ("--context", "demo-admin", "--service-account", "backup/backup-app")
    code, hops = look(own_demo, "snap-b", *admin, **kubectl.environment)
    assert (code, broken(hops)) == (0, [])
    assert "kubectl port-forward to Service csi-snapshot-metadata" in text_of(hops["address"])


def test_a_service_without_ready_pods(own_demo, tmp_path):
    service = behind_a_service(own_demo)
    kubectl = Standin(tmp_path, int(service.address.rpartition(":")[2]))
    set_ready(own_demo, ready=False)
    admin = ("--context", "demo-admin", "--service-account", "backup/backup-app")
    code, hops = look(own_demo, "snap-b", *admin, **kubectl.environment)
    assert (code, broken(hops)) == (1, ["connection"])
    assert "has no ready pod" in text_of(hops["connection"])


def test_a_port_the_service_does_not_have(own_demo):
    behind_a_service(own_demo)
    point_at(own_demo, f"{HOST}:{PORT + 1}")
    assert broken(look(own_demo, "snap-b")[1]) == ["address"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("cert-expired", "it expired on"),
        ("cert-wrong-name", "it is for"),
        ("ca-rotated", "no certificate of caCert signed it"),
    ],
)
def test_a_bad_certificate(fault, said):
    with DemoCluster(faults=parse_faults([fault])) as cluster:
        code, hops = look(cluster, "snap-b")
    assert (code, broken(hops)) == (1, ["tls"])
    assert said in text_of(hops["tls"])
    assert "kubectl edit snapshotmetadataservice" in text_of(hops["tls"])


def test_a_ca_that_expired(own_demo):
    class Expired(CertificateAuthority):
        pass

    import kubectl_cbt.demo.certificates as certificates

    before, certificates.LIFETIME = certificates.LIFETIME, timedelta(days=-1)
    try:
        authority = Expired("an old CA")
    finally:
        certificates.LIFETIME = before
    spec = own_demo.store.get("snapshotmetadataservices", PAGES_DRIVER)["spec"]
    spec["caCert"] = base64.b64encode(authority.pem).decode()
    assert broken(look(own_demo, "snap-b")[1])[0] == "ca-cert"


def test_a_certificate_that_only_looks_self_signed_is_accepted(own_demo):
    service = own_demo.services[PAGES_DRIVER]
    service.restart(service.authority.issue("127.0.0.1", issuer_subject=True))
    code, hops = look(own_demo, "snap-b")
    assert (code, hops["tls"]["verdict"], hops["stream"]["verdict"]) == (0, "pass", "pass")


def test_damaged_bundles_an_empty_subject_and_a_wrong_clock_are_warnings(own_demo, monkeypatch):
    damaged = b"\xef\xbb\xbf-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\r\n\r\n"
    authorities = own_demo.kubeconfig.with_name("ca.crt")
    authorities.write_bytes(damaged + authorities.read_bytes())
    service = own_demo.services[PAGES_DRIVER]
    nameless = certified([CA_YES], subject="")
    bundle = damaged + nameless.pem + b"# the one that signs\n" + service.authority.pem
    own_demo.store.get("snapshotmetadataservices", PAGES_DRIVER)["spec"]["caCert"] = base64.b64encode(bundle).decode()
    monkeypatch.setattr(
        BaseHTTPRequestHandler, "date_time_string", lambda *_: formatdate(time.time() - 4 * 3600, usegmt=True)
    )
    code, hops = look(own_demo, "snap-b")
    warned = {name: finding["evidence"][0] for name, finding in hops.items() if finding["verdict"] != "pass"}
    assert (code, warned) == (
        0,
        {
            "kubeconfig": "1 of 2 certificates in the cluster's certificate-authority cannot be read, and are skipped",
            "api-server": "this machine's clock is 4h ahead of the API server's",
            "ca-cert": "1 of 3 certificates in caCert cannot be read, and are skipped",
        },
    )
    assert any(line.startswith("(empty subject), expires 20") for line in hops["ca-cert"]["evidence"])
    assert "set this machine's clock" in hops["api-server"]["fix"]
    service.restart(service.authority.issue("127.0.0.1", lifetime=timedelta(days=-1)))
    _, hops = look(own_demo, "snap-b")
    assert hops["tls"]["fix"].startswith(
        "this machine's clock is 4h ahead of the API server's; set this machine's clock"
    )


# The sidecar and the driver.


@pytest.mark.parametrize(
    ("fault", "hops_broken"),
    [
        ("not-ready", ["health", "first-call"]),
        ("token-expired", ["first-call"]),
        ("forbidden", ["first-call"]),
        ("missing-class", ["first-call"]),
        ("unimplemented", ["first-call"]),
    ],
)
def test_a_sidecar_that_refuses(fault, hops_broken):
    with DemoCluster(faults=parse_faults([fault])) as cluster:
        code, hops = look(cluster, "snap-b")
    assert (code, broken(hops)) == (1, hops_broken)
    assert hops["stream"]["verdict"] == "skipped"


def test_no_health_service_is_a_warning():
    with DemoCluster(faults=parse_faults(["no-health"])) as cluster:
        code, hops = look(cluster, "snap-b")
    assert (code, hops["health"]["verdict"]) == (0, "warn")


@pytest.mark.parametrize(
    ("code", "details", "said"),
    [
        (Code.INTERNAL, "failed to authenticate user: x", "tokenreviews"),
        (Code.INTERNAL, "failed to authorize the user: x", "subjectaccessreviews"),
        (Code.INTERNAL, "failed to find the SnapshotMetadataService CR for driver", "exactly the name that the driver"),
        (Code.UNAVAILABLE, 'volumesnapshotclasses "x" is forbidden: User "y"', "volumesnapshotclasses"),
        (Code.FAILED_PRECONDITION, "CBT is off", "take a full backup"),
    ],
)
def test_each_text_of_a_sidecar_becomes_a_diagnosis(own_demo, code, details, said):
    own_demo.services[PAGES_DRIVER].tampering = cut_after(0, code, details)
    _, hops = look(own_demo, "snap-a", "snap-b")
    assert broken(hops) == ["first-call"]
    assert said in text_of(hops["first-call"])


def test_a_broken_rule_names_the_case_that_explains_it(own_demo):
    own_demo.services[PAGES_DRIVER].plugin.faults = parse_faults(["overlap"])
    _, hops = look(own_demo, "snap-a", "snap-c")
    assert broken(hops) == ["stream"]
    assert "kubectl cbt check --explain rule-r2" in text_of(hops["stream"])


# A driver's socket.


def test_a_drivers_socket(demo, tmp_path):
    bound = demo.store.get("volumesnapshots", "snap-a", "default")["status"]["boundVolumeSnapshotContentName"]
    handle = demo.store.get("volumesnapshotcontents", bound)["status"]["snapshotHandle"]
    with demo.csi_service(tmp_path / "csi.sock") as service:
        found = run_command("doctor", handle, "--csi-endpoint", service.endpoint, "-o", "json")
        unknown = run_command("doctor", "nope", "--csi-endpoint", service.endpoint, "-o", "json")
    assert (found.returncode, list(findings(found))) == (
        0, ["socket", "plugin", "capability", "probe", "first-call", "stream"],
    )  # fmt: skip
    assert (unknown.returncode, broken(findings(unknown))) == (1, ["first-call"])


def test_a_socket_that_is_not_there():
    found = run_command("doctor", "--csi-endpoint", "unix:///nowhere/csi.sock", "-o", "json")
    assert (found.returncode, broken(findings(found))) == (1, ["socket"])
