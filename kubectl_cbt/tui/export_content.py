"""Exports to files: the documents that ``-o`` prints, of the whole stream or an excerpt."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import numpy as np

from kubectl_cbt.analysis.summary import SummaryBuilder
from kubectl_cbt.errors import EXCERPT_KIND, OutputError
from kubectl_cbt.model.extents import Chunk
from kubectl_cbt.model.record import Batch, Record, Records
from kubectl_cbt.model.resolved_query import ResolvedQuery
from kubectl_cbt.model.results import Failure, Outcome, Summary
from kubectl_cbt.output.registry import StreamFormat
from kubectl_cbt.output.writer import OutputTarget, Write
from kubectl_cbt.tui.loader import Frame

_BATCH_EXTENTS = 2**16


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a document."""

    resolved: ResolvedQuery
    chunks: tuple[Chunk, ...]
    outcome: Outcome
    summary: Summary


def whole(resolved: ResolvedQuery, frame: Frame) -> Content:
    """Everything that was received."""
    return Content(resolved, frame.received.chunks, frame.outcome, frame.summary)


def excerpt(resolved: ResolvedQuery, frame: Frame, start: int, end: int) -> Content:
    """The extents in ``[start, end)``, cut at both ends, as the answer to a query of that range alone."""
    extents = frame.received.extents
    rows = extents.overlapping(start, end)
    offsets, sizes = extents.rows(rows.start, rows.stop)
    ends = np.minimum(offsets + sizes, end)
    offsets = np.maximum(offsets, start)
    sizes = ends - offsets
    chunks = (Chunk(offsets, np.concatenate(([0], np.cumsum(sizes)))),) if len(offsets) else ()
    outcome = _outcome_of_excerpt(resolved, frame, len(offsets), start, end)
    query = replace(resolved.query, starting_offset=start, end_offset=end)
    figures = SummaryBuilder(start)
    for batch in _batches(chunks, outcome):
        figures.add(batch)
    return Content(replace(resolved, query=query), chunks, outcome, figures.summary(end, complete=outcome.complete))


def _outcome_of_excerpt(resolved: ResolvedQuery, frame: Frame, extents: int, start: int, end: int) -> Outcome:
    known = frame.known
    covers = known.contains(start, end)
    failure = None if covers else frame.outcome.failure or _outside(known.start, known.end)
    return replace(
        frame.outcome,
        complete=covers,
        extents=extents,
        next_offset=end if covers else min(max(start, known.end), end),
        clipped=0,
        failure=failure,
    )


def _outside(known_from: int, known_until: int) -> Failure:
    return Failure(EXCERPT_KIND, "", f"only bytes {known_from} to {known_until} were queried", "")


def write_document(content: Content, form: StreamFormat, path: Path, *, overwrite: bool) -> None:
    """Write the document that ``-o`` prints.

    Raises:
        OutputError: the file exists and ``overwrite`` is False, or it cannot be written. No partial file is left.
    """
    write_file(path, lambda file: _write(content, form, file), overwrite=overwrite)


def write_text(text: str, path: Path, *, overwrite: bool) -> None:
    """Write a text, as with a picture; raises as :func:`write_document`."""
    write_file(path, lambda file: _discard(file.write(text)), overwrite=overwrite)


def write_file(path: Path, write: Callable[[TextIO], None], *, overwrite: bool) -> None:
    """Create a file with what ``write`` writes, or none at all; raises as :func:`write_document`."""
    # An existing file is replaced only after the new one is complete.
    target = path.with_name(f".{path.name}.{os.getpid()}") if overwrite else path
    try:
        with target.open("x", encoding="utf-8", newline="") as file, _removing(target):
            write(file)
        if overwrite:
            with _removing(target):
                target.replace(path)
    except FileExistsError as error:
        raise OutputError(f"{path} already exists", hint="Ctrl-O overwrites it") from error
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise OutputError(f"{path} is not a valid file name: {error}") from error


@contextmanager
def _removing(path: Path) -> Iterator[None]:
    """Remove the file if the block fails."""
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write(content: Content, form: StreamFormat, file: TextIO) -> None:
    writer = form.writer(to_file(file), content.resolved, OutputTarget())
    for batch in _batches(content.chunks, content.outcome):
        writer.batch(batch)
    writer.end(content.outcome, content.summary)


def to_file(file: TextIO) -> Write:
    """What a writer writes to, in a file."""
    return lambda data: _discard(file.buffer.write(data))


def _discard(written: int) -> None:
    """Drop the count that files return."""


def _batches(chunks: tuple[Chunk, ...], outcome: Outcome) -> Iterator[Batch]:
    number = 0
    nothing = np.zeros(1, dtype=np.int64)
    if not chunks and outcome.messages:
        # Messages without extents still have a type and a capacity.
        chunks = (Chunk(nothing[:0], nothing),)
    for chunk in chunks:
        for start in range(0, max(len(chunk.offsets), 1), _BATCH_EXTENTS):
            number += 1
            offsets = chunk.offsets[start : start + _BATCH_EXTENTS]
            sizes = np.diff(chunk.totals[start : start + _BATCH_EXTENTS + 1])
            record = Record(
                number, outcome.block_metadata_type or 0, outcome.volume_capacity_bytes or 0, offsets, sizes
            )
            yield Batch.whole(Records.of(record))
