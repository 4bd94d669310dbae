"""Streams of one service use one token; counted at the demo's API server."""

from collections.abc import Iterator

import pytest
from conftest import DELTA, cut_after, run_command
from layer_streams import LAYERS, Reading, backend_of, read

from kubectl_cbt.core.backends import ClusterBackend
from kubectl_cbt.core.options import ClusterOptions
from kubectl_cbt.core.session import open_session
from kubectl_cbt.demo.scenarios import PAGES_DRIVER
from kubectl_cbt.demo.sidecar.metadata_service import Code, MetadataService, Refusal, Tampering
from kubectl_cbt.errors import CbtError


@pytest.fixture
def service(own_demo) -> MetadataService:
    return own_demo.services[PAGES_DRIVER]


@pytest.fixture
def backend(own_demo) -> Iterator[ClusterBackend]:
    with open_session(ClusterOptions(kubeconfig=str(own_demo.kubeconfig))) as session:
        yield backend_of(session)


@pytest.fixture
def issued(own_demo) -> list[str]:
    """The tokens that were requested."""
    tokens: list[str] = []
    issue = own_demo.identity.issue

    def remember(*arguments):
        token, expires = issue(*arguments)
        tokens.append(token)
        return token, expires

    own_demo.identity.issue = remember
    return tokens


def test_all_streams_of_a_service_use_one_token(backend, issued):
    streams = [Reading(backend.open(names)) for names in LAYERS * 2]
    assert all(stream.wait() for stream in streams)
    assert len(issued) == 1


def test_a_token_with_little_life_left_is_renewed(own_demo, backend, service, issued):
    issue = own_demo.identity.issue
    # The API server reports that it expires at once; the service accepts it.
    own_demo.identity.issue = lambda *arguments: (issue(*arguments)[0], 0.0)
    service.requests.clear()
    read(backend.open(LAYERS[0]))
    assert len(issued) == len(service.requests) == 2, "the query and the probe"


def test_a_token_that_expired_early_is_renewed_once_for_all_streams(backend, service, issued):
    wholes = [read(backend.open(names)) for names in LAYERS]
    assert len(issued) == 1
    rejected: list[str] = []

    def accept(request) -> None:
        if request.security_token == issued[0]:
            rejected.append(request.security_token)
            raise Refusal(Code.UNAUTHENTICATED, "unauthenticated user")

    service.tampering = Tampering(accept=accept)
    streams = [Reading(backend.open(names)) for names in LAYERS]
    assert [stream.wait() for stream in streams] == wholes
    assert [stream.opened.stream.resumes for stream in streams] == [0, 0]
    assert rejected
    assert len(issued) == 2


def test_a_token_that_is_always_rejected_is_renewed_once(backend, service, issued):
    read(backend.open(LAYERS[0]))

    def accept(_request) -> None:
        raise Refusal(Code.UNAUTHENTICATED, "unauthenticated user")

    service.tampering = Tampering(accept=accept)
    opened = backend.open(LAYERS[0])
    with pytest.raises(CbtError, match="rejected the token"):
        read(opened)
    assert len(issued) == 2


def test_a_command_requests_one_token(own_demo, issued):
    own_demo.services[PAGES_DRIVER].tampering = cut_after(3, times=1)
    found = run_command(*DELTA, "-o", "json", cluster=own_demo)
    assert found.returncode == 0
    assert "resuming at" in found.stderr
    assert len(issued) == 1
