"""Long lists a page at a time, as kubectl requests them: neither side needs memory for all objects at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from kubectl_cbt.errors import ApiError, MalformedObject
from kubectl_cbt.kube.api import Api, Object
from kubectl_cbt.kube.object_reader import ObjectReader, items_of

PAGE_ITEMS = 500
"""As kubectl's ``--chunk-size``."""

_EXPIRED = 410

_View = TypeVar("_View")


@dataclass(frozen=True, slots=True)
class Listing(Generic[_View]):
    """All items of a list.

    Attributes:
        version: resource version of the list, for a watch; empty when the server sent none.
    """

    items: list[_View]
    version: str


def read_list(api: Api, path: tuple[str, ...], view: Callable[[Object], _View], **query: str) -> Listing[_View]:
    """Request a list, and make a view of each item.

    When the list has expired before its last page, it is requested again as a whole, as in client-go.

    Args:
        path: ends with the plural name of the resource.
        query: the other parameters.

    Raises:
        ApiError: as :meth:`Api.get`.
        MalformedObject: a response is not a list, or the list does not end.
    """
    what = f"the list of {path[-1]}"
    found: list[_View] = []
    token = ""
    while True:
        limits = {"limit": str(PAGE_ITEMS), "continue": token}
        try:
            page = api.get(*path, **query, **limits)
        except ApiError as error:
            if error.status != _EXPIRED or not token:
                raise
            page = api.get(*path, **query)
            found.clear()
        found += map(view, items_of(page, what))
        metadata = ObjectReader(page)
        before, token = token, metadata.text("metadata", "continue")
        if not token:
            return Listing(found, metadata.text("metadata", "resourceVersion"))
        if token == before:
            raise MalformedObject(f"{what} does not end: two of its pages have the same continue token")
