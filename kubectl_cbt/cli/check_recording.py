"""``check FILE``: check a recording instead of a driver."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_cbt.cli.options import TerminalFlags
from kubectl_cbt.errors import DocumentError, UsageError
from kubectl_cbt.system.limits import MAX_MESSAGE_BYTES

if TYPE_CHECKING:
    from kubectl_cbt.checks.conformance.cases import Case
    from kubectl_cbt.output.report import ReportFormat
    from kubectl_cbt.recording.format import Recording
    from kubectl_cbt.recording.replay import ReplayedStream


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
    terminal: TerminalFlags,
    max_message_bytes: int = MAX_MESSAGE_BYTES,
) -> int:
    """Check a recorded stream; returns the exit code.

    Args:
        others: further arguments, which must be None or empty.

    Raises:
        DocumentError: the file cannot be read.
        UsageError: there are further arguments.
    """
    from kubectl_cbt.checks.conformance.recorded_context import RecordedContext
    from kubectl_cbt.checks.runner import run
    from kubectl_cbt.cli.diagnostics import Diagnostics
    from kubectl_cbt.cli.print_findings import print_report
    from kubectl_cbt.core.file_backend import open_recording
    from kubectl_cbt.documents.open_document import recognise

    if any(others):
        raise UsageError("a recording is checked by itself: check FILE", hint="other snapshots are not part of it")
    try:
        data = Path(file).open("rb")  # noqa: SIM115  # closed below
    except OSError as error:
        raise DocumentError(f"{file}: {error.strerror}") from error
    with data:
        recording, source, stream = open_recording(recognise(data, file).rewound(), max_message_bytes)
        context = RecordedContext(source, stream)
    code = print_report(
        lambda on_start: run(cases, context, on_start),
        output,
        f"check {file}",
        _about(recording, stream),
        terminal,
    )
    if context.unread is not None:
        # Everything before the error was checked.
        return Diagnostics(verbosity=terminal.verbosity).error(context.unread)
    return code


def _about(recording: Recording, stream: ReplayedStream) -> dict[str, str]:
    """The facts at the top of the report."""
    resolved = stream.resolved
    base = resolved.base.ref.name if resolved.base else resolved.query.base
    head = recording.head
    service = head.get("service")
    about = {
        "driver": f"{resolved.target.driver} {head.get('driverVersion') or ''}".strip(),
        "service": f"{service.get('name')} at {service.get('address')}" if isinstance(service, dict) else "",
        "question": f"{stream.operation} {f'{base} → ' if base else ''}{resolved.target.ref}",
        "recorded": f"{_text(head, 'started')} by kubectl-cbt {_text(head, 'clientVersion')}",
    }
    return {what: value for what, value in about.items() if value}


def _text(head: dict[str, Any], key: str) -> str:
    return str(head.get(key) or "unknown")
