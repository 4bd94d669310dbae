"""Recordings where documents and snapshots are named: ``open FILE`` and ``check FILE``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_cbt.cli.options import Terminal
from kubectl_cbt.errors import DocumentError, UsageError
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from kubectl_cbt.checks.conformance.case import Case
    from kubectl_cbt.documents.byte_source import RewindableInput
    from kubectl_cbt.output.report import ReportFormat
    from kubectl_cbt.recording.format import Recording
    from kubectl_cbt.recording.recorded_source import RecordedSource
    from kubectl_cbt.recording.replay import ReplayedStream


def open_recording(
    source: RewindableInput, kind: str | None = None, max_message_bytes: int = MAX_MESSAGE_BYTES
) -> ReplayedStream:
    """The stream that was recorded.

    Args:
        kind: the expected kind; None accepts either.
        max_message_bytes: a larger message ends the stream with an error.

    Raises:
        DocumentError: it is damaged, ends before its stream, or is of another kind.
    """
    stream = _replayed(source, max_message_bytes)[2]
    if kind not in (None, stream.kind):
        raise DocumentError(f"{source.name} is a recording of kind {stream.kind}, not {kind}")
    return stream


def is_recording(name: str) -> bool:
    """Whether an argument names a recording rather than a snapshot, by its suffix or its first bytes."""
    from kubectl_cbt.documents.kinds import RECORDING
    from kubectl_cbt.documents.open_document import recognise
    from kubectl_cbt.recording.format import SUFFIX

    if name.endswith(SUFFIX):
        return True
    try:
        with Path(name).open("rb") as data:
            return recognise(data, name).kind is RECORDING
    except (OSError, DocumentError):
        return False


def check_recording(
    file: str,
    others: Sequence[str | None],
    cases: Sequence[Case],
    output: ReportFormat,
    terminal: Terminal,
    max_message_bytes: int = MAX_MESSAGE_BYTES,
) -> int:
    """Judge what was recorded; returns the exit code.

    Args:
        others: what else was named on the command line, None and empty for what was not.

    Raises:
        DocumentError: it cannot be read.
        UsageError: something else was named.
    """
    from kubectl_cbt.checks.conformance.case_runner import run
    from kubectl_cbt.checks.conformance.recorded_context import LACKS, RecordedContext, for_recordings
    from kubectl_cbt.cli.diagnostics import Diagnostics
    from kubectl_cbt.cli.print_findings import print_report
    from kubectl_cbt.documents.byte_source import RewindableInput

    if any(others):
        raise UsageError("a recording is checked by itself: check FILE", hint="what else there is was not recorded")
    try:
        data = Path(file).open("rb")  # noqa: SIM115  # closed below
    except OSError as error:
        raise DocumentError(f"{file}: {error.strerror}") from error
    with data:
        recording, source, stream = _replayed(RewindableInput(data, file), max_message_bytes)
        context = RecordedContext(source, stream)
    code = print_report(
        lambda on_start: run(for_recordings(cases), context, LACKS, lambda case: on_start(case.id)),
        output,
        f"check {file}",
        _about(recording, stream),
        terminal,
    )
    if context.unread is not None:
        # What can be read of it was judged, and the rest of it was not.
        return Diagnostics(verbosity=terminal.verbosity).error(context.unread)
    return code


def _replayed(data: RewindableInput, max_message_bytes: int) -> tuple[Recording, RecordedSource, ReplayedStream]:
    from kubectl_cbt.documents.document_head import read_head
    from kubectl_cbt.documents.object_fields import ObjectFields
    from kubectl_cbt.recording.format import Recording
    from kubectl_cbt.recording.recorded_source import RecordedSource
    from kubectl_cbt.recording.replay import ReplayedStream, StreamSettings

    recording = Recording(data, max_message_bytes)
    fields = ObjectFields(data.name, recording.head)
    asking = fields.object("asking")
    fields.object("subject")
    asked = read_head(data.name, recording.head["subject"]).asked
    how = StreamSettings(asking.count("retries"), asking.flag("probe"), asking.flag("maxResultsIsOurs"))
    source = RecordedSource(recording)
    return recording, source, ReplayedStream(source, asked, how)


def _about(recording: Recording, stream: ReplayedStream) -> dict[str, str]:
    """What stands at the top of a report."""
    target = stream.asked.target
    base = target.base.ref.name if target.base else target.base_handle
    head = recording.head
    service = head.get("service")
    about = {
        "driver": f"{target.snapshot.driver} {head.get('driverVersion') or ''}".strip(),
        "service": f"{service.get('name')} at {service.get('address')}" if isinstance(service, dict) else "",
        "question": f"{stream.kind} {f'{base} → ' if base else ''}{target.snapshot.ref}",
        "recorded": f"{_text(head, 'started')} by kubectl-cbt {_text(head, 'clientVersion')}",
    }
    return {what: value for what, value in about.items() if value}


def _text(head: dict[str, Any], key: str) -> str:
    return str(head.get(key) or "unknown")
