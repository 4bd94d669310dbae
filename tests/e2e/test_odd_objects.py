"""One odd object is one odd row: everything else in a list, a watch and a report is as it would be without it."""

import copy
import json
import zlib
from contextlib import ExitStack

import pytest
from conftest import command_environment, run_warm
from odd_cluster import CONTENTS, FORBIDDEN, SERVICES, SNAPSHOTS, TOKEN, WATCH, OddCluster
from raw_api import asking, connection
from recorded_again import record_case

from kubectl_cbt.checks.doctor.diagnosis_context import ClusterSession, DiagnosisContext
from kubectl_cbt.checks.doctor.hop_sequences import FOR_SNAPSHOTS
from kubectl_cbt.checks.runner import run as run_checks
from kubectl_cbt.cluster.catalogue import Catalogue
from kubectl_cbt.cluster.resolve import resolve
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.finding import Verdict
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef

ACCOUNT = ("--service-account", "backup/backup-app", "--connect", "direct")


@pytest.fixture(scope="module")
def shared():
    with OddCluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(shared):
    shared.reset()
    return shared


def run(cluster, *arguments):
    environment = command_environment(KUBECONFIG="/nonexistent")
    return run_warm([*arguments, "--server", cluster.url], environment)


def listed(cluster, *arguments):
    ran = run(cluster, *arguments, "-o", "json")
    assert ran.returncode == 0, ran.stderr
    return {item["name"]: item for item in json.loads(ran.stdout)["items"]}


HUGE = 2 * 10**400
"""Written as a number beyond the range of a double."""


def odd_ones(item):
    """What a server may send in place of a sound object, and what its row has to name."""
    for path, value, named in (
        (("status", "restoreSize"), "1e400", "status.restoreSize"),
        (("status", "restoreSize"), "1e999999", "status.restoreSize"),
        (("status", "restoreSize"), HUGE, "status.restoreSize"),
        (("status", "restoreSize"), -1, "status.restoreSize"),
        (("status", "restoreSize"), True, "status.restoreSize"),
        (("status", "restoreSize"), ["1Gi"], "status.restoreSize"),
        (("status", "creationTime"), "yesterday", "status.creationTime"),
        (("status", "creationTime"), "0001-01-01T00:00:00+14:00", "status.creationTime"),
        (("status",), [], "status"),
        (("spec",), "x", "spec"),
        (("metadata", "creationTimestamp"), 5, "metadata.creationTimestamp"),
        (("status", "boundVolumeSnapshotContentName"), "..", "status.boundVolumeSnapshotContentName"),
    ):
        odd = copy.deepcopy(item)
        inner = odd
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
        yield odd, named


def test_one_odd_snapshot_is_one_odd_row(cluster):
    sound = listed(cluster, "snapshots")
    items = cluster.answers[SNAPSHOTS]["items"]
    named = {}
    for number, (odd, field) in enumerate(odd_ones(items[0])):
        odd["metadata"]["name"] = f"odd-{number}"
        named[f"odd-{number}"] = field
        items.append(odd)
    items.append(None)
    found = listed(cluster, "snapshots")
    assert {name: found[name] for name in sound} == sound
    for name, field in named.items():
        assert found[name]["problem"].startswith(f"{field} is ")
        assert found[name]["obstacle"] == found[name]["problem"]
        assert found[name]["changedBlockTracking"] is False
    assert found[None]["problem"] == "it is null, not an object"
    table = run(cluster, "snapshots").stdout
    assert 'no: status.restoreSize is "1e400", not the size of a volume' in table
    assert len(run(cluster, "snapshots", "-o", "name").stdout.splitlines()) == len(found) - 1


def test_an_odd_content_is_its_snapshots_problem(cluster):
    sound = listed(cluster, "snapshots")
    cluster.answers[CONTENTS]["items"][-1]["status"]["creationTime"] = 10**30
    name = cluster.answers[CONTENTS]["items"][-1]["metadata"]["name"]
    found = listed(cluster, "snapshots")
    changed = {key for key in sound if found[key] != sound[key]}
    (odd,) = changed
    assert found[odd]["problem"].startswith(f"content {name}: status.creationTime is 1")


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize(("answer", "lists"), [(None, True), (None, False), (FORBIDDEN, False)])
def test_a_deleted_content_is_not_one_that_may_not_be_read(cluster, answer, lists, ready):
    """The snapshot controller marks a snapshot whose content was deleted as not ready; it never becomes ready."""
    name, content = "snap-b", "snapcontent-snap-b"
    cluster.answers[CONTENTS]["items"] = [
        one for one in cluster.answers[CONTENTS]["items"] if one["metadata"]["name"] != content
    ]
    if not lists:
        cluster.answers[CONTENTS] = FORBIDDEN
    cluster.answers.pop(f"{CONTENTS}/{content}")
    if answer:
        cluster.answers[f"{CONTENTS}/{content}"] = answer
    # The list's own item too: it is the same object.
    cluster.answers[f"{SNAPSHOTS}/{name}"]["status"]["readyToUse"] = ready
    obstacle = f"content {content} was deleted"
    if answer:
        obstacle = f"content {content} not readable: forbidden" if ready else "not ready"
    deleted = f"volumesnapshotcontents {content} of volumesnapshot default/{name} was deleted"
    with asking(connection(cluster.url)) as api:
        catalogue = Catalogue(api)
        assert {entry.ref.name: entry.obstacle for entry in catalogue.entries(None)}[name] == obstacle
        with pytest.raises(CbtError) as resolved:
            resolve(catalogue, SnapshotNames(SnapshotRef("default", name)))
        session = ClusterSession(api, catalogue, "default", None, "")  # none of these checks needs the connector
        findings = run_checks(
            FOR_SNAPSHOTS[:5], DiagnosisContext(lambda _: session, ExitStack(), (name,)), lambda _: None
        )
        failed = next(finding for finding in findings if finding.verdict is Verdict.FAIL)
    assert (deleted in resolved.value.message, deleted in failed.evidence[0]) == (not answer, not answer)
    assert ("kubectl wait" in resolved.value.hint) == (not ready and answer is FORBIDDEN)


def test_one_odd_service_is_one_odd_row(cluster):
    sound = listed(cluster, "services")
    services = cluster.answers[SERVICES]["items"]
    odd = copy.deepcopy(services[0])
    odd["metadata"]["name"], odd["spec"]["address"] = "odd.csi", {"host": "a"}
    services += [odd, None]
    found = listed(cluster, "services")
    assert {name: found[name] for name in sound} == sound
    assert found["odd.csi"]["problem"] == "spec.address is an object, not a string"


@pytest.mark.parametrize("items", [{}, "x", 5])
def test_a_list_of_nothing_we_know_is_rejected(cluster, items):
    cluster.answers[SNAPSHOTS]["items"] = items
    ran = run(cluster, "snapshots")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "the list of volumesnapshots: items is " in ran.stderr


@pytest.mark.parametrize("items", [None, []])
def test_a_list_of_nothing_is_empty(cluster, items):
    cluster.answers[SNAPSHOTS]["items"] = items
    assert "No snapshots found" in run(cluster, "snapshots").stderr


def test_a_watch_continues_after_an_odd_object(cluster):
    event = cluster.answers[WATCH][0]
    cluster.answers[WATCH] = [{"type": "ADDED", "object": None}, {"type": "ADDED"}, {"type": "BOOKMARK"}, event]
    ran = run(cluster, "snapshots", "-w", "--no-headers")
    assert "it is null, not an object" in ran.stdout
    assert ran.stdout.splitlines()[-1].startswith(event["object"]["metadata"]["name"])
    assert "Error from server (Forbidden): no more" in ran.stderr


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (b"null", "JSON that is not an object"),
        ({}, "an event of the watch of volumesnapshots: type is missing"),
        ({"type": 5}, "an event of the watch of volumesnapshots: type is 5, not a string"),
        ({"type": "ERROR", "object": None}, "Error from server (HTTP 500): unknown"),
        ({"type": "ERROR", "object": {"code": [], "message": {}}}, "Error from server (HTTP 500): unknown"),
    ],
)
def test_an_invalid_event_ends_a_watch_with_an_error(cluster, event, words):
    cluster.answers[WATCH] = [event]
    ran = run(cluster, "snapshots", "-w")
    assert ran.returncode == 1
    assert words in ran.stderr
    assert "internal error" not in ran.stderr


def test_an_odd_object_that_is_requested_is_an_error_that_names_it(cluster):
    cluster.answers[f"{SNAPSHOTS}/snap-b"]["status"]["restoreSize"] = "1e400"
    ran = run(cluster, "allocated", "snap-b", *ACCOUNT)
    assert ran.returncode == 1
    assert ran.stderr.startswith('error: volumesnapshots.snapshot.storage.k8s.io "default/snap-b": status.restoreSize')


@pytest.mark.parametrize("token", [None, "", 5, {"a": "secret"}, ["secret"]])
def test_a_token_request_without_a_token(cluster, token):
    cluster.answers[TOKEN]["status"]["token"] = token
    ran = run(cluster, "allocated", "snap-b", *ACCOUNT)
    assert ran.returncode == 1
    assert "the response to the TokenRequest of ServiceAccount backup/backup-app has no status.token" in ran.stderr
    assert "secret" not in ran.stderr


@pytest.mark.parametrize("address", ["a..b:1", f"{'x' * 64}:1", "[::1:1", "[x]:1", "a b:1", ":1", "a:99999"])
def test_an_address_that_cannot_be_looked_up_is_the_services_fault(cluster, address):
    for path in (f"{SERVICES}/hostpath.csi.k8s.io",):
        cluster.answers[path]["spec"]["address"] = address
    ran = run(cluster, "allocated", "snap-b", *ACCOUNT)
    assert ran.returncode == 1
    assert f'snapshotmetadataservices.cbt.storage.k8s.io "hostpath.csi.k8s.io": spec.address "{address}"' in ran.stderr


@pytest.mark.parametrize("server", ["https://[::1", "https://a..b", f"https://{'x' * 64}", "https://[x]", "http://a b"])
def test_a_server_that_is_not_a_url(server):
    ran = run_warm(["snapshots", "--server", server], command_environment(KUBECONFIG="/nonexistent"))
    assert ran.returncode == 1
    assert "is not an http or https URL" in ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        *(("-v", "9" * 5000), ("--v=" + "9" * 5000,), ("--request-timeout", "9" * 5000)),
        *(("--request-timeout", "9" * 5000 + "s"), ("--sort-by", f".a[{'9' * 5000}]")),
    ],
    ids=lambda arguments: arguments[0][:20],
)
def test_a_number_of_five_thousand_digits_is_not_an_internal_error(cluster, arguments):
    ran = run(cluster, "snapshots", *arguments)
    assert "internal error" not in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.returncode in (0, 2)


@pytest.mark.parametrize("option", ["--retries", "--max-results", "--starting-offset", "--token-duration"])
def test_a_number_of_a_stream_too(cluster, option):
    ran = run(cluster, "allocated", "snap-b", option, "9" * 5000)
    assert ran.returncode == 2
    assert "internal error" not in ran.stderr


def test_doctor_reports_an_odd_object_as_the_finding_of_its_hop(cluster):
    cluster.answers[f"{SNAPSHOTS}/snap-b"]["status"] = []
    ran = run(cluster, "doctor", "snap-b", "-o", "json", *ACCOUNT)
    document = json.loads(ran.stdout)
    findings = {finding["id"]: finding for finding in document["findings"]}
    assert findings["volumesnapshot"]["verdict"] == "fail"
    assert "status is a list, not an object" in findings["volumesnapshot"]["evidence"][0]
    assert findings["permissions"]["verdict"] == "pass"


@pytest.mark.parametrize("verb", ["check", "open"])
def test_a_damaged_recording_is_read_as_far_as_it_goes_and_fails(tmp_path, verb):
    path = record_case(tmp_path / "damaged.cbtrec", "fixed_length", "delta-a-b")
    line, _, packed = path.read_bytes().partition(b"\n")
    data = zlib.decompressobj().decompress(packed)
    path.write_bytes(line + b"\n" + zlib.compress(data.replace(b'"code": "OK"', b'"code": 1234')))
    ran = run_warm([verb, str(path), "-o", "json"], command_environment())
    assert ran.returncode == 1
    assert "damaged.cbtrec is damaged: an end that cannot be read" in ran.stderr
    document = json.loads(ran.stdout)
    if verb == "check":
        verdicts = {finding["id"]: finding["verdict"] for finding in document["findings"]}
        assert verdicts["rule-r1"] == "pass"
        assert verdicts["complete"] == "skipped"
    else:
        assert document["complete"] is False
        assert document["extents"]
