"""Strings that must not be shown."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """A token or key that cannot be printed: not by ``repr``, ``str``, a format, a pickle or a traceback.

    Only ``reveal`` returns the text; it is called only where a request is built.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "Secret(****)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be serialised")
