"""Streams of a real service over real TLS, broken in every possible manner and resumed.

The client is our own source and loop, without a command line around them, so that every cut can be tried.
"""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from conftest import DELTA, cut_after, run_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tcp import CuttingProxy

from kubectl_cbt.demo.certificates import CertificateAuthority
from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.kube.identity import BACKUP_APP
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.demo.sidecar.metadata_service import Code, MetadataService, Refusal, Tampering
from kubectl_cbt.errors import CbtError, TlsFailed, Unauthenticated
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.model.route import DirectRoute
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.stream.loop import ExtentStream
from kubectl_cbt.stream.resume import Retries
from kubectl_cbt.wire.service_connection import ServiceConnection
from kubectl_cbt.wire.sidecar import SidecarSource

PER_MESSAGE = 100
BRISK = Retries(limit=4, first_seconds=0.01, longest_seconds=0.1)

Extents = list[tuple[int, int]]


@pytest.fixture(scope="module")
def cluster() -> Iterator[DemoCluster]:
    with DemoCluster() as demo:
        yield demo


@pytest.fixture
def service(cluster) -> Iterator[MetadataService]:
    service = cluster.services[PAGES_DRIVER]
    service.tampering = Tampering()
    service.requests.clear()
    yield service
    service.tampering = Tampering()


@pytest.fixture(scope="module")
def whole(cluster) -> Extents:
    stream, extents = ask(cluster, cluster.services[PAGES_DRIVER])
    assert stream.outcome().complete
    assert len(extents) > 10 * PER_MESSAGE
    return extents


def ask(
    cluster: DemoCluster,
    service: MetadataService,
    *,
    address: str = "",
    retries: Retries = BRISK,
    fresh_token: Callable[[], Secret] | None = None,
    fresh_endpoint: Callable[[], Endpoint] | None = None,
) -> tuple[ExtentStream, Extents]:
    """The delta of snap-a and snap-b as it comes out of the loop."""
    content = cluster.store.get("volumesnapshots", "snap-a", "default")["status"]["boundVolumeSnapshotContentName"]
    base = cluster.store.get("volumesnapshotcontents", content)["status"]["snapshotHandle"]
    query = Query(SnapshotRef("default", "snap-b"), SnapshotHandle(base), max_results=PER_MESSAGE)
    endpoint = Endpoint(PAGES_DRIVER, service.address, service.audience, service.ca_pem)

    def token() -> Secret:
        return Secret(cluster.identity.issue(BACKUP_APP, [service.audience], 600)[0])

    route = DirectRoute(address or service.address)
    live = SidecarSource(ServiceConnection(endpoint, lambda: route, fresh_endpoint), fresh_token or token)
    stream = ExtentStream(live, query, retries=retries, probe=True)
    found: Extents = []
    try:
        for batch in stream:
            found += zip(batch.offsets.tolist(), batch.sizes.tolist(), strict=True)
    finally:
        live.close()
    return stream, found


def test_every_cut_after_a_message_leaves_no_trace(cluster, service, whole):
    messages = -(-len(whole) // PER_MESSAGE)
    for count in range(1, messages + 1):
        service.tampering = cut_after(count, times=1)
        stream, found = ask(cluster, service)
        assert found == whole
        assert (stream.resumes, stream.outcome().violations) == (1, ())


@pytest.mark.parametrize(
    ("code", "details"),
    [
        (Code.UNAVAILABLE, "Socket closed"),
        (Code.UNAVAILABLE, "Connection reset by peer"),
        (Code.DEADLINE_EXCEEDED, "stream is too old"),
        (Code.CANCELLED, "the pod is going down"),
        (Code.UNAVAILABLE, "the CSI driver is not yet ready"),
    ],
)
def test_what_passes_is_resumed(cluster, service, whole, code, details):
    service.tampering = cut_after(3, code, details, times=1)
    stream, found = ask(cluster, service)
    assert found == whole
    assert stream.resumes == 1
    assert [request.starting_offset for request in service.requests] == [0, sum(whole[299]), sum(whole[-1])]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 60_000), max_size=4))
def test_any_cuts_of_the_connection_leave_no_trace(cluster, service, whole, cuts):
    """In the middle of a message, of a TLS record, of either handshake: one fetches the certificate, one is gRPC's."""
    service.requests.clear()
    port = int(service.address.rpartition(":")[2])
    with CuttingProxy(port, [None, None, *cuts]) as proxy:
        service.tampering = cut_after(1, times=1)  # so that the service was reached, whatever happens then
        stream, found = ask(cluster, service, address=proxy.address, retries=Retries(8, 0.01, 0.05))
    assert found == whole
    assert stream.outcome().violations == ()


def test_each_question_has_a_token_of_its_own(cluster, service, whole):
    tokens = []

    def token() -> Secret:
        tokens.append(cluster.identity.issue(BACKUP_APP, [service.audience], 600)[0])
        return Secret(tokens[-1])

    service.tampering = cut_after(2, times=1)
    assert ask(cluster, service, fresh_token=token)[1] == whole
    assert len(tokens) == len(set(tokens)) == 3


def test_an_expired_token_is_replaced_by_a_fresh_one(cluster, service, whole):
    spoiled = iter([False, True, False, False])

    def token() -> Secret:
        seconds = -1 if next(spoiled) else 600
        return Secret(cluster.identity.issue(BACKUP_APP, [service.audience], seconds)[0])

    service.tampering = cut_after(2, times=1)
    stream, found = ask(cluster, service, fresh_token=token)
    assert found == whole
    assert stream.resumes == 2


def test_a_token_that_stays_expired_is_given_up_on(cluster, service):
    def token() -> Secret:
        return Secret(cluster.identity.issue(BACKUP_APP, [service.audience], -1)[0])

    with pytest.raises(Unauthenticated):
        ask(cluster, service, fresh_token=token)


@pytest.fixture
def own_service(cluster) -> Iterator[MetadataService]:
    """One that may be stopped and started."""
    from kubectl_cbt.demo.scenarios import demo_volumes

    service = MetadataService(PAGES_DRIVER, demo_volumes(1), cluster.identity)
    service.store = cluster.store
    yield service
    service.stop()


def restarting_after(service: MetadataService, count: int, **settings) -> Tampering:
    """The server stops in the middle of a stream and restarts on its port."""
    left = [count]

    def answer(messages):
        for number, message in enumerate(messages):
            if left and number == count:
                left.clear()
                service.restart(**settings)
                return
            yield message

    return Tampering(answer=answer)


def test_a_server_that_restarts_on_its_port_is_found_again(cluster, own_service, whole):
    own_service.tampering = restarting_after(own_service, 4)
    stream, found = ask(cluster, own_service)
    assert found == whole
    assert stream.resumes >= 1


def test_a_certificate_that_was_replaced_meanwhile_is_accepted(cluster, own_service, whole):
    own_service.tampering = restarting_after(own_service, 4, certificate=own_service.issue())
    assert ask(cluster, own_service)[1] == whole


def test_a_ca_that_was_replaced_meanwhile_is_read_again(cluster, own_service, whole):
    other = CertificateAuthority("the next CA")
    own_service.tampering = restarting_after(own_service, 4, certificate=other.issue("127.0.0.1"))
    fresh = Endpoint(PAGES_DRIVER, own_service.address, own_service.audience, other.pem)
    assert ask(cluster, own_service, fresh_endpoint=lambda: fresh)[1] == whole


def test_a_certificate_of_a_foreign_ca_is_never_accepted(cluster, own_service):
    other = CertificateAuthority("an intruder")
    own_service.tampering = restarting_after(own_service, 4, certificate=other.issue("127.0.0.1"))
    same = Endpoint(PAGES_DRIVER, own_service.address, own_service.audience, own_service.ca_pem)
    with pytest.raises(TlsFailed):
        ask(cluster, own_service, fresh_endpoint=lambda: same)


# A certificate that BoringSSL treats as self-signed and Go's clients accept.


def lookalike(service: MetadataService, *hosts: str, authority: CertificateAuthority | None = None, **settings) -> None:
    """Serve a leaf with its CA's own subject and without its key's identifier."""
    issuer = authority or service.authority
    service.restart(issuer.issue(*(hosts or ("127.0.0.1",)), issuer_subject=True, **settings))


def test_a_certificate_that_only_looks_self_signed_is_accepted(cluster, own_service, whole):
    lookalike(own_service)
    assert ask(cluster, own_service)[1] == whole


def test_it_is_verified_on_each_connection(cluster, own_service, whole):
    lookalike(own_service)
    again = own_service.authority.issue("127.0.0.1", issuer_subject=True)
    own_service.tampering = restarting_after(own_service, 4, certificate=again)
    assert ask(cluster, own_service)[1] == whole


@pytest.mark.parametrize("fault", ["expired", "another name", "another key"])
def test_an_untrusted_lookalike_is_rejected(cluster, own_service, fault):
    from datetime import timedelta

    if fault == "expired":
        lookalike(own_service, lifetime=timedelta(days=-1))
    elif fault == "another name":
        lookalike(own_service, "elsewhere.example")
    else:
        lookalike(own_service, authority=CertificateAuthority(f"{PAGES_DRIVER} CA"))
    with pytest.raises(TlsFailed) as caught:
        ask(cluster, own_service)
    said = {
        "expired": "it expired on",
        "another name": "elsewhere.example",
        "another key": "no certificate of caCert signed it",
    }
    assert said[fault] in caught.value.message


# A quiet volume, and one that ends early.


def test_a_driver_too_slow_for_a_full_message_is_queried_for_fewer_extents(cluster, service, whole):
    """It finds ten extents in the time the sidecar gives it; a message of a hundred never gets full."""

    def answer(messages):
        first = next(messages)
        limit = service.requests[-1].max_results
        if limit <= 10:
            yield first
        raise Refusal(Code.DEADLINE_EXCEEDED, "stream is too old")

    service.tampering = Tampering(answer=answer)
    with pytest.raises(CbtError) as caught:
        ask(cluster, service, retries=Retries(0))
    assert type(caught.value).__name__ == "StreamDeadline"
    asked_for_all = [request.max_results for request in service.requests]
    service.requests.clear()
    part = ExtentsUntil(5)
    with pytest.raises(StopTelling):
        part.read(cluster, service)
    assert asked_for_all == [100]
    assert [request.max_results for request in service.requests][:3] == [100, 6, 6]
    assert part.found == whole[: len(part.found)]


class StopTelling(Exception):
    """Enough was seen."""


class ExtentsUntil:
    """Reads so many batches of a stream that would take long."""

    def __init__(self, batches: int) -> None:
        self._left = batches
        self.found: Extents = []

    def read(self, cluster: DemoCluster, service: MetadataService) -> None:
        content = cluster.store.get("volumesnapshots", "snap-a", "default")["status"]["boundVolumeSnapshotContentName"]
        base = cluster.store.get("volumesnapshotcontents", content)["status"]["snapshotHandle"]
        query = Query(SnapshotRef("default", "snap-b"), SnapshotHandle(base), max_results=PER_MESSAGE)
        endpoint = Endpoint(PAGES_DRIVER, service.address, service.audience, service.ca_pem)
        token = cluster.identity.issue(BACKUP_APP, [service.audience], 600)[0]
        live = SidecarSource(ServiceConnection(endpoint), lambda: Secret(token))
        try:
            for batch in ExtentStream(live, query, retries=BRISK):
                self.found += zip(batch.offsets.tolist(), batch.sizes.tolist(), strict=True)
                self._left -= 1
                if not self._left:
                    raise StopTelling
        finally:
            live.close()


def first_pages_only(messages):
    """As a real driver's early release: a page, then OK."""
    for _, message in zip(range(3), messages, strict=False):
        yield message


def test_a_driver_that_sends_its_first_page_only_is_found_out(cluster, service, whole):
    service.tampering = Tampering(answer=first_pages_only)
    stream, found = ask(cluster, service)
    assert found == whole
    (violation,) = stream.outcome().violations
    assert (violation.rule, violation.count) == ("R8", -(-len(whole) // (3 * PER_MESSAGE)) - 1)


# The installed command.


@pytest.mark.parametrize("form", ["json", "yaml", "ndjson", "csv", "table", "summary", "lister-json", "name"])
def test_every_format_is_complete_and_reports_the_resume(own_demo, form):
    query = (*DELTA, "--max-results", "100", "-o", form)
    plain = run_command(*query, cluster=own_demo)
    own_demo.services[PAGES_DRIVER].tampering = cut_after(6, times=2)
    found = run_command(*query, cluster=own_demo)
    assert (found.returncode, plain.returncode) == (0, 0)
    assert "resuming at" in found.stderr
    assert re.search(r"note: the stream was resumed \d times?\n", found.stderr)
    if form in ("csv", "table", "lister-json", "name"):
        assert found.stdout == plain.stdout
    elif form == "json":
        resumed, whole = json.loads(found.stdout), json.loads(plain.stdout)
        assert resumed["extents"] == whole["extents"]
        assert resumed["summary"]["coveredBytes"] == whole["summary"]["coveredBytes"]
        assert (resumed["resumes"], resumed["complete"]) == (2, True)
    else:
        said = {"yaml": "resumes: 2", "ndjson": '"resumes":2', "summary": "resumed 2 times"}
        assert said[form] in found.stdout


def test_quiet_omits_the_note_and_the_document_has_it(own_demo):
    own_demo.services[PAGES_DRIVER].tampering = cut_after(6, times=2)
    found = run_command(*DELTA, "--max-results", "100", "-o", "json", "-q", cluster=own_demo)
    assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout)["resumes"] == 2


def test_a_driver_that_ends_early_fails_the_command_with_the_whole_document(own_demo):
    whole = json.loads(run_command(*DELTA, "-o", "json", cluster=own_demo).stdout)
    own_demo.services[PAGES_DRIVER].tampering = Tampering(answer=first_pages_only)
    found = run_command(*DELTA, "--max-results", "100", "-o", "json", cluster=own_demo)
    document = json.loads(found.stdout)
    assert found.returncode == 1
    assert document["extents"] == whole["extents"]
    assert (document["complete"], [violation["rule"] for violation in document["violations"]]) == (True, ["R8"])
    assert "the stream broke R8 (MUST)" in found.stderr
    believed = run_command(*DELTA, "--max-results", "100", "-o", "json", "--no-probe", cluster=own_demo)
    assert believed.returncode == 0
    assert len(json.loads(believed.stdout)["extents"]) == 300


def test_giving_up_names_the_offset_to_resume_from(own_demo):
    service = own_demo.services[PAGES_DRIVER]
    whole = run_command(*DELTA, "-o", "csv", cluster=own_demo).stdout.splitlines()

    def stuck(messages):
        first = next(messages)
        if not service.requests[-1].starting_offset:
            yield first
        raise Refusal(Code.UNAVAILABLE, "Socket closed")

    service.tampering = Tampering(answer=stuck)
    cut = run_command(*DELTA, "--max-results", "100", "--retries", "1", "-o", "csv", cluster=own_demo)
    assert cut.returncode == 1
    assert "gave up after 1 retry" in cut.stderr
    service.tampering = Tampering()
    offset = re.search(r"--starting-offset (\d+)", cut.stderr)[1]
    rest = run_command(*DELTA, "-o", "csv", "--starting-offset", offset, cluster=own_demo).stdout.splitlines()
    assert cut.stdout.splitlines()[:-1] + rest[1:] == whole
