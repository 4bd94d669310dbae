"""Where the bytes of a document come from: a file, or a pipe that still grows at its other end.

A read waits for some bytes, never for a full buffer: whoever watches a pipe sees what is there.
"""

from __future__ import annotations

import os
import select
import stat
import tempfile
import weakref
from typing import BinaryIO

from kubectl_cbt.errors import DocumentError, Interrupted

CHUNK_BYTES = 2**20
_PIPE_BYTES = 2**16
"""What a pipe holds at most: room for more would be made for nothing with every read."""

_PATIENCE_MILLISECONDS = 100
"""How soon a reader that waits for a pipe notices that it was cancelled."""


class RewindableInput:
    """Reads a file once, or, from a mark on, twice. The file stays the caller's to close.

    Args:
        name: how to call it in messages.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.name = name
        self._file = file
        self._waits_on: int | None = None
        self._pipe = _pipe_of(file)
        self._chunk_bytes = CHUNK_BYTES if self._pipe is None else _PIPE_BYTES
        self._cancelled = False
        self._mark = 0
        self._unread = b""

    def cancel(self) -> None:
        """Let the next read, or the one that waits, raise; safe from another thread."""
        self._cancelled = True

    def read(self) -> bytes:
        """The next bytes, as many as are there; empty at the end.

        Raises:
            DocumentError: when it cannot be read.
            Interrupted: after :meth:`cancel`.
        """
        if self._unread and not self._cancelled:
            unread, self._unread = self._unread, b""
            return unread
        try:
            self._wait()
            # Of a raw file `read` itself takes what is there.
            chunk: bytes | None = getattr(self._file, "read1", self._file.read)(self._chunk_bytes)
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error
        # Only from here on: a buffered reader may have come with bytes of which `poll` knows nothing.
        self._waits_on = self._pipe
        return chunk or b""

    def unread(self, data: bytes) -> None:
        """Let the next read return ``data``, the last bytes that were read."""
        self._unread = data

    def mark(self, ahead: bytes) -> None:
        """Remember the place ``ahead`` of what was read, the last bytes of it, for :meth:`rewind`."""
        try:
            if self._file.seekable():
                self._mark = self._file.tell() - len(ahead) - len(self._unread)
            else:
                self._spool(ahead)
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error

    def rewind(self) -> None:
        """Go to the mark."""
        try:
            self._file.seek(self._mark)
            self._unread = b""
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error

    def _spool(self, ahead: bytes) -> None:
        # It has no name, so that nothing is left behind however the command ends.
        copy = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the source)
        weakref.finalize(self, copy.close)
        copy.write(ahead)
        while chunk := self.read():
            copy.write(chunk)
        copy.seek(len(ahead))
        self._file, self._pipe, self._waits_on, self._mark = copy, None, None, 0
        self._chunk_bytes = CHUNK_BYTES

    def _wait(self) -> None:
        """Until there is something to read. A blocked read could not be cancelled, so a pipe is never read blindly."""
        poll = select.poll() if self._waits_on is not None else None
        if poll is not None and self._waits_on is not None:
            poll.register(self._waits_on, select.POLLIN)
        while not self._cancelled:
            if poll is None or poll.poll(_PATIENCE_MILLISECONDS):
                return
        raise Interrupted(f"reading {self.name} was stopped")

    def _unreadable(self, error: OSError | ValueError) -> DocumentError:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return DocumentError(f"{self.name} cannot be read: {reason}")


def _pipe_of(file: BinaryIO) -> int | None:
    """The descriptor, where a read of it may have to wait; None for regular files and for what is no file at all."""
    try:
        descriptor = file.fileno()
        return None if stat.S_ISREG(os.fstat(descriptor).st_mode) else descriptor
    except (AttributeError, OSError, ValueError):
        return None
