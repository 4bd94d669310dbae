"""A kubeconfig with many contexts."""

from __future__ import annotations

import base64


def large_kubeconfig(contexts: int) -> str:
    """Return a kubeconfig with this many contexts, clusters and users, each cluster with a CA of a usual size."""
    authority = base64.b64encode(b"x" * 1100).decode()
    numbers = range(contexts)
    return "\n".join(
        (
            "apiVersion: v1\nkind: Config\ncurrent-context: context-0\nclusters:",
            *(
                f"- name: cluster-{n}\n  cluster:\n    server: https://127.0.0.1:6443\n"
                f"    certificate-authority-data: {authority}"
                for n in numbers
            ),
            "contexts:",
            *(f"- name: context-{n}\n  context:\n    cluster: cluster-{n}\n    user: user-{n}" for n in numbers),
            "users:",
            *(f"- name: user-{n}\n  user:\n    token: token-{n}" for n in numbers),
        )
    )
