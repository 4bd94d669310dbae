"""A saved document or a recording as a backend: it has one stream, and answers no other query."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from kubectl_cbt.documents.reading_options import AS_RECORDED, ReadingOptions
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.backend import OpenStream
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from kubectl_cbt.documents.byte_source import RewindableInput
    from kubectl_cbt.documents.reading_options import FileFormat
    from kubectl_cbt.model.snapshot_entry import SnapshotEntry
    from kubectl_cbt.recording.format import Recording
    from kubectl_cbt.recording.recorded_source import RecordedSource
    from kubectl_cbt.recording.replay import ReplayedStream


class FileBackend:
    """A file, or a pipe.

    Args:
        data: not closed here.
        name: name of the file in messages.
        options: what its format does not record, from the user.
        max_message_bytes: a larger message of a recording ends the stream with an error.

    Attributes:
        format: that of the file; None before it is opened.
    """

    context = ""

    def __init__(
        self,
        data: BinaryIO,
        name: str,
        options: ReadingOptions = AS_RECORDED,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
    ) -> None:
        self.format: FileFormat | None = None
        self._data = data
        self._name = name
        self._options = options
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
        from kubectl_cbt.documents.kinds import RECORDING
        from kubectl_cbt.documents.open_document import recognise

        options = self._options
        found = recognise(self._data, self._name, options.format, is_for_either=options.is_for_either)
        self.format = found.kind.format
        if found.kind is not RECORDING:
            saved = found.open(options)
            return OpenStream(saved.resolved, saved, saved.operation)
        _, _, replayed = open_recording(found.rewound(), self._max_message_bytes)
        kind = options.kind
        if kind not in (None, replayed.operation):
            raise DocumentError(f"{self._name} is a recording of {replayed.operation}, not of {kind}")
        if options.capacity_bytes is not None and not options.is_for_either:
            raise DocumentError(f"{self._name} is a recording, which has a capacity", hint="omit --capacity")
        return OpenStream(replayed.resolved, replayed, replayed.operation)


def open_recording(
    data: RewindableInput, max_message_bytes: int = MAX_MESSAGE_BYTES
) -> tuple[Recording, RecordedSource, ReplayedStream]:
    """Open a recording, and its stream for the loop.

    Raises:
        DocumentError: it is damaged, or ends before its stream.
    """
    from kubectl_cbt.documents.document_head import read_head
    from kubectl_cbt.documents.object_fields import ObjectFields
    from kubectl_cbt.recording.format import Recording
    from kubectl_cbt.recording.recorded_source import RecordedSource
    from kubectl_cbt.recording.replay import ReplayedStream, StreamSettings

    recording = Recording(data, max_message_bytes)
    fields = ObjectFields(data.name, recording.head)
    asking = fields.object("asking")
    fields.object("subject")
    resolved = read_head(data.name, recording.head["subject"]).resolved
    settings = StreamSettings(asking.count("retries"), asking.flag("probe"), asking.flag("maxResultsIsOurs"))
    source = RecordedSource(recording)
    return recording, source, ReplayedStream(source, resolved, settings)
