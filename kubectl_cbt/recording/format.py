"""Recordings: a stream as received, in one file that can be attached to a bug report. Format and reader.

    kubectl-cbt recording 1\\n        in clear text: what it is, and the version of what follows
    one zlib stream of records       each: 1 byte kind, 4 bytes length (big-endian), payload
      H   JSON, first and once       versions, time, subject, options of the query
      Q   JSON                       a query, as it was sent
      M   8 bytes + message          microseconds since the query (big-endian), then the message as received
      E   JSON                       how the answer ended: code, details, error
      Q … M … E …                    the next query: a resume, or the completeness probe

The writer flushes often, so a file whose writer was killed can be read up to its last whole record. The reader keeps
one message in memory at a time, and trusts nothing in the file.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn, Protocol

import orjson

from kubectl_cbt.documents.first_bytes import RECORDING_SIGN
from kubectl_cbt.errors import CbtError, DocumentError, Interrupted
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.recording.error_json import error_of, number_of, text_of, values_of
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES

SUFFIX = ".cbtrec"
"""The usual ending of a recording's name; any other is accepted."""

VERSION = 1
FIRST_LINE = RECORDING_SIGN + b"%d\n" % VERSION

HEAD, QUERY, MESSAGE, END = b"H", b"Q", b"M", b"E"
FRAME = struct.Struct(">cI")
OFFSET_TIME = struct.Struct(">Q")

OK, CANCELLED = "OK", "CANCELLED"

_LONGEST_FIRST_LINE = 64
_LONGEST_JSON = 2**20
"""A head has a few hundred bytes; a query or an end has what gRPC and HTTP/2 carry in headers."""
_CHUNK_BYTES = 2**20
_NOT_ONE = "is it what --record wrote? kubectl cbt open FILE"

Values = dict[str, Any]


class ByteSource(Protocol):
    """Where a recording is read from; ``documents.byte_source.RewindableInput`` is one."""

    @property
    def name(self) -> str:
        """The name for error messages."""
        ...

    def read(self) -> bytes:
        """The next bytes; empty at the end.

        Raises:
            CbtError: it cannot be read, or was cancelled.
        """
        ...

    def cancel(self) -> None:
        """Make a read that waits raise; from any thread."""
        ...


@dataclass(frozen=True, slots=True)
class StreamEnding:
    """How an answer ended.

    Attributes:
        code: gRPC's name of the status; ``CANCELLED`` when it was stopped from here; empty when there was no call.
        error: as the stream saw it, an :class:`~kubectl_cbt.errors.Interrupted` when it was stopped; None for OK.
        microseconds: since the recording began.
    """

    code: str
    error: CbtError | None
    microseconds: int = 0

    @classmethod
    def of(cls, error: CbtError) -> StreamEnding:
        """The ending with an error."""
        return cls(getattr(error, "code", ""), error)

    @classmethod
    def stopped(cls) -> StreamEnding:
        """The ending of an answer that was cancelled."""
        return cls(CANCELLED, Interrupted("interrupted"))

    def values(self, microseconds: int) -> Values:
        """The ending as it is written."""
        error = None if self.error is None else values_of(self.error)
        details = "" if error is None else error.get("details", "")
        return {"code": self.code, "details": details, "error": error, "microseconds": microseconds}


def query_values(query: Query, microseconds: int) -> Values:
    """A query as it is written; it has no secrets."""
    return {
        "method": "GetMetadataAllocated" if query.base is None else "GetMetadataDelta",
        "namespace": query.snapshot.namespace,
        "snapshot": query.snapshot.name,
        "base": query.base.value if query.base is not None else None,
        "startingOffset": query.starting_offset,
        "maxResults": query.max_results,
        "microseconds": microseconds,
    }


class _Frame(NamedTuple):
    """A record; the time is only a message's, and not part of its payload."""

    kind: bytes
    payload: bytes
    microseconds: int = 0


class Recording:
    """Reads a recording once, in order; keeps one message at a time, and 1 MiB of decompressed data after it.

    Args:
        max_message_bytes: a larger message is an error.

    Attributes:
        head: the first record, untrusted.

    Raises:
        DocumentError: it is not a recording, is of a newer version, or ends before its first query.
    """

    def __init__(self, source: ByteSource, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max_message_bytes = max_message_bytes
        self.name = source.name
        self._source = source
        self._inflate = zlib.decompressobj()
        self._data = bytearray()
        self._ahead = self._after_first_line()
        found = self._frame()
        if found is None or found.kind != HEAD:
            self._damaged("it does not begin with a head")
        self.head = self._json(found.payload)

    def cancel(self) -> None:
        """End the reading with an error; from any thread."""
        self._source.cancel()

    def answers(self) -> Iterator[RecordedAnswer]:
        """The answers in order; messages of one that were not read are skipped before the next.

        Raises:
            DocumentError: the recording is damaged, or its writer was killed: then it ends where that happened.
        """
        while (found := self._frame()) is not None:
            if found.kind != QUERY:
                self._damaged("an answer without a query")
            answer = RecordedAnswer(self, self._json(found.payload))
            yield answer
            for _ in answer.messages():
                pass

    def next_in_answer(self) -> tuple[int, bytes] | StreamEnding:
        """The next message and the microseconds since the query, or how the answer ended."""
        found = self._frame()
        if found is None or found.kind not in (MESSAGE, END):
            self._damaged("an answer without an end")
        if found.kind == END:
            return self._ending(self._json(found.payload))
        return found.microseconds, found.payload

    def query_of(self, values: Values) -> tuple[Query, int]:
        """The query, and the microseconds since the recording began."""
        try:
            base = None if values["base"] is None else SnapshotHandle(text_of(values, "base"))
            ref = SnapshotRef(text_of(values, "namespace"), text_of(values, "snapshot"))
            offset, limit = number_of(values, "startingOffset"), number_of(values, "maxResults")
            return Query(ref, base, offset, limit), number_of(values, "microseconds")
        except (KeyError, TypeError, ValueError):
            self._damaged("a query that cannot be read")

    def _ending(self, values: Values) -> StreamEnding:
        try:
            error = values["error"]
            found = None if error is None else error_of(error)
            return StreamEnding(text_of(values, "code"), found, number_of(values, "microseconds"))
        except (KeyError, TypeError, ValueError):
            self._damaged("an end that cannot be read")

    def _after_first_line(self) -> bytes:
        """The bytes read after it."""
        line = b""
        while b"\n" not in line and len(line) < _LONGEST_FIRST_LINE:
            more = self._source.read()
            if not more:
                break
            line += more
        line, _, rest = line.partition(b"\n")
        if not line.startswith(RECORDING_SIGN):
            raise DocumentError(f"{self.name} is not a recording", hint=_NOT_ONE)
        version = line.removeprefix(RECORDING_SIGN).decode("ascii", "replace")
        if version != str(VERSION):
            raise DocumentError(
                f"{self.name} is a recording of version {version[:20]!r}, not {VERSION}",
                hint="use another version of kubectl-cbt to read it",
            )
        return rest

    def _frame(self) -> _Frame | None:
        """The next record; None after the last one."""
        if not self._fill(FRAME.size):
            return None
        kind, length = FRAME.unpack_from(self._data)
        if kind == MESSAGE:
            return self._message(length)
        if length > _LONGEST_JSON:
            self._damaged(f"a record of {length} bytes, where there are at most {_LONGEST_JSON}")
        return _Frame(kind, self._payload(FRAME.size, FRAME.size + length))

    def _message(self, length: int) -> _Frame:
        if length < OFFSET_TIME.size:
            self._damaged("a message without a time")
        if length - OFFSET_TIME.size > self._max_message_bytes:
            raise DocumentError(
                f"{self.name}: a message of {length - OFFSET_TIME.size} bytes is larger than --max-message-size,"
                f" {self._max_message_bytes} bytes",
                hint="if you trust the file: --max-message-size SIZE takes larger ones",
            )
        if not self._fill(FRAME.size + OFFSET_TIME.size):
            self._damaged("it ends in the middle of a record")
        microseconds = OFFSET_TIME.unpack_from(self._data, FRAME.size)[0]
        return _Frame(MESSAGE, self._payload(FRAME.size + OFFSET_TIME.size, FRAME.size + length), microseconds)

    def _payload(self, begin: int, end: int) -> bytes:
        """Those bytes of the next record, which then is read."""
        if not self._fill(end):
            self._damaged("it ends in the middle of a record")
        with memoryview(self._data) as data:
            payload = bytes(data[begin:end])
        del self._data[:end]
        return payload

    def _fill(self, length: int) -> bool:
        """Whether that much is there; False only where the recording was ended by its writer."""
        while len(self._data) < length:
            if self._inflate.eof:
                return self._is_at_the_end()
            packed = self._inflate.unconsumed_tail or self._ahead or self._source.read()
            self._ahead = b""
            if not packed:
                self._cut()
            try:
                self._data += self._inflate.decompress(packed, _CHUNK_BYTES)
            except zlib.error:
                self._damaged("it does not decompress")
        return True

    def _is_at_the_end(self) -> bool:
        if self._data:
            self._damaged("it ends in the middle of a record")
        if self._inflate.unused_data or self._source.read():
            self._damaged("unexpected data after its end")
        return False

    def _json(self, payload: bytes) -> Values:
        try:
            # It rejects what our writer never writes: NaN, numbers beyond a double, lone surrogates, deep nests.
            values = orjson.loads(payload)
        except orjson.JSONDecodeError:
            values = None
        if not isinstance(values, dict):
            self._damaged("a record that is not a JSON object")
        return values

    def _cut(self) -> NoReturn:
        raise DocumentError(f"{self.name}: the recording ends here", hint="the command that recorded it was killed")

    def _damaged(self, how: str) -> NoReturn:
        raise DocumentError(f"{self.name} is damaged: {how}", hint="was it copied whole, and as a binary file?")


class RecordedAnswer:
    """One answer of a recording, read while it is iterated.

    Attributes:
        query: as it was sent.
        microseconds: when it was sent, since the recording began.
        ending: how the answer ended; None until all messages were read.
    """

    def __init__(self, recording: Recording, values: Values) -> None:
        self.query, self.microseconds = recording.query_of(values)
        self.ending: StreamEnding | None = None
        self._recording = recording

    def messages(self) -> Iterator[tuple[int, bytes]]:
        """The messages that were not read yet, each with the microseconds since the query."""
        while self.ending is None:
            found = self._recording.next_in_answer()
            if isinstance(found, StreamEnding):
                self.ending = found
            else:
                yield found
