"""What hints advise in more than one place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.units import age, as_argument, utc_words

SET_CLOCK = "set this machine's clock: certificates and tokens are judged by it"

_EPOCH = datetime.fromtimestamp(0, UTC)
_SKEW_SECONDS = 300
"""Less is what an answer may take, and what issuers of certificates and tokens allow for."""


def grant_command(
    namespace: str, *, account: ServiceAccountRef | None = None, user: str | None = None, browse: bool = False
) -> str:
    """The command that grants what querying takes, for an administrator to run.

    Args:
        namespace: of the snapshots; empty when it is not known.
        account: the ServiceAccount whose tokens are shown to the service; None leaves it to ``rbac``.
        user: who calls the API server, when that is not the account itself; empty when the name is not known.
        browse: whether listing is granted too.
    """
    words = ["kubectl cbt rbac -n", as_argument(namespace) if namespace else "NAMESPACE"]
    if user is not None:
        words += ["--for-user --as", as_argument(user) if user else "USER"]
    if account is not None:
        words += ["--service-account", as_argument(account)]
    return " ".join((*words, *(["--browse"] if browse else []), "| kubectl apply -f -"))


def clock_difference(ahead_seconds: float | None) -> str:
    """How this machine's clock differs from the API server's; empty when it does not, or that is not known.

    Args:
        ahead_seconds: how far it is ahead of the API server's; negative when it is behind.
    """
    if ahead_seconds is None or abs(ahead_seconds) < _SKEW_SECONDS:
        return ""
    direction = "ahead of" if ahead_seconds > 0 else "behind"
    distance = age(_EPOCH, _EPOCH + timedelta(seconds=abs(ahead_seconds)))
    return f"this machine's clock is {distance} {direction} the API server's"


def clock_question() -> str:
    """What to check where a certificate is refused for its dates and the API server's time is not known."""
    return f"is this machine's clock right? It says {utc_words(datetime.now(UTC))}"
