"""The volumes of a cluster or a namespace with their snapshots, from one list of each kind of object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_cbt.errors import ApiError
from kubectl_cbt.model.source_volume import Claim, SourceVolume, group_by_volume

if TYPE_CHECKING:
    from kubectl_cbt.cluster.catalogue import Catalogue
    from kubectl_cbt.kube.list_options import ListOptions


def list_volumes(
    catalogue: Catalogue, namespace: str | None, selection: ListOptions | None = None
) -> list[SourceVolume]:
    """The volumes that have snapshots, whether Changed Block Tracking works for them or not.

    The number of requests depends on the number of volumes only by the pages of the lists, except for a caller that may
    get but not list contents or services.

    Args:
        namespace: of the snapshots; None for all namespaces.
        selection: of the snapshots; None for all.

    Raises:
        CbtError: the snapshots cannot be listed. Claims that cannot be listed are unknown, which is not an error.
    """
    claims = catalogue.prefetch(lambda: _claims(catalogue, namespace))
    entries = catalogue.entries(namespace) if selection is None else catalogue.entries(namespace, selection)
    return group_by_volume(entries, claims())


def _claims(catalogue: Catalogue, namespace: str | None) -> list[Claim] | None:
    try:
        return catalogue.claims(namespace)
    except ApiError:
        return None
