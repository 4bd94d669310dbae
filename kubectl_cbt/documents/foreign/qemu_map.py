"""The output of ``qemu-img map --output=json``: which ranges of an image have data, whatever layer they are in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubectl_cbt.documents.foreign.extent_objects import ExtentObjects, problem_of_value
from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.model.stream_query import Operation


class QemuMap(ExtentObjects):
    """Ranges with data are allocated, unless they are known to be zero.

    The size of the image is not recorded: with ``--max-length`` the list ends earlier.
    """

    offset_key, size_key = "start", "length"

    def __init__(self, text: JsonCursor, options: ReadingOptions) -> None:
        super().__init__(text, options, Operation.ALLOCATED)

    def are_extents(self, objects: Sequence[dict[str, Any]]) -> Sequence[bool]:
        """Those with data that is not zero."""
        flags = [(entry["data"], entry["zero"]) for entry in objects]
        if not {type(flag) for pair in flags for flag in pair} <= {bool}:
            raise TypeError("not true or false")
        return [data and not zero for data, zero in flags]

    def field_problem(self, entry: dict[str, Any]) -> str:
        """``data`` and ``zero`` are true or false."""
        return problem_of_value(entry, "data", (True, False)) or problem_of_value(entry, "zero", (True, False))
