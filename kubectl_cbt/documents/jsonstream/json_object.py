"""The members of an object, one after the other, while it is read."""

from __future__ import annotations

from collections.abc import Iterable

from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor


class ObjectMembers:
    """Walks an object of which the ``{`` is consumed; whoever takes a key consumes its value.

    Args:
        known: keys that may stand there only once. Readers of JSON disagree on which of two to believe, and what
            stands behind the extents could not take back what was handed out of them.
        seen: which of them were there already.
    """

    def __init__(self, text: JsonCursor, known: Iterable[str], seen: Iterable[str] | None = None) -> None:
        self._text = text
        self._known = frozenset(known)
        self._seen = set(seen or ())
        self._begun = seen is not None

    def next(self) -> str | None:
        """The next key; None behind the closing brace, which is consumed."""
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
        """The same place, for who reads on and comes back."""
        return ObjectMembers(self._text, self._known, self._seen)

    def _key(self) -> str:
        text = self._text
        if text.demand() != b'"':
            raise text.not_json()
        line, key = text.line, str(text.parsed())
        if key in self._seen:
            raise text.error(f"{key} stands there twice", line)
        self._seen |= {key} & self._known
        text.expect(b":")
        return key
