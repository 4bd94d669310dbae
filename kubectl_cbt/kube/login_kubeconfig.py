"""A kubeconfig of one completed login, for a kubectl child process.

It contains the result of the login: kubectl does not run a plugin or contact an identity provider again, does not read
files that may have been pipes, and needs no secret on its command line.
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
    """The kubeconfig, as JSON. It contains secrets.

    Args:
        cluster: fields of a kubeconfig's cluster; the server URL without a login.
        ca: PEM of the CAs to trust; None for the system's.
        user: fields of a kubeconfig's user: a credential.
    """
    server = cluster["server"]
    kept = {name: cluster[name] for name in ("proxy-url", "disable-compression") if cluster.get(name)}
    if is_tls(server):
        for name in ("tls-server-name", "insecure-skip-tls-verify"):
            if cluster.get(name):
                kept[name] = cluster[name]
        if ca:
            # Only readable certificates: kubectl skips the first one after a byte order mark.
            kept["certificate-authority-data"] = base64.b64encode(pem_of(readable_certificates_in(ca))).decode()
    elif user.get("username"):
        # Without TLS kubectl sends only a credential that is part of the URL.
        scheme, _, address = server.partition("://")
        name, password = (quote(user[field], safe="") for field in ("username", "password"))
        server, user = f"{scheme}://{name}:{password}@{address}", {}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": _NAME,
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME}}],
        "clusters": [{"name": _NAME, "cluster": kept | {"server": server}}],
        "users": [{"name": _NAME, "user": user | _impersonation_fields(impersonation)}],
    }
    return json.dumps(document).encode()


def _impersonation_fields(impersonation: Impersonation) -> Entry:
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
