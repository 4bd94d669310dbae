"""Reads the parts of a report that ran in shards: files, or the logs of the pods one after the other.

Lines of different shards may be mixed: a volume's key decides which part it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

import orjson

from kubectl_cbt.documents.object_fields import ObjectFields
from kubectl_cbt.documents.report_document import failure_of, head_of, row_of
from kubectl_cbt.errors import DocumentError
from kubectl_cbt.model.api_version import REPORT_END_KIND, REPORT_KIND
from kubectl_cbt.model.report_part import ReportPart, Shard, shard_index
from kubectl_cbt.model.results import Failure
from kubectl_cbt.model.volume_report import ReportRow, VolumeReport, in_order
from kubectl_cbt.units import printable

_HINT = "give what kubectl cbt report --shard INDEX/COUNT -o ndjson wrote: files, or the logs of the pods"
_LOG_HINT = "if these are logs, kubectl logs needs --tail=-1, and may return only the end of a log that was rotated"
_HEAD = b'{"apiVersion"'
"""Begins a head or an end; a log that was cut in the middle of a line has one right after it."""
_LONGEST_LIST = 20
_LONGEST_KIND = 40


@dataclass(frozen=True, slots=True)
class MergedReport:
    """One report of all parts.

    Attributes:
        report: with a failure if a shard is missing or incomplete.
        notes: what in the input is not part of a report.
    """

    report: VolumeReport
    notes: tuple[str, ...]


def merge_parts(files: Iterable[tuple[BinaryIO, str]]) -> MergedReport:
    """Read the parts in all files, each with its name for messages.

    Raises:
        DocumentError: there is no part, a line is not one of a part, parts have different settings, or a shard is there
            twice with different volumes.
    """
    reader = _PartReader()
    for file, name in files:
        reader.read(file, name)
    return reader.merged()


@dataclass(slots=True)
class _Attempt:
    """One run of a shard.

    Attributes:
        where: file and line of its head.
        problem: why it is incomplete; empty for a part that is whole.
    """

    where: str
    head: VolumeReport
    part: ReportPart
    rows: dict[str, ReportRow] = field(default_factory=dict)
    problem: str = "it has no last line"
    has_ended: bool = False


class _PartReader:
    def __init__(self) -> None:
        self._attempts: dict[int, list[_Attempt]] = {}
        self._first: _Attempt | None = None
        self._last: _Attempt | None = None
        self._foreign: list[str] = []

    def read(self, file: BinaryIO, name: str) -> None:
        self._last = None
        try:
            for number, line in enumerate(file, 1):
                for text in _divided(line):
                    self._line(name, number, text)
        except OSError as error:
            raise DocumentError(f"{name} cannot be read: {error.strerror}") from error

    def _line(self, name: str, number: int, text: bytes) -> None:
        where = f"{name}: line {number}"
        if not text.startswith(b"{"):
            self._foreign.append(where)  # a message on stderr, which logs contain too
            return
        try:
            values = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            if self._last is None:
                raise DocumentError(f"{where}: {error.msg.partition(':')[0]}", hint=_HINT) from error
            self._last.problem, self._last.has_ended = f"{where} is cut or damaged", True
            return
        fields = ObjectFields(name, values, f"line {number}: ", _HINT)
        kind = values.get("kind")
        if kind == REPORT_KIND:
            self._begin(where, name, number, values, fields)
        elif kind == REPORT_END_KIND:
            self._end(where, fields)
        elif kind is not None:
            raise DocumentError(f"{where}: this is not a line of a part, but of kind {_shortened(kind)}", hint=_HINT)
        else:
            self._volume(where, fields)

    def _begin(self, where: str, name: str, number: int, values: dict[str, Any], fields: ObjectFields) -> None:
        if "shard" not in fields or "volumes" in fields:
            raise DocumentError(f"{where}: this is a whole report, not a part", hint=_HINT)
        head = head_of(name, number, values, fields)
        part = _part(where, fields.object("shard"))
        self._last = attempt = _Attempt(where, head, part)
        self._first = self._first or attempt
        for setting, value in _settings(attempt).items():
            first = _settings(self._first)[setting]
            if value != first:
                raise DocumentError(
                    f"{where}: {part.shard} was made with {setting} {_shown(value)},"
                    f" but {self._first.where} with {_shown(first)}",
                    hint="merge parts of one run with the same flags",
                )
        self._attempts.setdefault(part.shard.index, []).append(attempt)

    def _volume(self, where: str, fields: ObjectFields) -> None:
        row = row_of(fields)
        attempt = self._attempt(where, shard_index(row.key, self._count), f"volume {row.key}")
        if row.key in attempt.rows:
            raise DocumentError(f"{where}: volume {row.key} is there twice", hint=_HINT)
        attempt.rows[row.key] = row

    def _end(self, where: str, fields: ObjectFields) -> None:
        if "shard" not in fields:
            raise DocumentError(f"{where}: this is the end of a whole report, not of a part", hint=_HINT)
        index = fields.object("shard").count("index")
        attempt = self._attempt(where, index, f"the end of shard {index}")
        if attempt.has_ended:
            return  # a damaged line before
        attempt.has_ended, attempt.problem = True, ""
        failure = failure_of(fields.object_or_null("error"))
        if fields.count("volumes") != len(attempt.rows):
            attempt.problem = f"{where} declares {fields.count('volumes')} volumes, but {len(attempt.rows)} are there"
        elif failure is not None:
            attempt.problem = failure.message

    @property
    def _count(self) -> int:
        return self._first.part.shard.count if self._first is not None else 1

    def _attempt(self, where: str, index: int, what: str) -> _Attempt:
        found = self._attempts.get(index)
        if not found:
            raise DocumentError(f"{where}: {what} comes before the first line of its part", hint=_LOG_HINT)
        self._last = found[-1]
        return found[-1]

    def merged(self) -> MergedReport:
        if self._first is None:
            raise DocumentError("there is no part of a report in the input", hint=_HINT)
        chosen = [_chosen(self._attempts[index]) for index in sorted(self._attempts)]
        first, count = chosen[0], self._count
        report = replace(
            first.head,
            generated=self._first.part.now or max(one.head.generated for one in chosen),
            rows=in_order(row for one in chosen for row in one.rows.values()),
            failure=_failure([index for index in range(count) if index not in self._attempts], chosen, count),
        )
        return MergedReport(report, tuple(self._notes()))

    def _notes(self) -> Iterator[str]:
        if self._foreign:
            number = len(self._foreign)
            lines = "1 line is" if number == 1 else f"{number} lines are"
            yield f"{lines} not part of a report, the first at {self._foreign[0]}"


def _shortened(kind: object) -> str:
    return printable(str(kind))[:_LONGEST_KIND]


def _divided(line: bytes) -> Iterator[bytes]:
    """The texts of a line: where a log was cut in the middle of a line, the next one begins on it."""
    start = 0
    while (found := line.find(_HEAD, start + 1)) > 0:
        yield line[start:found]
        start = found
    if text := line[start:].strip():
        yield text


def _part(where: str, fields: ObjectFields) -> ReportPart:
    try:
        shard = Shard(fields.count("index"), fields.count("count"))
    except ValueError as error:
        raise DocumentError(f"{where}: {error}", hint=_HINT) from error
    return ReportPart(shard, fields.time_or_null("now"), fields.text_or_null("run") or "")


def _settings(attempt: _Attempt) -> dict[str, object]:
    """What all parts must have in common, by the name for messages."""
    head, part = attempt.head, attempt.part
    return {
        "--shards": part.shard.count,
        "--chunk": head.chunk_bytes,
        "--rate": head.rate,
        "--now": part.now,
        "streams": head.has_streams,
        "namespace": head.scope.namespace,
        "--selector": head.scope.selector,
        "--driver": head.scope.driver,
        "run": part.run,
    }


def _shown(value: object) -> str:
    return "none" if value in (None, "") else str(value)


def _chosen(attempts: list[_Attempt]) -> _Attempt:
    """The attempt that counts: a whole one, else the one with most volumes, the later of two."""
    whole = [one for one in attempts if not one.problem]
    for one in whole[1:]:
        if one.rows != whole[0].rows:
            raise DocumentError(
                f"{one.where}: {one.part.shard} is there twice with different volumes, the first time at"
                f" {whole[0].where}",
                hint="leave one of them out",
            )
    return max(reversed(whole or attempts), key=lambda one: len(one.rows))


def _failure(missing: list[int], chosen: list[_Attempt], count: int) -> Failure | None:
    """Why the merged report is incomplete; None if it is whole."""
    reasons = [f"{_listed(missing)} of {count} missing"] if missing else []
    incomplete = [one for one in chosen if one.problem]
    reasons += [f"{one.part.shard} incomplete: {one.problem}" for one in incomplete[:_LONGEST_LIST]]
    if len(incomplete) > _LONGEST_LIST:
        reasons.append(f"{len(incomplete) - _LONGEST_LIST} more incomplete")
    if not reasons:
        return None
    again = missing[0] if missing else incomplete[0].part.shard.index
    hint = f"run what is missing again with the same flags, for example --shard {again}/{count}, and merge all parts"
    return Failure(DocumentError.kind, "", "; ".join(reasons), hint)


def _listed(indexes: list[int]) -> str:
    """Numbers with runs as ranges: ``shards 0, 2-5``."""
    runs: list[tuple[int, int]] = []
    for index in indexes:
        if runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    more = [f"{len(texts) - _LONGEST_LIST} more"] if len(texts) > _LONGEST_LIST else []
    return f"{'shard' if len(indexes) == 1 else 'shards'} {', '.join(texts[:_LONGEST_LIST] + more)}"
