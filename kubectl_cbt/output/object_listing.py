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
    """The formats of ``-o`` where objects are listed."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


NAMELESS = "<unnamed>"
"""Shown in a table for an object without a name; it is not a valid name."""


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column; ``wide`` columns are shown with ``-o wide`` only."""

    heading: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class ListRow:
    """One object.

    Attributes:
        cells: text by heading.
        name: as ``-o name`` prints it; empty for an object without a name, which is omitted there.
        document: as ``-o json`` and ``-o yaml`` print it.
    """

    cells: dict[str, str]
    name: str
    document: dict[str, Any]


class ListPrinter:
    """Prints a list, and the rows that a watch adds to it.

    Args:
        kind: of the document that ``json`` and ``yaml`` print.
        headings: whether a table starts with them.
        watches: whether more rows will follow; ``json`` and ``yaml`` are then one document per object, as in kubectl.
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
        """Whether the output is data, not text for people."""
        return self._form not in (ListFormat.TABLE, ListFormat.WIDE)

    def text(self, rows: Sequence[ListRow]) -> str:
        """The whole list, or after it the further rows; a table without rows is empty, as kubectl's."""
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
            # Measured once: the rows that a watch adds must be aligned with those already printed.
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
