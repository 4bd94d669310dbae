"""Answers whose end is damaged, sent frame by frame: none passes for complete unless a second answer agrees with it."""

import pytest
from raw_service import OK, RawService, Step, data, framed, goaway, headers, only_trailers, raw_service, reset, trailers
from test_stream import encoded, extents_of, query

from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.resolved_query import Endpoint
from kubectl_cbt.security.secret import Secret
from kubectl_cbt.stream.loop import ExtentStream
from kubectl_cbt.stream.resume import NEVER
from kubectl_cbt.wire.service_connection import ServiceConnection
from kubectl_cbt.wire.sidecar import SidecarSource

FIRST, SECOND = encoded((0, 4096)), encoded((8192, 4096))
WHOLE = [headers(), data(framed(FIRST), framed(SECOND)), OK]
REST = [headers(), data(framed(SECOND)), OK]
NOTHING = [headers(), OK]


def streamed(service: RawService, *, probe: bool = True) -> tuple[ExtentStream, list, CbtError | None]:
    """The result of the real client."""
    endpoint = Endpoint("raw", service.address, "audience", service.ca_pem)
    source = SidecarSource(ServiceConnection(endpoint), lambda: Secret("token"))
    stream = ExtentStream(source, query(), retries=NEVER, probe=probe)
    found: list = []
    error = None
    try:
        for batch in stream:
            found += extents_of([batch])
    except CbtError as failure:
        error = failure
    finally:
        source.close()
    return stream, found, error


DAMAGED_AT_ONCE = {
    **{f"flag {flag}": [data(framed(FIRST, flag))] for flag in (2, 3, 128, 255)},
    "a length beyond the end": [data(framed(FIRST, length=len(FIRST) + 10))],
    "half a frame's head": [data(b"\0\0")],
}


@pytest.mark.parametrize("steps", DAMAGED_AT_ONCE.values(), ids=DAMAGED_AT_ONCE)
def test_an_answer_that_is_damaged_at_once_does_not_pass_for_no_change(steps: list[Step]):
    """gRPC reports OK and no message."""
    with raw_service([headers(), *steps, OK], WHOLE, NOTHING) as service:
        stream, found, error = streamed(service)
    assert error is None
    assert found == [(0, 4096), (8192, 4096)]
    assert [violation.rule for violation in stream.outcome().violations] == ["R8"]
    assert stream.outcome().broke_a_must


DAMAGED_LATER = {
    "a length beyond the end": [data(framed(FIRST), framed(SECOND, length=len(SECOND) + 10)), OK],
    "half a frame's head": [data(framed(FIRST), b"\0\0\0\0"), OK],
    "statuses that disagree": [data(framed(FIRST)), trailers(("grpc-status", "13"), ("grpc-status", "0"))],
    "a status of -0": [data(framed(FIRST)), trailers(("grpc-status", "-0"))],
}


@pytest.mark.parametrize("steps", DAMAGED_LATER.values(), ids=DAMAGED_LATER)
def test_an_answer_that_is_damaged_later_does_not_pass_for_whole(steps: list[Step]):
    """gRPC reports OK after the first message."""
    with raw_service([headers(), *steps], REST, NOTHING) as service:
        stream, found, error = streamed(service)
    assert error is None
    assert found == [(0, 4096), (8192, 4096)]
    assert [violation.rule for violation in stream.outcome().violations] == ["R8"]


REJECTED_OR_DAMAGED_LATER = {
    "flag 1 without an encoding": [data(framed(FIRST), framed(SECOND, 1)), OK],
    "a length of 4 GiB": [data(framed(FIRST), framed(SECOND, length=2**32 - 1)), OK],
}


@pytest.mark.parametrize("steps", REJECTED_OR_DAMAGED_LATER.values(), ids=REJECTED_OR_DAMAGED_LATER)
def test_what_only_a_newer_grpc_rejects_does_not_pass_for_whole(steps: list[Step]):
    """gRPC rejects them since 1.85, and reports OK after the first message before."""
    with raw_service([headers(), *steps], REST, NOTHING) as service:
        stream, found, error = streamed(service)
    if error is not None:
        assert not stream.outcome(error).complete
    else:
        assert found == [(0, 4096), (8192, 4096)]
        assert {violation.rule for violation in stream.outcome().violations} & {"R7", "R8"}


EMPTY_MESSAGES = {
    "an unknown flag": [data(framed(FIRST), framed(SECOND, 2)), OK],
    "zeros after the last message": [data(framed(FIRST), b"\0" * 5), OK],
}


@pytest.mark.parametrize("steps", EMPTY_MESSAGES.values(), ids=EMPTY_MESSAGES)
def test_a_damaged_frame_that_becomes_an_empty_message_breaks_rules(steps: list[Step]):
    """gRPC hands over an empty message, which has neither type nor capacity."""
    with raw_service([headers(), *steps], NOTHING) as service:
        stream, _, error = streamed(service)
    assert error is None
    assert {"R3", "R4"} <= {violation.rule for violation in stream.outcome().violations}
    assert stream.outcome().broke_a_must


FAILED = {
    "a length that is too short": [data(framed(FIRST, length=len(FIRST) - 2)), OK],
    "the end without trailers": [data(framed(FIRST), end=True)],
    "RST_STREAM NO_ERROR": [data(framed(FIRST)), reset(0)],
    "RST_STREAM CANCEL": [data(framed(FIRST)), reset(8)],
    "GOAWAY": [data(framed(FIRST)), goaway],
    "no status": [data(framed(FIRST)), trailers(("x", "y"))],
    "an empty status": [data(framed(FIRST)), trailers(("grpc-status", ""))],
    "a status of abc": [data(framed(FIRST)), trailers(("grpc-status", "abc"))],
    "a status of 99": [data(framed(FIRST)), trailers(("grpc-status", "99"))],
    "a status of 2^32": [data(framed(FIRST)), trailers(("grpc-status", "4294967296"))],
    "statuses, the last one an error": [data(framed(FIRST)), trailers(("grpc-status", "0"), ("grpc-status", "13"))],
}


@pytest.mark.parametrize("steps", FAILED.values(), ids=FAILED)
def test_what_grpc_itself_rejects_is_an_error(steps: list[Step]):
    with raw_service([headers(), *steps]) as service:
        stream, _, error = streamed(service)
    assert error is not None
    assert not stream.outcome(error).complete


@pytest.mark.parametrize("fields", [[], [("grpc-status", "abc")], [("grpc-status", "99")]], ids=str)
def test_trailers_alone_without_a_known_status_are_an_error(fields):
    with raw_service([only_trailers(*fields)]) as service:
        assert streamed(service)[2] is not None


def test_a_response_that_is_empty_twice_means_no_change():
    with raw_service(NOTHING) as service:
        stream, found, error = streamed(service)
    assert (found, error, service.calls) == ([], None, 2)
    assert stream.outcome().violations == ()


def test_no_probe_queries_once():
    with raw_service(NOTHING) as service:
        streamed(service, probe=False)
    assert service.calls == 1
