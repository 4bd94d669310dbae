"""Which objects of a list, and in which order: kubectl's ``-l``, ``--field-selector`` and ``--sort-by``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kubectl_cbt.cluster.api import Object
from kubectl_cbt.errors import UsageError

_STEP = re.compile(r"\.?((?:\\\.|[^.\[\]{}\\])+)|\['([^']*)'\]|\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Selection:
    """Empty selects all, and leaves the order as it is.

    Attributes:
        labels: a label selector; the API server reads it, and so ``fields``.
        sort_by: a JSONPath of fields, ``.metadata.name`` or ``{.metadata.name}``.
    """

    labels: str = ""
    fields: str = ""
    sort_by: str = ""

    def query(self) -> dict[str, str]:
        """Query parameters of a list or a watch."""
        return {"labelSelector": self.labels, "fieldSelector": self.fields}

    def ordered(self, items: Iterable[Object]) -> list[Object]:
        """Sort as kubectl does: quantities by size, numbers in names by value, what lacks the field first.

        Raises:
            UsageError: the path is none, or leads to no field of any object.
        """
        items = list(items)
        if not self.sort_by:
            return items
        steps = _steps(self.sort_by)
        values = [_at(item, steps) for item in items]
        if items and all(value is None for value in values):
            raise UsageError(f'--sort-by: no object has a field "{self.sort_by}"')
        by_value = sorted(zip(values, range(len(items)), strict=True), key=lambda pair: (_sort_key(pair[0]), pair[1]))
        return [items[index] for _, index in by_value]


def _steps(path: str) -> list[str | int]:
    inner = path.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    found, position = [], 0
    while position < len(inner):
        step = _STEP.match(inner, position)
        if step is None:
            break
        name, quoted, index = step.groups()
        found.append(int(index) if index is not None else quoted if quoted is not None else name.replace("\\.", "."))
        position = step.end()
    if not found or position < len(inner):
        raise UsageError(f'--sort-by takes a path of fields such as .metadata.name, not "{path}"')
    return found


def _at(item: Any, steps: list[str | int]) -> Any:
    for step in steps:
        try:
            item = item[step]
        except (KeyError, IndexError, TypeError):
            return None
    return item


def _sort_key(value: Any) -> tuple[Any, ...]:
    """Missing, then numbers and quantities, then texts; digits in a text count as a number."""
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return (1, int(value))
    number = _quantity(value)
    if number is not None:
        return (1, number)
    parts = re.split(r"(\d+)", str(value))
    return (2, [(int(part), "") if part.isdecimal() else (-1, part) for part in parts])


def _quantity(value: Any) -> Any:
    from kubernetes.utils.quantity import parse_quantity

    try:
        number = parse_quantity(value)
    except ValueError:
        return None
    return number if number.is_finite() else None  # "NaN" is a word here
