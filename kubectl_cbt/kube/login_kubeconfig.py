"""A kubeconfig of one login that is done, for a kubectl we start.

It holds what the login came to and not how it was made: kubectl runs no login plugin and asks no identity provider a
second time, reads no file that may have been a pipe, and needs no secret on its command line.
"""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from kubectl_cbt.kube.kubeconfig import Impersonation, is_tls
from kubectl_cbt.kube.kubeconfig_fields import Entry
from kubectl_cbt.security.pem import pem_of, readable_certificates_in

_NAME = "kubectl-cbt"


def login_kubeconfig(cluster: Entry, ca: bytes | None, user: Entry, impersonation: Impersonation) -> bytes:
    """The kubeconfig, as JSON. It holds secrets.

    Args:
        cluster: fields of a kubeconfig's cluster; the server without a login in it.
        ca: PEM of whom to trust; None for whom the system trusts.
        user: fields of a kubeconfig's user: a credential.
    """
    server = cluster["server"]
    kept = {name: cluster[name] for name in ("proxy-url", "disable-compression") if cluster.get(name)}
    if is_tls(server):
        for name in ("tls-server-name", "insecure-skip-tls-verify"):
            if cluster.get(name):
                kept[name] = cluster[name]
        if ca:
            # Only what is read: kubectl skips the first certificate after a byte order mark.
            kept["certificate-authority-data"] = base64.b64encode(pem_of(readable_certificates_in(ca))).decode()
    elif user.get("username"):
        # Without TLS kubectl sends no credential but one that is part of the URL.
        scheme, _, address = server.partition("://")
        name, password = (quote(user[field], safe="") for field in ("username", "password"))
        server, user = f"{scheme}://{name}:{password}@{address}", {}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": _NAME,
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME}}],
        "clusters": [{"name": _NAME, "cluster": kept | {"server": server}}],
        "users": [{"name": _NAME, "user": user | _acting_as(impersonation)}],
    }
    return json.dumps(document).encode()


def _acting_as(impersonation: Impersonation) -> Entry:
    extra: dict[str, list[str]] = {}
    for key, value in impersonation.extra:
        extra.setdefault(key, []).append(value)
    fields = {
        "as": impersonation.user,
        "as-uid": impersonation.uid,
        "as-groups": list(impersonation.groups),
        "as-user-extra": extra,
    }
    return {name: value for name, value in fields.items() if value}
