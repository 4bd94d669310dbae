"""Whether, when and with which query a broken stream is resumed.

Most failures are answers: a retry would get them again. Temporary are a connection that broke, the sidecar's limit on
a stream's age, a driver that is still starting, and a token that expired meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass

from kubectl_cbt.errors import (
    ApiError,
    ApiUnreachable,
    CbtError,
    PortForwardFailed,
    ServiceNotReady,
    ServiceUnreachable,
    StreamCut,
    StreamDeadline,
    Unauthenticated,
)

_TEMPORARY = (StreamCut, StreamDeadline, ServiceNotReady)
# A service that was never reached more likely has a wrong name or address than is starting: fail at once.
_TEMPORARY_ONCE_REACHED = (*_TEMPORARY, ServiceUnreachable, PortForwardFailed, ApiUnreachable)

_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500
_DOUBLINGS = 16
_SMALLEST_STEP = 16
"""By how much ``max_results`` shrinks when a stream hit its deadline before its first message was full."""
ENOUGH_MESSAGES = 16
"""A stream with at least this many messages before the sidecar's limit is not sparse any more."""
_DRIVERS_OWN_MAX_RESULTS = 256
"""Assumed for 0: the reference driver's default."""


@dataclass(frozen=True, slots=True)
class Retries:
    """The limits for resuming.

    Attributes:
        limit: consecutive queries without a new extent; 0 disables resuming.
        first_seconds: pause before the first of them; each next pause is twice as long.
        longest_seconds: the longest pause.
    """

    limit: int = 6
    first_seconds: float = 0.5
    longest_seconds: float = 30.0


NEVER = Retries(limit=0)


class RetryState:
    """The consecutive failures of one stream; progress resets them."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._reached = False
        self._failures = 0
        self._token_refused = False

    def renewed(self) -> RetryState:
        """A fresh state with the same limits, for a stream that a person resumes."""
        return RetryState(self._retries)

    @property
    def failures(self) -> int:
        """Failures since the last progress."""
        return self._failures

    def progress(self) -> None:
        """New extents were received."""
        self._reached = True
        self._failures = 0
        self._token_refused = False

    def is_retryable(self, error: CbtError) -> bool:
        """Whether the same query may succeed after ``error``."""
        if isinstance(error, Unauthenticated):
            # A token may expire; a fresh one that is refused too will be refused again.
            return self._reached and not self._token_refused
        if isinstance(error, ApiError):
            # From the request for a token: the API server is overloaded, or being replaced.
            return self._reached and (error.status == _TOO_MANY_REQUESTS or error.status >= _SERVER_ERROR)
        return isinstance(error, _TEMPORARY_ONCE_REACHED if self._reached else _TEMPORARY)

    def pause_after(self, error: CbtError) -> float | None:
        """Seconds to wait before the next query; None when a retry is useless, or the limit is reached."""
        if self._failures >= self._retries.limit or not self.is_retryable(error):
            return None
        self._failures += 1
        self._reached = True  # temporary errors come from the service, or from a connection to it
        self._token_refused |= isinstance(error, Unauthenticated)
        if self._failures == 1 and isinstance(error, StreamDeadline | Unauthenticated):
            return 0.0  # a pause would not help
        doubled = self._retries.first_seconds * 2 ** min(self._failures - 1, _DOUBLINGS)
        return float(min(doubled, self._retries.longest_seconds))


def smaller_max_results(max_results: int) -> int:
    """The limit to use after a deadline without a message: a smaller message is complete sooner.

    A driver that scans a large, sparse volume may not find enough extents for one message before the sidecar's limit.
    """
    return max((max_results or _DRIVERS_OWN_MAX_RESULTS * _SMALLEST_STEP) // _SMALLEST_STEP, 1)
