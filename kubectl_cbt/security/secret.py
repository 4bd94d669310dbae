"""Strings that must not be seen."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """A token or key that shows itself to nobody: not in ``repr``, ``str``, a format, a pickle or a traceback.

    ``reveal`` is the single way to the text, called where a request is built and nowhere else.
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
        raise TypeError("a Secret is not serialised")
