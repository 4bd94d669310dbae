"""Hints for errors of the API server that only a client of Changed Block Tracking can give."""

from __future__ import annotations

import re

from kubectl_cbt.cluster.resources import CBT_GROUP, SNAPSHOT_GROUP
from kubectl_cbt.kube.api_errors import FORBIDDEN_HINT, ErrorHints
from kubectl_cbt.model.advice import grant_command
from kubectl_cbt.model.refs import ServiceAccountRef

_MISSING_GROUPS = {
    SNAPSHOT_GROUP: (
        "the cluster has no CSI snapshots: install the CRDs and the controller of kubernetes-csi/external-snapshotter"
    ),
    CBT_GROUP: (
        "the cluster has no Changed Block Tracking: install the SnapshotMetadataService CRD of"
        " kubernetes-csi/external-snapshot-metadata and a CSI driver that serves it"
    ),
}
_REFUSED = re.compile(r'User "([^"\\]+)" cannot ([a-z]+) resource "([a-z/]+)"')
_REFUSED_NAMESPACE = re.compile(r'in the namespace "([^"\\]+)"')
_LISTED = ("volumesnapshots", "volumesnapshotcontents", "snapshotmetadataservices")
_CONNECTING = ("services", "pods", "pods/portforward", "endpointslices")
"""Resources that ``rbac`` grants: the first always, the others with ``--for-user``."""


def forbidden_hint(message: str) -> str:
    """How to grant the forbidden access, if the API server's message names the user and the resource."""
    refused = _REFUSED.search(message)
    if refused is None or refused[3] not in (*_LISTED, *_CONNECTING) or refused[1] == "system:anonymous":
        return FORBIDDEN_HINT
    user, verb, resource = refused.groups()
    found = _REFUSED_NAMESPACE.search(message, refused.end())
    # The namespace of the snapshots: a driver's Service is in another.
    namespace = found[1] if found and resource in _LISTED else ""
    browse = resource in _LISTED and verb in ("list", "watch")
    account = ServiceAccountRef.of_user(user)
    if account is None or resource in _CONNECTING:
        grant = grant_command(namespace, user=user, browse=browse)
    else:
        grant = grant_command(namespace, account=account, browse=browse)
    return f"an administrator can grant it: {grant}\nwhat you may already do: kubectl auth can-i --list"


API_HINTS = ErrorHints(forbidden_hint, _MISSING_GROUPS)
"""For every :class:`~kubectl_cbt.kube.api.Api` of this tool."""

_OWN_ROUTE = "make the service reachable in another way and give its address with --address HOST:PORT"
FORWARD_HINTS = {
    "kubectl": f"install kubectl, or {_OWN_ROUTE}",
    "rights": "an administrator can grant it: kubectl cbt rbac --for-user | kubectl apply -f -\n"
    "it is get on services and pods, and create on pods/portforward, in namespace {namespace}",
    "port": "the driver's administrator has to correct spec.address of its SnapshotMetadataService:"
    " kubectl cbt services",
    "pods": "is the driver's controller running? kubectl get pods,endpointslices -n {namespace}",
    "selector": _OWN_ROUTE,
}
"""For a :class:`~kubectl_cbt.kube.port_forward.PortForward`, by cause."""
