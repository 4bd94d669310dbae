"""The formats of ``-o`` as an enumeration: the name of each, and the class that writes it."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import Any, Self


class OutputFormat(StrEnum):
    """A name, and the module and class of its writer below the package of the enumeration.

    A subclass declares ``writer: type[...]``, so that type checkers know what it makes.
    """

    _writer: str

    # The default is for type checkers only: a lookup by value has the name alone.
    def __new__(cls, name: str, writer: str = "") -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member._writer = writer
        return member

    @property
    def writer(self) -> Any:
        """The class that prints the format, which is imported on use."""
        module, _, name = self._writer.partition(".")
        package = type(self).__module__.rpartition(".")[0]
        return getattr(import_module(f"{package}.{module}"), name)
