"""Whether, when and with what a stream that broke is asked for again.

Most failures are answers: asking again would only hear them again. What passes by itself is a connection that broke,
the sidecar's limit on a stream's age, a driver that is still starting, and a token that went stale meanwhile.
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

_PASSING = (StreamCut, StreamDeadline, ServiceNotReady)
# A service that was never reached is more likely named or addressed wrongly than on its way up: that is told at once.
_PASSING_ONCE_REACHED = (*_PASSING, ServiceUnreachable, PortForwardFailed, ApiUnreachable)

_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500
_DOUBLINGS = 16
_SMALLEST_STEP = 16
"""By how much ``max_results`` shrinks when a stream hit its deadline before its first message was full."""
ENOUGH_MESSAGES = 16
"""From so many messages in the sidecar's time on, a stream is quiet no more."""
_DRIVERS_OWN_MAX_RESULTS = 256
"""What 0 is taken for then: the reference driver's default."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How patient to be.

    Attributes:
        limit: questions in a row that may bring nothing new; 0 never asks again.
        first_seconds: pause before the first of them; each next one is twice as long.
        longest_seconds: and no longer than this.
    """

    limit: int = 6
    first_seconds: float = 0.5
    longest_seconds: float = 30.0


NEVER = Retries(limit=0)


class RetryState:
    """Counts the failures of one stream; progress makes it forget them."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._reached = False
        self._failures = 0
        self._token_refused = False

    def renewed(self) -> RetryState:
        """As patient as at the beginning, for a stream that a person resumes."""
        return RetryState(self._retries)

    @property
    def failures(self) -> int:
        """Failures since the last progress."""
        return self._failures

    def progress(self) -> None:
        """Something new came."""
        self._reached = True
        self._failures = 0
        self._token_refused = False

    def is_retryable(self, error: CbtError) -> bool:
        """Whether the same question may fare better after ``error``."""
        if isinstance(error, Unauthenticated):
            # A stale token is one thing; a fresh one that is refused as well will not be better the next time.
            return self._reached and not self._token_refused
        if isinstance(error, ApiError):
            # The API server, asked for a token: overloaded, or being replaced.
            return self._reached and (error.status == _TOO_MANY_REQUESTS or error.status >= _SERVER_ERROR)
        return isinstance(error, _PASSING_ONCE_REACHED if self._reached else _PASSING)

    def pause_after(self, error: CbtError) -> float | None:
        """Seconds to wait before asking again; None when that makes no sense, or was done often enough."""
        if self._failures >= self._retries.limit or not self.is_retryable(error):
            return None
        self._failures += 1
        self._reached = True  # what passes has come from the service, or from a connection to it
        self._token_refused |= isinstance(error, Unauthenticated)
        if self._failures == 1 and isinstance(error, StreamDeadline | Unauthenticated):
            return 0.0  # nothing is broken that a pause would mend
        doubled = self._retries.first_seconds * 2 ** min(self._failures - 1, _DOUBLINGS)
        return float(min(doubled, self._retries.longest_seconds))


def smaller_max_results(max_results: int) -> int:
    """What to ask for after a deadline without a message: a smaller one is full sooner, and can be taken up from.

    A driver that scans a large, quiet volume may not find enough extents for one message before the sidecar's limit.
    """
    return max((max_results or _DRIVERS_OWN_MAX_RESULTS * _SMALLEST_STEP) // _SMALLEST_STEP, 1)
