"""The time of each stage of a stream, separately, in one thread, with messages prepared in advance.

    python bench/stages.py [EXTENTS]          default: 4 million

Prints one line of JSON: nanoseconds per extent by stage.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator

from server import FRAME, messages

from kubectl_cbt.analysis.rules.rule_watch import RuleWatch
from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.model.record import Batch, Records
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotRef
from kubectl_cbt.model.resolved_query import ResolvedQuery, Snapshot
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.output.writer import OutputTarget
from kubectl_cbt.stream.read_ahead import GROUP_BYTES
from kubectl_cbt.wire.decode import decoded

ROUNDS = 5
PAGES = (4096, 256)
PRINTED = (StreamFormat.TABLE, StreamFormat.CSV, StreamFormat.LISTER_JSON, StreamFormat.NDJSON, StreamFormat.JSON)


def groups_of(count: int, per_message: int) -> list[list[bytes]]:
    """Return groups of messages as they are read when they arrive faster than they are processed."""
    framed, position = messages(count, per_message), 0
    groups: list[list[bytes]] = [[]]
    size = 0
    while position < len(framed):
        length = FRAME.unpack_from(framed, position)[1]
        position += FRAME.size
        groups[-1].append(framed[position : position + length])
        position, size = position + length, size + length
        if size >= GROUP_BYTES:
            groups.append([])
            size = 0
    return groups


def fastest(work: Callable[[], object]) -> float:
    """Return the seconds of the fastest round: the time of the stage on an idle machine."""
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def resolved() -> ResolvedQuery:
    """Return a query for the writers."""
    ref = SnapshotRef("bench", "bench")
    snapshot = Snapshot(ref, "content", "bench.example", SnapshotHandle("handle"), None, None, None, None)
    return ResolvedQuery(Query(ref), snapshot)


def stages(count: int) -> Iterator[tuple[str, float]]:
    """Yield names and seconds."""
    records: list[Records] = []
    for page in PAGES:
        groups = groups_of(count, page)

        def decode(groups: list[list[bytes]] = groups) -> list[Records]:
            return [found for group in groups for found in decoded(group, 1)]

        yield f"decode, {page} a message", fastest(decode)
        records = records or decode()
    query = resolved().query

    def watch() -> None:
        rules = RuleWatch(query)
        for found in records:
            found.__dict__.pop("ends", None)
            rules.check(found)

    yield "rules", fastest(watch)
    batches = [Batch.whole(found) for found in records]

    def count_figures() -> None:
        figures = SummaryBuilder()
        for batch in batches:
            figures.add(batch)

    yield "figures of the summary", fastest(count_figures)
    for form in PRINTED:

        def write(form: StreamFormat = form) -> None:
            writer = form.writer(lambda _: None, resolved(), OutputTarget())
            for batch in batches:
                writer.batch(batch)

        yield f"rows of {form}", fastest(write)


def main() -> None:
    """Print one line."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000
    print(json.dumps({name: round(seconds / count * 1e9, 1) for name, seconds in stages(count)}))


if __name__ == "__main__":
    main()
