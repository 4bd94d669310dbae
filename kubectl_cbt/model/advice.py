"""What hints advise in more than one place."""

from __future__ import annotations

from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.units import as_argument


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
