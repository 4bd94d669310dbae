"""Read many messages of a lister document at once.

A message has few extents, often 256, and a volume up to a million messages: read one by one, the cost per message would
be many times the cost of its extents. In the lister's output only the extents differ, so all whole messages in memory
are read as one array, and split again.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from kubectl_cbt.documents.extent_columns import UPSTREAM, Columns, regular_columns

_OPENING = re.compile(
    rb'\{"block_metadata_type":([1-9][0-9]{,8}),"volume_capacity_bytes":([1-9][0-9]{,17}),"block_metadata":\['
)
_CLOSING = b"]},"
_LONG_BYTES = 2**16
"""A longer message is read as fast on its own, without copying."""


class Messages(NamedTuple):
    """Whole messages with the same type and capacity.

    Attributes:
        parts: the extents of each.
        end: where the message after them begins.
    """

    block_metadata_type: int
    volume_capacity_bytes: int
    parts: list[Columns]
    end: int


def regular_messages(data: bytes, start: int) -> Messages | None:
    """The messages from ``start`` that begin with the same bytes; None unless they are that regular."""
    opening = _OPENING.match(data, start)
    if opening is None or data.find(_CLOSING, start, start + _LONG_BYTES) < 0:
        return None
    between = _CLOSING + opening[0]
    last = data.rfind(between, start)
    if last < 0:
        return None
    text = data[opening.end() : last]
    messages = text.split(between)
    # With a brace at either end of each, the text between messages separates extents, not the numbers of one.
    if not all(message.startswith(b"{") and message.endswith(b"}") for message in messages):
        return None
    columns = regular_columns(b",".join(messages), UPSTREAM, b",")
    if columns is None:
        return None
    edges = np.cumsum([0, *(message.count(b"{") for message in messages)]).tolist()
    parts = [(columns[0][a:b], columns[1][a:b]) for a, b in pairwise(edges)]
    return Messages(int(opening[1]), int(opening[2]), parts, last + len(_CLOSING))
