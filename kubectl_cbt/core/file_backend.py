"""A saved document or a recording as a backend: it has one stream, and answers no other query."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO

from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.backend import OpenStream
from kubectl_cbt.model.query import Operation
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from kubectl_cbt.model.snapshot_entry import SnapshotEntry
    from kubectl_cbt.recording.format import Recording
    from kubectl_cbt.recording.recorded_source import RecordedSource
    from kubectl_cbt.recording.replay import ReplayedStream


class FileBackend:
    """A file, or a pipe.

    Args:
        data: not closed here.
        name: how messages call the file.
        operation: what a document is of that does not record it; None when that is not known.
        max_message_bytes: a larger message of a recording ends the stream with an error.
    """

    def __init__(
        self,
        data: BinaryIO,
        name: str,
        operation: Operation | None = None,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
    ) -> None:
        self._data = data
        self._name = name
        self._operation = operation
        self._max_message_bytes = max_message_bytes

    def entries(self) -> list[SnapshotEntry]:
        """None: a file has one stream."""
        return []

    def open(self, names: SnapshotNames | None = None) -> OpenStream:
        """The stream that was saved.

        Args:
            names: without effect: there is no other stream.

        Raises:
            DocumentError: it is damaged, ends before its stream, or is of another operation.
        """
        data, is_recording = sniff_recording(self._data)
        if is_recording:
            _, _, replayed = open_recording(data, self._name, self._max_message_bytes)
            if self._operation not in (None, replayed.operation):
                raise DocumentError(f"{self._name} is a recording of {replayed.operation}, not of {self._operation}")
            return OpenStream(replayed.resolved, replayed, replayed.operation)
        from kubectl_cbt.documents.open_document import open_document

        saved = open_document(data, self._name, self._operation)
        return OpenStream(saved.resolved, saved, saved.operation)


def open_recording(
    data: BinaryIO, name: str, max_message_bytes: int = MAX_MESSAGE_BYTES
) -> tuple[Recording, RecordedSource, ReplayedStream]:
    """A recording, and its stream as the loop takes it.

    Raises:
        DocumentError: it is damaged, or ends before its stream.
    """
    from kubectl_cbt.documents.byte_source import RewindableInput
    from kubectl_cbt.documents.document_head import read_head
    from kubectl_cbt.documents.object_fields import ObjectFields
    from kubectl_cbt.recording.format import Recording
    from kubectl_cbt.recording.recorded_source import RecordedSource
    from kubectl_cbt.recording.replay import ReplayedStream, StreamSettings

    recording = Recording(RewindableInput(data, name), max_message_bytes)
    fields = ObjectFields(name, recording.head)
    asking = fields.object("asking")
    fields.object("subject")
    resolved = read_head(name, recording.head["subject"]).resolved
    settings = StreamSettings(asking.count("retries"), asking.flag("probe"), asking.flag("maxResultsIsOurs"))
    source = RecordedSource(recording)
    return recording, source, ReplayedStream(source, resolved, settings)


def sniff_recording(data: BinaryIO) -> tuple[BinaryIO, bool]:
    """The same file or pipe from its beginning, and whether it is a recording."""
    from kubectl_cbt.recording.format import MAGIC

    read = b""
    while len(read) < len(MAGIC) and MAGIC.startswith(read):
        more = data.read(len(MAGIC) - len(read))
        if not more:
            break
        read += more
    if data.seekable():
        data.seek(-len(read), io.SEEK_CUR)
        return data, read == MAGIC
    return _PutBack(read, data), read == MAGIC  # type: ignore[return-value]  # it is one to callers that only read


class _PutBack(io.RawIOBase):
    """A pipe, and before it what was read of it already."""

    def __init__(self, ahead: bytes, pipe: BinaryIO) -> None:
        super().__init__()
        self._ahead = ahead
        self._pipe = pipe

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._pipe.fileno()

    def readinto(self, buffer: Any, /) -> int:
        taken = self._ahead[: len(buffer)] or self._pipe.read(len(buffer)) or b""
        self._ahead = self._ahead[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)
