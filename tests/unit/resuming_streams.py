"""Streams for tests that resume: their errors, retries and a careful driver."""

from collections.abc import Generator

from test_stream import encoded, query

from kubectl_cbt.errors import (
    ApiUnreachable,
    CbtError,
    CbtNotEnabled,
    DriverFailed,
    InvalidRequest,
    MalformedMessage,
    MessageTooLarge,
    OffsetOutOfRange,
    PermissionDenied,
    PortForwardFailed,
    ServiceNotReady,
    ServiceUnreachable,
    SidecarMisconfigured,
    SnapshotNotFound,
    StreamCut,
    StreamDeadline,
    TlsFailed,
    TokenUnavailable,
)
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.stream.loop import ExtentStream
from kubectl_cbt.stream.resume import Retries
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.source import Origin

AT_ONCE = Retries(limit=6, first_seconds=0.0)
CUT = StreamCut("the connection broke", code="UNAVAILABLE")

PASSING = [CUT, StreamDeadline("too old"), ServiceNotReady("not yet ready")]
PASSING_LATER = [ServiceUnreachable("refused"), PortForwardFailed("no pod"), ApiUnreachable("no token just now")]
FINAL = [
    CbtNotEnabled("take a full backup"),
    DriverFailed("no"),
    InvalidRequest("no"),
    MalformedMessage("no"),
    MessageTooLarge("no"),
    OffsetOutOfRange("no"),
    PermissionDenied("no"),
    SidecarMisconfigured("no"),
    SnapshotNotFound("no"),
    TlsFailed("no"),
    TokenUnavailable("no"),
]


def by_name(error):
    return type(error).__name__


def resuming(source, resolved=None, **settings) -> ExtentStream:
    return ExtentStream(source, resolved or query(), retries=AT_ONCE, **settings)


class Driver:
    """Answers from any offset, as a careful driver does; breaks after so many messages each time."""

    def __init__(self, extents, per_message: int, breaks: list[int], *, ignores_offset: bool = False) -> None:
        self._extents = extents
        self._per_message = per_message
        self._breaks = list(breaks)
        self._ignores_offset = ignores_offset
        self.queries: list[Query] = []

    origin = Origin("direct")

    def query(self, query: Query, cancellation: Cancellation) -> Generator[bytes, None, None]:
        self.queries.append(query)
        start = 0 if self._ignores_offset else query.starting_offset
        rest = [extent for extent in self._extents if sum(extent) > start]
        pages = [rest[at : at + self._per_message] for at in range(0, len(rest), self._per_message)]
        script = [encoded(*page) for page in pages]
        if self._breaks:
            yield from script[: self._breaks.pop(0)]
            raise StreamCut("cut", code="UNAVAILABLE")
        yield from script

    def close(self) -> None:
        """There is nothing to free."""


def assert_given_up(raised: CbtError | None, error: CbtError, times: str) -> None:
    """The error of the last attempt, in a copy that names their number; the error itself is unchanged."""
    assert type(raised) is type(error)
    assert raised.__cause__ is error
    assert vars(raised) == vars(error) | {"message": f"{error.message}; gave up after {times}"}
