"""Saved documents for tests: how they are written, read, reformatted and delivered."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from samples import batch, outcome_of, resolved
from strategies import Extent, law, legal_extents, wild_extents

from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.documents.document_stream import SavedStream
from kubectl_cbt.documents.open_document import open_document
from kubectl_cbt.documents.reading_options import ReadingOptions
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.record import Batch
from kubectl_cbt.model.results import Failure, Outcome
from kubectl_cbt.model.stream_query import Operation
from kubectl_cbt.output.lister_json import ListerJsonWriter
from kubectl_cbt.output.writer import OutputTarget, Writer

GOLDEN = Path(__file__).parent.parent / "golden" / "files"
DOCUMENTS = sorted(
    path
    for path in (*GOLDEN.glob("*.json"), *GOLDEN.glob("*.ndjson"))
    if re.search(rb'"kind": ?"BlockMetadata"', path.read_bytes())
)
FAILURE = Failure("StreamCut", "UNAVAILABLE", "the connection broke", "try again")

Reformat = Callable[[bytes], bytes]


class Trickle(io.RawIOBase):
    """A file that returns a few bytes at a time, seekable only on request."""

    def __init__(self, data: bytes, reads: list[int], *, seekable: bool = False) -> None:
        self._inner = io.BytesIO(data)
        self._reads = reads
        self._turn = 0
        self._seekable = seekable

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._turn += 1
        return self._inner.read(self._reads[self._turn % len(self._reads)])

    def seekable(self) -> bool:
        return self._seekable

    def seek(self, offset: int, whence: int = 0) -> int:
        assert self._seekable
        return self._inner.seek(offset, whence)

    def tell(self) -> int:
        assert self._seekable
        return self._inner.tell()


def saved(data: bytes, kind: Operation | None = None) -> SavedStream:
    return open_document(io.BytesIO(data), "delta.json", ReadingOptions(kind))


def received(stream: SavedStream) -> tuple[list[Extent], CbtError | None]:
    """All extents, and what ended them."""
    extents: list[Extent] = []
    try:
        for one in stream:
            extents += zip(one.offsets.tolist(), one.sizes.tolist(), strict=True)
    except CbtError as error:
        return extents, error
    return extents, None


def written(make: type[Writer], messages: list[Batch], outcome: Outcome, *, delta: bool = True) -> bytes:
    text: list[bytes] = []
    writer = make(text.append, resolved(delta=delta), OutputTarget())
    figures = SummaryBuilder()
    for one in messages:
        figures.add(one)
        writer.batch(one)
    writer.end(outcome, figures.summary(outcome.volume_capacity_bytes, complete=outcome.complete))
    return b"".join(text)


def document(make: type[Writer], messages: list[list[Extent]]) -> bytes:
    """A complete document of these messages."""
    stream = [
        batch(number, [offset for offset, _ in one], [size for _, size in one])
        for number, one in enumerate(messages, 1)
    ]
    return written(make, stream, outcome_of(len(messages), sum(map(len, messages))))


def again(make: type[Writer], data: bytes) -> bytes:
    """The document read and written once more."""
    stream = saved(data)
    text: list[bytes] = []
    writer = make(text.append, stream.resolved, OutputTarget())
    figures = SummaryBuilder(stream.resolved.query.starting_offset)
    for one in stream:
        figures.add(one)
        writer.batch(one)
    outcome = stream.outcome()
    writer.end(outcome, figures.summary(outcome.volume_capacity_bytes, complete=outcome.complete))
    return b"".join(text)


def python_dump(**options: object) -> Reformat:
    return lambda data: json.dumps(json.loads(data), **options).encode()  # type: ignore[arg-type]


def each_value(reformat: Reformat) -> Reformat:
    """As ``jq`` does with ndjson: value after value."""
    return lambda data: b"\n".join(map(reformat, data.splitlines()))


def keys_backwards(data: bytes) -> bytes:
    return json.dumps(_backwards(json.loads(data))).encode()


def _backwards(value: object) -> object:
    if isinstance(value, dict):
        return {key: _backwards(value[key]) for key in reversed(value)}
    return [_backwards(one) for one in value] if isinstance(value, list) else value


def with_notes(data: bytes) -> bytes:
    """Fields that a later version may add, with everything in them that could mislead."""
    value = json.loads(data)
    value["note"] = value["query"]["note"] = '"]}, \\ {["kind"'
    for extent in value["extents"]:
        extent["note"] = {"kind": ["]", {"sizeBytes": 1}]}
    return json.dumps(value, indent=1).encode()


REFORMATS: dict[str, Reformat] = {
    "as it is": bytes,
    "jq .": python_dump(indent=2),
    "jq -c .": python_dump(separators=(",", ":")),
    "jq -S .": python_dump(indent=2, sort_keys=True),
    "python": python_dump(),
    "tabs": python_dump(indent="\t"),
    "windows": lambda data: data.replace(b"\n", b"\r\n"),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "backwards": keys_backwards,
}
few = settings(law, max_examples=20)
small_reads = st.lists(st.integers(1, 70), min_size=1, max_size=5)
any_extents = st.one_of(legal_extents(grain=4096, first=10**12), legal_extents(), wild_extents(lowest=-5))


MESSAGES = document(ListerJsonWriter, [[(512, 8), (1024, 8)], [(4096, 16)], [(8192, 1), (9000, 2)], [(10000, 5)]])[1:-1]
