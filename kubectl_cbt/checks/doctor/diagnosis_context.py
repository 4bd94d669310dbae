"""What a walk from hop to hop has found so far, and the means it goes by."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from kubectl_cbt.cluster.catalogue import Catalogue
    from kubectl_cbt.cluster.resources import VolumeSnapshot, VolumeSnapshotContent
    from kubectl_cbt.cluster.tokens import FreshToken
    from kubectl_cbt.kube.api import Api
    from kubectl_cbt.model.refs import ServiceAccountRef, SnapshotRef
    from kubectl_cbt.model.resolved_query import Endpoint, ResolvedQuery
    from kubectl_cbt.model.route import Route
    from kubectl_cbt.wire.sidecar import SidecarSource


class ServiceAccess(Protocol):
    """How the command line wants services to be asked."""

    def endpoint(self, endpoint: Endpoint) -> Endpoint:
        """With the name its certificate shall carry."""
        ...

    def route(self, endpoint: Endpoint) -> Route:
        """How to get there."""
        ...

    def fresh_token(self, endpoint: Endpoint) -> FreshToken:
        """Where tokens come from."""
        ...

    def account(self) -> ServiceAccountRef | None:
        """Whose tokens; None for those of a file."""
        ...

    def source(self, resolved: ResolvedQuery, fresh_token: FreshToken | None = None) -> SidecarSource:
        """Something that can be asked."""
        ...


class OpenSession(Protocol):
    """Logs in when the first hop is taken; everything it opens ends with the stack."""

    def __call__(self, stack: ExitStack) -> ClusterSession:
        """Log in.

        Raises:
            CbtError: it fails.
        """
        ...


@dataclass(frozen=True, slots=True)
class ClusterSession:
    """A session as the hops need it.

    Attributes:
        authority: PEM of whom to trust for the API server; None for whom the system trusts.
    """

    api: Api
    catalogue: Catalogue
    namespace: str
    means: ServiceAccess
    about: str
    authority: bytes | None = None


@dataclass(slots=True)
class DiagnosisContext:
    """Facts as hops find them; a hop that needs one names the hop that finds it.

    Attributes:
        names: snapshots on the command line, base and target, or one, or none.
        service: a service's name, when it is not its driver's; empty otherwise.
        objects: VolumeSnapshots by name; ``contents`` are theirs.
    """

    login: OpenSession
    stack: ExitStack
    names: tuple[str, ...] = ()
    service: str = ""
    session: ClusterSession | None = None
    user: str = ""
    snapshots: list[SnapshotRef] = field(default_factory=list)
    objects: dict[str, VolumeSnapshot] = field(default_factory=dict)
    contents: dict[str, VolumeSnapshotContent] = field(default_factory=dict)
    driver: str = ""
    drivers: list[str] = field(default_factory=list)
    resolved: ResolvedQuery | None = None
    endpoint: Endpoint | None = None
    route: Route | None = None
    address: str = ""
    source: SidecarSource | None = None

    def known(self, what: str) -> Any:
        """A fact that a needed hop has found."""
        found = getattr(self, what)
        assert found is not None, what  # noqa: S101  # the runner skips hops whose needs failed
        return found
