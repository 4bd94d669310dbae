"""Iterate over the members of a JSON object while it is read."""

from __future__ import annotations

from collections.abc import Iterable

from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor


class ObjectMembers:
    """Reads an object whose ``{`` is consumed; the caller consumes the value after each key.

    Args:
        known: keys that may occur only once. JSON parsers disagree on which of two values counts, and a second value
            after the extents could not change the extents that were already returned.
        seen: those that have occurred.
    """

    def __init__(self, text: JsonCursor, known: Iterable[str], seen: Iterable[str] | None = None) -> None:
        self._text = text
        self._known = frozenset(known)
        self._seen = set(seen or ())
        self._begun = seen is not None

    def next(self) -> str | None:
        """The next key; None after the closing brace, which is consumed."""
        text = self._text
        if self._begun:
            if text.closes(b"}"):
                return None
        elif text.demand() == b"}":
            text.expect(b"}")
            return None
        self._begun = True
        return self._key()

    def ahead(self) -> ObjectMembers:
        """A copy at the same position, for reading ahead."""
        return ObjectMembers(self._text, self._known, self._seen)

    def _key(self) -> str:
        text = self._text
        if text.demand() != b'"':
            raise text.not_json()
        line, key = text.line, str(text.parsed())
        if key in self._seen:
            raise text.error(f"duplicate key {key}", line)
        self._seen |= {key} & self._known
        text.expect(b":")
        return key
