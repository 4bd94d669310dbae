"""The bytes of a document: from a file, or a pipe that is still being written.

A read waits for some bytes, not for a full buffer, so that the content of a live pipe is shown as it arrives.
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
"""The capacity of a pipe: a larger buffer would be allocated unnecessarily for every read."""

_POLL_MILLISECONDS = 100
"""How long a reader that waits for a pipe takes to notice that it was cancelled."""


class RewindableInput:
    """Reads a file once, or twice from a mark on. The caller closes the file.

    Args:
        name: used in messages.
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
        """Make the next or the waiting read raise; safe from another thread."""
        self._cancelled = True

    def read(self) -> bytes:
        """The next available bytes; empty at the end.

        Raises:
            DocumentError: it cannot be read.
            Interrupted: after :meth:`cancel`.
        """
        if self._unread and not self._cancelled:
            unread, self._unread = self._unread, b""
            return unread
        try:
            self._wait()
            # For a raw file `read` itself returns what is available.
            chunk: bytes | None = getattr(self._file, "read1", self._file.read)(self._chunk_bytes)
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error
        # Only after the first read: a buffered reader may contain bytes that `poll` does not know of.
        self._waits_on = self._pipe
        return chunk or b""

    def unread(self, data: bytes) -> None:
        """Let the next read return ``data``, the last bytes that were read."""
        self._unread = data

    def mark(self, ahead: bytes) -> None:
        """Remember the position before ``ahead``, the last bytes that were read, for :meth:`rewind`."""
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
        # It has no name, so that nothing remains however the command ends.
        copy = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the source)
        weakref.finalize(self, copy.close)
        copy.write(ahead)
        while chunk := self.read():
            copy.write(chunk)
        copy.seek(len(ahead))
        self._file, self._pipe, self._waits_on, self._mark = copy, None, None, 0
        self._chunk_bytes = CHUNK_BYTES

    def _wait(self) -> None:
        """Wait until data is available. A blocking read could not be cancelled, so a pipe is always polled first."""
        poll = select.poll() if self._waits_on is not None else None
        if poll is not None and self._waits_on is not None:
            poll.register(self._waits_on, select.POLLIN)
        while not self._cancelled:
            if poll is None or poll.poll(_POLL_MILLISECONDS):
                return
        raise Interrupted(f"reading {self.name} was stopped")

    def _unreadable(self, error: OSError | ValueError) -> DocumentError:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return DocumentError(f"{self.name} cannot be read: {reason}")


def _pipe_of(file: BinaryIO) -> int | None:
    """The descriptor if reads may block; None for regular files and for objects without a descriptor."""
    try:
        descriptor = file.fileno()
        return None if stat.S_ISREG(os.fstat(descriptor).st_mode) else descriptor
    except (AttributeError, OSError, ValueError):
        return None
