"""What a broken SnapshotMetadataService or stream gets: its name, the reason, and what came until then."""

import base64
import json
import re

import pytest
from conftest import DELTA, cut_after, run_command

from kubectl_cbt.demo.certificates import CertificateAuthority
from kubectl_cbt.demo.scenarios import PAGES_DRIVER, demo_volumes
from kubectl_cbt.demo.sidecar.metadata_service import Code, MetadataService, Tampering

# The SnapshotMetadataService.


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"caCert": "!!! not base64 !!!"}, "spec.caCert is not base64"),
        ({"caCert": base64.b64encode(b"no certificate").decode()}, "spec.caCert contains no PEM certificate"),
        ({"caCert": ""}, "spec.caCert contains no PEM certificate"),
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
    # The list of services must still work, because users look there.
    assert run_command("services", cluster=own_demo).returncode == 0


def test_text_in_any_language_may_surround_the_certificates(own_demo):
    spec = own_demo.store.get("snapshotmetadataservices", PAGES_DRIVER)["spec"]
    pem = "# Prüfstelle für Zertifikate, 認証局\n".encode() + base64.b64decode(spec["caCert"])
    spec["caCert"] = base64.b64encode(pem).decode()
    found = run_command(*DELTA, cluster=own_demo)
    assert (found.returncode, found.stderr) == (0, "")


def test_a_service_without_a_listener_cannot_be_reached(own_demo):
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
    assert "--connect port-forward" in found.stderr


@pytest.mark.parametrize("fault", ["expired", "foreign", "wrong name"])
def test_an_untrusted_certificate_is_reported_with_the_reason(own_demo, fault):
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
    said = {
        "expired": "it expired on",
        "foreign": "no certificate of caCert signed it",
        "wrong name": "not for 127.0.0.1",
    }
    assert said[fault] in found.stderr


# The stream.


@pytest.mark.parametrize("form", ["json", "yaml", "ndjson", "csv", "table", "wide", "summary", "name", "lister-json"])
def test_a_stream_cut_in_the_middle_leaves_what_came_marked_incomplete(own_demo, form):
    own_demo.services[PAGES_DRIVER].tampering = cut_after(3)
    found = run_command(*DELTA, "--max-results", "100", "--retries", "0", "-o", form, cluster=own_demo)
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
    service.tampering = cut_after(3)
    cut = run_command(*DELTA, "--max-results", "100", "--retries", "0", "-o", "csv", cluster=own_demo)
    service.tampering = Tampering()
    offset = re.search(r"--starting-offset (\d+)", cut.stderr)[1]
    rest = run_command(*DELTA, "-o", "csv", "--starting-offset", offset, cluster=own_demo).stdout.splitlines()
    assert cut.stdout.splitlines()[:-1] + rest[1:] == whole


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_message_that_is_not_protobuf_is_named(own_demo, form):
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
        (Code.DEADLINE_EXCEEDED, "", "the stream exceeded the sidecar's time limit"),
        (Code.INTERNAL, "failed to authenticate user: denied", "may not review tokens"),
        (Code.UNAVAILABLE, "the CSI driver is not yet ready", "is not ready"),
        (Code.UNAVAILABLE, 'volumesnapshotclasses "x" is forbidden: User "y"', "lacks a permission"),
        (Code.DATA_LOSS, "oops", "the driver of demo-pages.csi.k8s.io failed: oops (DATA_LOSS)"),
    ],
)
def test_the_sidecars_message_becomes_a_diagnosis(own_demo, code, details, said):
    own_demo.services[PAGES_DRIVER].tampering = cut_after(0, code, details)
    found = run_command(*DELTA, "--retries", "0", cluster=own_demo)
    assert (found.returncode, found.stdout) == (1, "")
    assert said in found.stderr
    assert details in found.stderr


def test_no_letter_of_a_driver_reaches_the_terminal_as_a_command(own_demo):
    details = "failed to get response from CSI driver: oops \x1b[2J\x9b2J gone"
    own_demo.services[PAGES_DRIVER].tampering = cut_after(1, Code.INTERNAL, details)
    found = run_command("delta", "pg-mon", "pg-tue", "-n", "shop", "-o", "csv", cluster=own_demo)
    assert found.returncode == 1
    assert "oops \N{REPLACEMENT CHARACTER}[2J" in found.stderr
    assert "\x1b" not in found.stderr
    assert "\x9b" not in found.stderr
