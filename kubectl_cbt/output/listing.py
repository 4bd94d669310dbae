"""Lists of objects (snapshots, services) as table, wide, json, yaml or name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class ListFormat(StrEnum):
    """What ``-o`` takes where objects are listed."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column; ``wide`` ones are shown with ``-o wide`` only."""

    heading: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class ListRow:
    """One object.

    Attributes:
        cells: text by heading.
        name: as ``-o name`` prints it.
        document: as ``-o json`` and ``-o yaml`` print it.
    """

    cells: dict[str, str]
    name: str
    document: dict[str, Any]


def format_list(form: ListFormat, kind: str, columns: Sequence[ListColumn], rows: Sequence[ListRow]) -> str:
    """The whole text; a table of nothing is empty, as kubectl's."""
    if form is ListFormat.NAME:
        return "".join(f"{row.name}\n" for row in rows)
    if form in (ListFormat.JSON, ListFormat.YAML):
        document = {"apiVersion": "kubectl-cbt/v1", "kind": kind, "items": [row.document for row in rows]}
        return _document(form, document)
    return _table([column.heading for column in columns if form is ListFormat.WIDE or not column.wide], rows)


def _document(form: ListFormat, document: dict[str, Any]) -> str:
    if form is ListFormat.JSON:
        import orjson

        return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"
    from yaml import safe_dump

    return safe_dump(document, sort_keys=False, allow_unicode=True)


def _table(headings: list[str], rows: Sequence[ListRow]) -> str:
    if not rows:
        return ""
    lines = [headings, *([row.cells[heading] for heading in headings] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(headings))]
    return "".join(
        "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in lines
    )
