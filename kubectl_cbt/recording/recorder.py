"""Writes recordings: a source that passes on what another one yields, and writes it down. See ``format.py``.

Tokens, secrets and certificates are never passed to it. What a server may repeat of them is redacted.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import threading
import time
import zlib
from collections.abc import Callable, Generator
from pathlib import Path

from kubectl_cbt.errors import CbtError, OutputError, UsageError
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.recording.format import (
    END,
    FIRST_LINE,
    FRAME,
    HEAD,
    MESSAGE,
    OFFSET_TIME,
    OK,
    QUERY,
    StreamEnding,
    Values,
    query_values,
)
from kubectl_cbt.security.redact import redact_message
from kubectl_cbt.system.cancellation import Cancellation
from kubectl_cbt.wire.source import Origin, Source

_FASTEST = 1
_PENDING_BYTES = 2**16
_PENDING_SECONDS = 0.1
_NONE_OPEN = 0


class RecordingWriter:
    """Writes one recording; from any thread.

    Data is written at every query and every end, when 64 KiB of messages are pending, and after 100 ms at the latest,
    by a thread of its own: the last messages of a driver that becomes silent must reach the file. So a command that is
    killed loses at most the messages of its last 100 ms, and at most 64 KiB of them. A machine that loses its power may
    lose more.

    Args:
        path: must not exist, or be empty.
        head: the first record.
        failed: called with a sentence when the file cannot be written any further, and again by :meth:`close`; the
            stream continues without it.

    Raises:
        UsageError: the file is not empty, or cannot be created.
        OutputError: the head cannot be written.
    """

    def __init__(
        self, path: Path, head: Values, failed: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._failed = failed
        self._clock = clock
        self._lock = threading.Lock()
        self._deflate = zlib.compressobj(_FASTEST)
        self._answers = 0
        self._open = _NONE_OPEN
        self._pending_bytes = 0
        self._failure = ""
        self._is_whole = True
        self._closed = False
        self._file = _created(path)
        self._begin(head)
        self._has_pending, self._over = threading.Event(), threading.Event()
        self._flusher = threading.Thread(target=self._flush_in_time, daemon=True, name="recording")
        self._flusher.start()
        self._began = self._resolved = clock()

    def query(self, query: Query) -> int:
        """Write a query; returns the number of its answer."""
        with self._lock:
            self._end(StreamEnding.stopped())
            self._resolved = self._clock()
            self._append_json(QUERY, query_values(query, _microseconds(self._resolved - self._began)))
            self._answers += 1
            self._open = self._answers
            return self._open

    def message(self, answer: int, message: bytes) -> None:
        """Write a message; without effect if the answer has ended."""
        with self._lock:
            if answer != self._open:
                return
            time_of = OFFSET_TIME.pack(self._since(self._resolved))
            self._append(MESSAGE, time_of, redact_message(message))
            if self._pending_bytes >= _PENDING_BYTES:
                self._flush()
            elif self._pending_bytes:
                self._has_pending.set()

    def end(self, answer: int, ending: StreamEnding) -> None:
        """Write the end of an answer; without effect if it has ended already."""
        with self._lock:
            if answer == self._open:
                self._end(ending)

    def close(self) -> None:
        """Finish the file; may be called more than once."""
        self._over.set()
        self._has_pending.set()
        self._flusher.join()
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._end(StreamEnding.stopped())
            self._write_safely(lambda: self._write(self._deflate.flush(zlib.Z_FINISH)))
            os.close(self._file)
        if self._failure:
            self._failed(self._failure)

    # The caller holds the lock.

    def _end(self, ending: StreamEnding) -> None:
        if self._open != _NONE_OPEN:
            self._open = _NONE_OPEN
            self._append_json(END, ending.values(self._since(self._began)))

    def _append_json(self, kind: bytes, values: Values) -> None:
        self._append(kind, json.dumps(values).encode())
        self._flush()

    def _append(self, kind: bytes, *parts: bytes) -> None:
        """One record, whole or not at all."""
        length = sum(map(len, parts))

        def write() -> None:
            for part in (FRAME.pack(kind, length), *parts):
                self._write(self._deflate.compress(part))

        self._write_safely(write)
        self._pending_bytes += length

    def _flush(self) -> None:
        self._write_safely(lambda: self._write(self._deflate.flush(zlib.Z_SYNC_FLUSH)))
        self._pending_bytes = 0

    def _write_safely(self, write: Callable[[], None]) -> None:
        """Write nothing after a record that was written in part.

        The cause is not only a full disk: a signal can raise an exception at any point.
        """
        if not self._is_whole:
            return
        self._is_whole = False
        try:
            write()
        except OSError as error:
            self._failure = f"{self._path}: {error.strerror}: the recording ends here, the stream continues without it"
            self._failed(self._failure)
            return
        self._is_whole = True

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]

    def _since(self, start: float) -> int:
        return _microseconds(self._clock() - start)

    # Without it.

    def _begin(self, head: Values) -> None:
        data = json.dumps(head).encode()
        try:
            self._write(FIRST_LINE)
            for part in (FRAME.pack(HEAD, len(data)), data):
                self._write(self._deflate.compress(part))
            self._write(self._deflate.flush(zlib.Z_SYNC_FLUSH))
        except OSError as error:
            os.close(self._file)
            raise OutputError(f"--record {self._path}: {error.strerror}") from error

    def _flush_in_time(self) -> None:
        while not self._over.is_set():
            self._has_pending.wait()
            self._over.wait(_PENDING_SECONDS)
            self._has_pending.clear()
            with self._lock:
                if self._pending_bytes:
                    self._flush()


class RecordingSource:
    """Passes on what another source yields, and writes it down. Closes the recording when it is closed."""

    def __init__(self, source: Source, writer: RecordingWriter) -> None:
        self._source = source
        self._writer = writer

    @property
    def origin(self) -> Origin:
        return self._source.origin

    def query(self, query: Query, cancellation: Cancellation) -> Generator[bytes, None, None]:
        number = self._writer.query(query)
        ending = StreamEnding.stopped()
        try:
            with contextlib.closing(self._source.query(query, cancellation)) as messages:
                for message in messages:
                    self._writer.message(number, message)
                    yield message
            ending = StreamEnding(OK, None)
        except CbtError as error:
            # The error of a cancelled query contains only that it was cancelled.
            ending = ending if cancellation.is_cancelled else StreamEnding.of(error)
            raise
        finally:
            self._writer.end(number, ending)

    def close(self) -> None:
        try:
            self._source.close()
        finally:
            self._writer.close()


def _microseconds(seconds: float) -> int:
    return max(round(seconds * 1e6), 0)


def _created(path: Path) -> int:
    """A descriptor of the new file, readable by the user only."""
    try:
        try:
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _empty(path)
    except OSError as error:
        raise UsageError(f"--record {path}: {error.strerror}") from error


def _empty(path: Path) -> int:
    """A file that ``mktemp`` made, or a pipe."""
    file = os.open(path, os.O_WRONLY)
    found = os.fstat(file)
    if found.st_size:
        os.close(file)
        raise UsageError(f"--record {path}: the file is not empty", hint="name a file that does not exist")
    if stat.S_ISREG(found.st_mode):
        os.fchmod(file, 0o600)
    return file
