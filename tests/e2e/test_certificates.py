"""``allocated`` and ``doctor`` judge a service's certificate alike: one check decides for both."""

import base64
import json

import pytest
from certified import CA_NO, CA_YES, Certified, certified, sans
from conftest import run_command

from kubectl_cbt.demo.certificates import ServerCertificate
from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.scenarios import PAGES_DRIVER

NAMES = sans("127.0.0.1")
CA = certified([CA_YES], subject="ca.example")
INTERMEDIATE = certified([CA_YES], issuer=CA, subject="intermediate.example")
NOT_A_CA = certified([CA_NO], issuer=CA, subject="no-ca.example")


def leaf(*extensions, issuer: Certified | None = CA, names=NAMES, **more) -> Certified:
    return certified(names, *extensions, issuer=issuer, subject="leaf.example", **more)


SELF_SIGNED = leaf(issuer=None)

CASES = {
    "itself in caCert": ([SELF_SIGNED], SELF_SIGNED, ""),
    "under a served intermediate": ([leaf(issuer=INTERMEDIATE), INTERMEDIATE], CA, ""),
    "named by its CN only": (
        [certified(issuer=CA, subject="127.0.0.1")], CA, "it has no subjectAltName, which must contain 127.0.0.1",
    ),
    "of an issuer that is not a CA": ([leaf(issuer=NOT_A_CA), NOT_A_CA], CA, "CN=no-ca.example is not a CA"),
}  # fmt: skip


@pytest.fixture(scope="module")
def cluster():
    with DemoCluster() as demo:
        yield demo


@pytest.mark.parametrize("case", CASES)
def test_allocated_and_doctor_judge_alike(cluster, case):
    served, trusted, reason = CASES[case]
    service = cluster.services[PAGES_DRIVER]
    service.restart(ServerCertificate(b"".join(one.pem for one in served), served[0].key_pem))
    spec = cluster.store.get("snapshotmetadataservices", PAGES_DRIVER)["spec"]
    spec["caCert"] = base64.b64encode(trusted.pem).decode()

    allocated = run_command("allocated", "snap-b", "-o", "json", cluster=cluster)
    doctor = run_command("doctor", "snap-b", "-o", "json", cluster=cluster)
    findings = {finding["id"]: finding for finding in json.loads(doctor.stdout)["findings"]}
    assert (allocated.returncode, doctor.returncode) == ((1, 1) if reason else (0, 0))
    assert findings["tls"]["verdict"] == ("fail" if reason else "pass")
    assert reason in allocated.stderr
    assert reason in " ".join(findings["tls"]["evidence"])
