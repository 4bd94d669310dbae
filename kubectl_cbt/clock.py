"""Advice about this machine's clock: certificates and tokens are checked against it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kubectl_cbt.units import age, utc_words

SET_CLOCK = "set this machine's clock: certificates and tokens are checked against it"

_EPOCH = datetime.fromtimestamp(0, UTC)
_SKEW_SECONDS = 300
"""A smaller difference may be network delay, and issuers of certificates and tokens allow for it."""


def clock_difference(ahead_seconds: float | None) -> str:
    """How this machine's clock differs from the API server's; empty when it does not, or when that is unknown.

    Args:
        ahead_seconds: how far it is ahead of the API server's; negative when it is behind.
    """
    if ahead_seconds is None or abs(ahead_seconds) < _SKEW_SECONDS:
        return ""
    direction = "ahead of" if ahead_seconds > 0 else "behind"
    distance = age(_EPOCH, _EPOCH + timedelta(seconds=abs(ahead_seconds)))
    return f"this machine's clock is {distance} {direction} the API server's"


def clock_question() -> str:
    """What to check when a certificate is rejected for its dates and the API server's time is unknown."""
    return f"is this machine's clock right? Its time is {utc_words(datetime.now(UTC))}"
