"""What doctor's checks of a cluster are given."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubectl_cbt.checks.check import CheckContext

if TYPE_CHECKING:
    from kubectl_cbt.cluster.catalogue import Catalogue
    from kubectl_cbt.core.connect import ServiceConnector
    from kubectl_cbt.kube.api import Api


@dataclass(frozen=True, slots=True)
class ClusterSession:
    """A login, and how to reach services with it.

    Attributes:
        about: description of the login.
        authority: PEM of the CA to trust for the API server; None for those that the system trusts.
    """

    api: Api
    catalogue: Catalogue
    namespace: str
    connector: ServiceConnector
    about: str
    authority: bytes | None = field(default=None, repr=False)


@dataclass(eq=False)
class DiagnosisContext(CheckContext):
    """One diagnosis of a cluster.

    Attributes:
        log_in: logs in; what it opens is closed by the stack.
        stack: closes what checks open.
        names: snapshots on the command line: base and target, or one, or none.
        service: name of the service, when it is not the driver's; empty otherwise.
    """

    log_in: Callable[[ExitStack], ClusterSession]
    stack: ExitStack
    names: tuple[str, ...] = ()
    service: str = ""
