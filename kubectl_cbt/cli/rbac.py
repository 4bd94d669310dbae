"""``rbac``: the permissions that delta and allocated need, ready to apply."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.backend import command_session
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.manifests_yaml import manifests_yaml
from kubectl_cbt.cli.options import ClusterFlags, TerminalFlags
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.errors import UsageError
from kubectl_cbt.model.refs import ServiceAccountRef
from kubectl_cbt.units import as_argument

if TYPE_CHECKING:
    from kubectl_cbt.cluster.rbac_rules import Grant


def rbac(
    cluster: ClusterFlags,
    terminal: TerminalFlags,
    for_user: Annotated[
        bool,
        typer.Option(
            "--for-user",
            help="For a user outside the cluster: yourself, or the user named by --as. Adds port-forward.",
        ),
    ] = False,
    service_account: Annotated[
        str,
        typer.Option(
            "--service-account", metavar="[NAMESPACE/]NAME", help="ServiceAccount to create and to authenticate as."
        ),
    ] = "kubectl-cbt",
    service: Annotated[
        list[str] | None,
        typer.Option(
            "--service",
            metavar="NAME",
            help="With --for-user: only this SnapshotMetadataService. Can be repeated.",
        ),
    ] = None,
    driver_namespace: Annotated[
        list[str] | None,
        typer.Option(
            "--driver-namespace",
            metavar="NAME",
            help="With --for-user: namespace of a driver's Service, instead of looking it up. Can be repeated.",
        ),
    ] = None,
    browse: Annotated[
        bool, typer.Option("--browse", help="Also grant list, for browse, snapshots and completion.")
    ] = False,
) -> None:
    """Print the minimal RBAC rules for delta and allocated.

    Prints a ServiceAccount, and the roles and bindings that let it query the snapshots of one namespace. Nothing in the
    cluster is changed: apply the output, or hand it to an administrator. With -n, no cluster is needed; with
    --for-user, that also takes --as and --driver-namespace.

    \b
    Examples:
      # For a backup that runs in a pod, as ServiceAccount kubectl-cbt
      kubectl cbt rbac -n shop | kubectl apply -f -

    \b
      # For yourself, on a laptop
      kubectl cbt rbac -n shop --for-user | kubectl apply -f -
      kubectl cbt delta pg-mon pg-tue -n shop --service-account kubectl-cbt

    \b
      # For someone else
      kubectl cbt rbac -n shop --for-user --as jane@example.com | kubectl apply -f -
    """
    from kubectl_cbt.cluster.rbac_rules import objects
    from kubectl_cbt.core.user_grant import user_grant

    diagnostics = Diagnostics(quiet=terminal.quiet)
    known_user = not for_user or cluster.as_user
    if cluster.namespace and not cluster.demo and known_user and (not for_user or driver_namespace):
        # Everything is given, so no cluster is needed.
        grant = _grant(service_account, cluster.namespace, browse=browse)
        if for_user:
            grant = replace(grant, user=cluster.as_user, driver_namespaces=tuple(driver_namespace or ()))
    else:
        # The user to grant permissions to may not be able to read anything yet.
        reader = replace(cluster, as_user="", as_uid="", as_group=None)
        with command_session(reader, terminal.verbosity) as session:
            grant = _grant(service_account, session.namespace, browse=browse)
            if for_user:
                grant = user_grant(
                    session, grant, cluster.as_user, driver_namespace or [], service or [], diagnostics.warning
                )
    write_stdout(manifests_yaml(objects(grant)), is_document=True)
    diagnostics.note(
        f"note: after applying it: kubectl cbt delta BASE TARGET -n {as_argument(grant.namespace)}"
        f" --service-account {as_argument(grant.account)}"
    )


def _grant(service_account: str, namespace: str, *, browse: bool) -> Grant:
    from kubectl_cbt.cluster.rbac_rules import Grant

    try:
        account = ServiceAccountRef.parse(service_account, namespace)
    except ValueError as error:
        raise UsageError(f"--service-account {error}") from error
    return Grant(account, namespace, browses=browse)
