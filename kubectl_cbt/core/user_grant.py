"""What a user outside the cluster must be granted: where the services are, to forward ports to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kubectl_cbt.cluster.rbac_rules import Grant
from kubectl_cbt.cluster.routing import namespaces_of
from kubectl_cbt.cluster.tokens import name_of_caller
from kubectl_cbt.core.session import Session
from kubectl_cbt.errors import Forbidden, NotFound, UsageError


def user_grant(
    session: Session,
    grant: Grant,
    user: str,
    driver_namespaces: Sequence[str],
    services: Sequence[str],
    warn: Callable[[str], None],
) -> Grant:
    """The grant for a user outside the cluster.

    Args:
        grant: for the ServiceAccount alone.
        user: empty for the caller.
        driver_namespaces: where the drivers' Services are; empty to look them up.
        services: names of the only SnapshotMetadataServices to look up; empty for all.
        warn: called if the caller is not allowed to look them up; the grant is then without port-forward.

    Raises:
        UsageError: a service does not exist.
    """
    grant = replace(grant, user=user or name_of_caller(session.api), driver_namespaces=tuple(driver_namespaces))
    if driver_namespaces:
        return grant
    try:
        found, finds = namespaces_of(session.api, _addresses(session, services))
    except Forbidden as error:
        warn(
            "permission to forward ports to the driver is not included, because you are not allowed to look up its"
            f" namespace ({error.message}). Set it with --driver-namespace, or let an administrator run this command"
            " with --as YOUR-NAME"
        )
        return grant
    return replace(grant, driver_namespaces=found, finds_services=finds)


def _addresses(session: Session, names: Sequence[str]) -> list[str]:
    try:
        services = [session.catalogue.service(name) for name in names] or session.catalogue.services()
    except NotFound as error:
        raise UsageError(error.message, hint="kubectl cbt services lists them") from error
    return [service.address for service in services]
