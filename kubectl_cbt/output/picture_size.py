"""The size of a picture, ``120x40``."""

from __future__ import annotations

from dataclasses import dataclass

_LEAST_COLUMNS, _LEAST_LINES, _MOST = 40, 10, 1000


@dataclass(frozen=True, slots=True)
class PictureSize:
    """Columns, 40 to 1000, and lines, 10 to 1000, of characters."""

    columns: int
    lines: int

    @classmethod
    def parse(cls, text: str) -> PictureSize:
        """The size in ``COLUMNSxLINES``.

        Raises:
            ValueError: it is not of that form, or out of range.
        """
        columns, _, lines = text.partition("x")
        if not all(part.isascii() and part.isdigit() and len(part) <= len(str(_MOST)) for part in (columns, lines)):
            raise ValueError(f"{text!r} is not a size in characters, such as 120x40")
        size = cls(int(columns), int(lines))
        if not (_LEAST_COLUMNS <= size.columns <= _MOST and _LEAST_LINES <= size.lines <= _MOST):
            raise ValueError(f"{text!r} is not between {_LEAST_COLUMNS}x{_LEAST_LINES} and {_MOST}x{_MOST}")
        return size


DEFAULT_PICTURE_SIZE = PictureSize(120, 40)
