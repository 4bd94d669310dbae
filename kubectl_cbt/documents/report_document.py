"""Reads what ``report -o json`` or ``-o ndjson`` printed: for ``--resume-from`` and ``--diff``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn

import orjson

from kubectl_cbt.documents.object_fields import ObjectFields
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.api_version import API_VERSION, REPORT_END_KIND, REPORT_KIND
from kubectl_cbt.model.results import Failure
from kubectl_cbt.model.volume_report import (
    CELLS,
    MeasuredStream,
    ReportRow,
    ReportScope,
    VolumeReport,
    in_order,
    packed_cells,
)

_HINT = "give a file that kubectl cbt report -o json or -o ndjson wrote to its end"


def read_report(file: BinaryIO, name: str) -> VolumeReport:
    """Read a report.

    Args:
        name: of the file, for messages.

    Raises:
        DocumentError: it is not one, or is truncated; with the line.
    """
    try:
        data = file.read()
    except OSError as error:
        raise DocumentError(f"{name} cannot be read: {error.strerror}") from error
    if not data.strip():
        raise _error(name, 1, "it is empty")
    head = _parsed_or_none(data.lstrip().partition(b"\n")[0])
    if isinstance(head, dict) and "volumes" not in head:
        return _of_lines(name, data)
    document = _object(name, _parsed(name, data), 1)
    fields = ObjectFields(name, document, hint=_HINT)
    report = head_of(name, 1, document, fields)
    rows = tuple(row_of(volume) for volume in fields.objects("volumes"))
    return _with(report, rows, fields.object_or_null("error"))


def _of_lines(name: str, data: bytes) -> VolumeReport:
    lines = _lines(name, data)
    number, values = next(lines)
    if "shard" in values:
        raise _error(name, number, "it is a part of a report: merge all parts with --merge first")
    report = head_of(name, number, values, ObjectFields(name, values, f"line {number}: ", _HINT))
    rows: list[ReportRow] = []
    for number, values in lines:
        fields = ObjectFields(name, values, f"line {number}: ", _HINT)
        if values.get("kind") != REPORT_END_KIND:
            rows.append(row_of(fields))
            continue
        if fields.count("volumes") != len(rows):
            raise _error(name, number, f"it declares {values['volumes']} volumes, but {len(rows)} are before it")
        for extra, _ in lines:
            raise _error(name, extra, "unexpected data after the end of the report")
        return _with(report, tuple(rows), fields.object_or_null("error"))
    raise _error(name, number, "the report ends here without its last line")


def _lines(name: str, data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield number, _object(name, _parsed(name, line, number), number)


def head_of(name: str, line: int, values: dict[str, Any], fields: ObjectFields) -> VolumeReport:
    """The head of a report, without its volumes."""
    kind = values.get("kind"), values.get("apiVersion")
    if kind != (REPORT_KIND, API_VERSION):
        raise _error(name, line, f"it is not a {REPORT_KIND} of {API_VERSION}")
    generated = fields.time_or_null("generated")
    chunk_bytes, rate = fields.count("chunkBytes"), fields.count("rateBytesPerSecond")
    if generated is None or not chunk_bytes or not rate:
        raise _error(name, line, "generated, chunkBytes and rateBytesPerSecond must have values")
    scope = fields.object("scope")
    return VolumeReport(
        generated,
        ReportScope(
            scope.text_or_null("context") or "",
            scope.text_or_null("namespace"),
            scope.text_or_null("selector") or "",
            scope.text_or_null("driver") or "",
        ),
        chunk_bytes,
        rate,
        fields.flag("streams"),
        (),
    )


def _with(report: VolumeReport, rows: tuple[ReportRow, ...], error: ObjectFields | None) -> VolumeReport:
    return VolumeReport(
        report.generated,
        report.scope,
        report.chunk_bytes,
        report.rate,
        report.has_streams,
        in_order(rows),
        failure_of(error),
    )


def row_of(fields: ObjectFields) -> ReportRow:
    """One volume."""
    snapshots = fields.object("snapshots")
    full, delta = fields.object_or_null("full"), fields.object_or_null("delta")
    return ReportRow(
        key=fields.text("key"),
        namespace=fields.text("namespace"),
        claim=fields.text_or_null("claim"),
        claim_exists=fields.flag_or_null("claimExists"),
        driver=fields.text_or_null("driver") or "",
        volume_handle=fields.text_or_null("volumeHandle"),
        size_bytes=fields.count_or_null("sizeBytes"),
        snapshots=snapshots.count("number"),
        usable=snapshots.count("usable"),
        oldest=snapshots.time_or_null("oldest"),
        newest=snapshots.time_or_null("newest"),
        recovery_point=snapshots.time_or_null("recoveryPoint"),
        obstacle=fields.text_or_null("obstacle") or "",
        interval_seconds=fields.seconds_or_null("intervalSeconds"),
        full=_stream(full) if full is not None else None,
        delta=_stream(delta) if delta is not None else None,
    )


def _stream(fields: ObjectFields) -> MeasuredStream:
    cells = fields.counts("cells")
    if len(cells) not in (0, CELLS):
        raise fields.error(f"a stream has {len(cells)} cells, not {CELLS}")
    complete, error = fields.flag("complete"), fields.object_or_null("error")
    if complete and fields.count_or_null("coveredBytes") is None:
        raise fields.error("a complete stream has no coveredBytes")
    return MeasuredStream(
        base=fields.text_or_null("base"),
        target=fields.text("snapshot"),
        contents=fields.texts("contents"),
        is_complete=complete,
        covered_bytes=fields.count_or_null("coveredBytes"),
        cost_bytes=fields.count_or_null("costBytes"),
        capacity_bytes=fields.count_or_null("capacityBytes"),
        rules=fields.texts("rulesBroken"),
        failure=failure_of(error),
        cells=packed_cells(cells),
        known_bytes=fields.count("knownBytes"),
    )


def failure_of(fields: ObjectFields | None) -> Failure | None:
    """An ``error``; None for null."""
    if fields is None:
        return None
    return Failure(fields.text("type"), fields.text("code"), fields.text("message"), fields.text("hint"))


def _parsed(name: str, data: bytes, line: int | None = None) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        _raise(name, error, line)


def _raise(name: str, error: orjson.JSONDecodeError, line: int | None) -> NoReturn:
    raise _error(name, line or error.lineno, error.msg.partition(":")[0] or "invalid JSON") from error


def _parsed_or_none(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def _object(name: str, value: Any, line: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _error(name, line, "it is not an object")
    return value


def _error(name: str, line: int, message: str) -> DocumentError:
    return DocumentError(f"{name} is not a complete report: line {line}: {message}", hint=_HINT)
