"""``--record FILE``: recorders for the streams of a command."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_cbt.core.options import QueryOptions

if TYPE_CHECKING:
    from kubectl_cbt.model.resolved_query import Endpoint, ResolvedQuery
    from kubectl_cbt.wire.source import Source


def ignore(text: str) -> None:
    """A recording ends when a write fails; its stream continues."""


class Recorder:
    """Records the streams of a command if the options request it, each connection in a separate file.

    Args:
        warn: called with a message when a recording can no longer be written.
    """

    def __init__(self, options: QueryOptions, warn: Callable[[str], None] = ignore) -> None:
        self._options = options
        self._warn = warn
        self._sources = 0
        self._lock = threading.Lock()

    def record(self, source: Source, resolved: ResolvedQuery) -> Source:
        """The source, with all that it answers written to the next file; the source itself without ``--record``.

        Raises:
            UsageError: the file cannot be made, or is not empty; then the source is closed.
            OutputError: it cannot be written.
        """
        if self._options.record is None:
            return source
        from kubectl_cbt.recording.recorder import RecordingSource, RecordingWriter

        try:
            # Two streams that are opened at once must not choose the same file.
            with self._lock:
                path = next_recording_path(self._options.record, self._sources)
                self._sources += 1
                writer = RecordingWriter(path, _head(source, resolved, self._options), self._warn)
        except BaseException:
            source.close()
            raise
        return RecordingSource(source, writer)


def next_recording_path(first: Path, recordings: int) -> Path:
    """The file for one more recording: ``FILE``, then ``FILE-2`` or the next number that is free, and so on.

    Args:
        recordings: made before by this command.
    """
    if not recordings:
        return first
    number = recordings + 1
    while (path := first.with_stem(f"{first.stem}-{number}")).exists():
        number += 1
    return path


def _head(source: Source, resolved: ResolvedQuery, options: QueryOptions) -> dict[str, Any]:
    """The first record: no token, no secret, no CA, no path and no name of a user."""
    from kubectl_cbt.output.document import head
    from kubectl_cbt.system.versions import versions

    return {
        **versions(),
        "started": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "subject": head(resolved, None),
        "service": _service(resolved.endpoint),
        "driverVersion": source.origin.driver_version,
        "reached": source.origin.reached,
        "asking": {
            "retries": options.retries,
            "probe": not options.no_probe,
            "maxResultsIsOurs": options.max_results is None,
        },
    }


def _service(endpoint: Endpoint | None) -> dict[str, str] | None:
    if endpoint is None:
        return None
    return {
        "name": endpoint.service,
        "address": endpoint.address,
        "audience": endpoint.audience,
        "apiVersion": f"cbt.storage.k8s.io/{endpoint.version}",
    }
