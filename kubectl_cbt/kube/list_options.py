"""Select and sort the objects of a list: kubectl's ``-l``, ``--field-selector`` and ``--sort-by``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from kubectl_cbt.errors import UsageError
from kubectl_cbt.kube.api import Object
from kubectl_cbt.units import parse_quantity

_STEP = re.compile(r"\.?((?:\\\.|[^.\[\]{}\\])+)|\['([^']*)'\]|\[(-?[0-9]{1,9})\]")


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Empty options select all objects in the given order.

    Attributes:
        labels: a label selector, evaluated by the API server, as is ``fields``.
        sort_by: a JSONPath of fields, ``.metadata.name`` or ``{.metadata.name}``.
    """

    labels: str = ""
    fields: str = ""
    sort_by: str = ""

    def query(self) -> dict[str, str]:
        """Query parameters of a list or a watch."""
        return {"labelSelector": self.labels, "fieldSelector": self.fields}

    def ordered(self, items: Iterable[Object]) -> list[Object]:
        """Sort as kubectl does: quantities by size, other strings by character, objects without the field first.

        Unlike kubectl it also sorts booleans and fractions; lists and mappings are rejected, as in kubectl.

        Raises:
            UsageError: the path is invalid, no object has the field, or its values have no order.
        """
        items = list(items)
        if not self.sort_by:
            return items
        steps = _steps(self.sort_by)
        values = [_at(item, steps) for item in items]
        if items and all(value is None for value in values):
            raise UsageError(f'--sort-by: no object has a field "{self.sort_by}"')
        in_order = cmp_to_key(_order)
        try:
            return [items[index] for index in sorted(range(len(items)), key=lambda index: in_order(values[index]))]
        except TypeError:
            raise UsageError(f'--sort-by: the values of "{self.sort_by}" have no order') from None


def _steps(path: str) -> list[str | int]:
    inner = path.removeprefix("{").removesuffix("}") if path[:1] + path[-1:] == "{}" else path
    found, position = [], 0
    while position < len(inner):
        step = _STEP.match(inner, position)
        if step is None:
            break
        name, quoted, index = step.groups()
        found.append(int(index) if index is not None else (name or quoted or "").replace("\\.", "."))
        position = step.end()
    if not found or position < len(inner):
        raise UsageError(f'--sort-by: "{path}" is not a path of fields such as .metadata.name')
    return found


def _at(item: Any, steps: list[str | int]) -> Any:
    for step in steps:
        try:
            item = item[step]
        except (KeyError, IndexError, TypeError):
            return None
    return item


def _order(one: Any, other: Any) -> int:
    """Negative, 0 or positive when ``one`` is before, equal to or after ``other``.

    Raises:
        TypeError: they have no order.
    """
    if one is None or other is None:
        return (one is not None) - (other is not None)
    if isinstance(one, str) and isinstance(other, str):
        quantities = _quantity(one), _quantity(other)
        # Quantities that differ only in notation are equal.
        one, other = quantities if None not in quantities else (one, other)
    elif not (isinstance(one, int | float) and isinstance(other, int | float)):
        raise TypeError
    return int(one > other) - int(one < other)


def _quantity(text: str) -> Any:
    try:
        return parse_quantity(text)
    except ValueError:
        return None
