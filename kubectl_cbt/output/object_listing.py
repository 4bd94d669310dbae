"""Lists of objects (snapshots, services) as table, wide, json, yaml or name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kubectl_cbt.model.api_version import API_VERSION
from kubectl_cbt.output.encoding import as_json, as_yaml
from kubectl_cbt.units import printable


class ListFormat(StrEnum):
    """Values of ``-o`` for commands that list objects."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


NAMELESS = "<unnamed>"
"""Shown in a table for an object without a name; it is not a valid name."""


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column; ``wide`` columns are shown only with ``-o wide``."""

    heading: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class ListRow:
    """One object.

    Attributes:
        cells: text by heading.
        name: as printed by ``-o name``, which omits an object with an empty name.
        document: as printed by ``-o json`` and ``-o yaml``.
    """

    cells: dict[str, str]
    name: str
    document: dict[str, Any]


class ListPrinter:
    """Formats a list and the rows that a watch adds.

    Args:
        kind: ``kind`` of the JSON or YAML document.
        headings: whether a table starts with headings.
        watches: whether more rows follow; JSON and YAML are then one document per object, as in kubectl.
    """

    def __init__(
        self,
        form: ListFormat,
        kind: str,
        columns: Sequence[ListColumn],
        *,
        headings: bool = True,
        watches: bool = False,
    ) -> None:
        self._form = form
        self._kind = kind
        self._columns = [column.heading for column in columns if form is ListFormat.WIDE or not column.wide]
        self._headings = headings
        self._watches = watches
        self._widths: list[int] = []

    @property
    def is_document(self) -> bool:
        """Whether the output is a document for programs."""
        return self._form not in (ListFormat.TABLE, ListFormat.WIDE)

    def text(self, rows: Sequence[ListRow]) -> str:
        """Return the complete text first, then that of further rows. A table without rows is empty, as in kubectl."""
        if self._form is ListFormat.NAME:
            return "".join(f"{printable(row.name)}\n" for row in rows if row.name)
        if self._form not in (ListFormat.JSON, ListFormat.YAML):
            return self._table(rows)
        if not self._watches:
            document = {"apiVersion": API_VERSION, "kind": self._kind, "items": [row.document for row in rows]}
            return _document(self._form, document)
        between = "---\n" if self._form is ListFormat.YAML else ""
        return "".join(between + _document(self._form, row.document) for row in rows)

    def _table(self, rows: Sequence[ListRow]) -> str:
        lines = [[printable(row.cells[heading]) for heading in self._columns] for row in rows]
        if lines and not self._widths:
            # Measured once, so that later rows of a watch are aligned with earlier rows.
            measured = [self._columns, *lines] if self._headings else lines
            self._widths = [max(len(line[index]) for line in measured) for index in range(len(self._columns))]
            lines = measured
        return "".join(
            "   ".join(cell.ljust(width) for cell, width in zip(line, self._widths, strict=True)).rstrip() + "\n"
            for line in lines
        )


def _document(form: ListFormat, document: dict[str, Any]) -> str:
    if form is ListFormat.JSON:
        return as_json(document).decode() + "\n"
    return as_yaml(document)
