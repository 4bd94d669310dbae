"""Objects to apply, as YAML with the reason for each as a comment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kubectl_cbt.output.encoding import as_yaml
from kubectl_cbt.units import printable

if TYPE_CHECKING:
    from kubectl_cbt.cluster.manifest import Manifest


def manifests_yaml(manifests: Iterable[Manifest]) -> str:
    """Return one document for each object."""
    return "---\n".join(map(_as_yaml, manifests))


def _as_yaml(manifest: Manifest) -> str:
    comment = f"# {printable(manifest.reason)}\n" if manifest.reason else ""
    return comment + as_yaml(manifest.document, flow_style=None, width=120)
