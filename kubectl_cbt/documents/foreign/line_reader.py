"""Read text line by line, or in blocks of whole lines, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_cbt.documents.jsonstream.json_cursor import JsonCursor

LONGEST_LINE_BYTES = 2**16


class LineReader:
    """The lines of a text that are not yet consumed.

    Args:
        text: at the first of them, possibly after white space at its beginning.
    """

    def __init__(self, text: JsonCursor) -> None:
        self._text = text

    def peek(self) -> bytes:
        """The next line that is not empty, without white space around it and not consumed; empty at the end."""
        self._text.peek()
        end = self._end()  # may read more, which moves the data
        return self._text.data[self._text.position : end].strip()

    def demand(self) -> bytes:
        """As :meth:`peek`, where the text must not end.

        Raises:
            DocumentError: it ends.
        """
        line = self.peek()
        if not line:
            raise self._text.cut()
        return line

    def skip(self) -> None:
        """Consume the line that :meth:`peek` returned."""
        self._text.advance(self._end())

    def blocks(self, *, may_lack_break: bool) -> Iterator[bytes]:
        """All whole lines in memory, again and again up to the end.

        A block is consumed after the caller has used it, so that errors have the line where it begins.

        Args:
            may_lack_break: whether a line at the end without a line break is whole; otherwise the text was cut there.

        Raises:
            DocumentError: the text was cut.
        """
        text = self._text
        while True:
            end = text.data.rfind(b"\n", text.position) + 1
            if end:
                yield text.data[text.position : end]
                text.advance(end)
            elif not self._grow():
                break
        if text.data[text.position :].strip():
            if not may_lack_break:
                raise text.cut()
            yield text.data[text.position :] + b"\n"
            text.advance(len(text.data))

    def _end(self) -> int:
        text = self._text
        while (end := text.data.find(b"\n", text.position)) < 0:
            if not self._grow():
                return len(text.data)
        return end + 1

    def _grow(self) -> bool:
        text = self._text
        if len(text.data) - text.position > LONGEST_LINE_BYTES:
            raise text.error("the line is longer than 64 KiB")
        return text.more()
