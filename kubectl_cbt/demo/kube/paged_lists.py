"""Pages of a list: ``limit`` and ``continue``, as kubectl and other clients request long lists."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from kubectl_cbt.demo.kube.json_types import Object, Objects
from kubectl_cbt.demo.kube.status_objects import bad_request, continue_expired


@dataclass(frozen=True, slots=True)
class ListPage:
    """A part of a list.

    Attributes:
        metadata: of the list: its version, and if items are left, how to continue.
    """

    items: Objects
    metadata: Object


def list_page(items: Objects, version: int, query: Mapping[str, Sequence[str]]) -> ListPage:
    """Return the requested part of a list, which is all of it without a limit.

    A list continues at its version. The store does not keep earlier ones, so after a change the token has expired, as
    in a real cluster after etcd's compaction.

    Args:
        items: all selected items, in a fixed order.
        query: the parameters of the request.

    Raises:
        StatusError: 400 for an invalid limit or token, 410 for an expired token.
    """
    metadata: Object = {"resourceVersion": str(version)}
    limit = _limit(query.get("limit", ["0"])[0])
    token = query.get("continue", [""])[0]
    start = _start(token, version) if token else 0
    end = start + limit if limit else len(items)
    if end < len(items):
        metadata["continue"] = _token(version, end)
        if not any(query.get(name, [""])[0] for name in ("labelSelector", "fieldSelector")):
            metadata["remainingItemCount"] = len(items) - end
    return ListPage(items[start:end], metadata)


def _limit(text: str) -> int:
    if not text.isdecimal():
        raise bad_request(f"limit: Invalid value: {text!r}: must be a whole number")
    return int(text)


def _token(version: int, start: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([version, start])).rstrip(b"=").decode()


def _start(token: str, version: int) -> int:
    try:
        made, start = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        made, start = int(made), int(start)
    except (binascii.Error, TypeError, ValueError) as error:
        raise bad_request("continue key is not valid") from error
    if made != version:
        raise continue_expired()
    return max(start, 0)
