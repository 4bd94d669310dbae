"""``--record FILE``: what is kept of a stream beside its messages, and what is said when that fails."""

from __future__ import annotations

import atexit
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_cbt.cli.access import Access
from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.launch_tui import wants_screen
from kubectl_cbt.cli.options import Asking
from kubectl_cbt.cli.version import versions
from kubectl_cbt.model.route import DirectRoute

if TYPE_CHECKING:
    from kubectl_cbt.model.resolved_query import Endpoint
    from kubectl_cbt.model.results import Asked
    from kubectl_cbt.model.route import Route
    from kubectl_cbt.wire.source import Source


def recorded(source: Source, asked: Asked, asking: Asking, path: Path, reached: str) -> Source:
    """The source, with all that it answers kept in a file; nothing is asked yet.

    Args:
        reached: by which way, see :class:`NotedAccess`; empty for a driver's socket.

    Raises:
        UsageError: the file is not there to be written; then the source is closed.
        OutputError: it cannot be written.
    """
    from kubectl_cbt.recording.recorder import RecordingSource, RecordingWriter

    try:
        writer = RecordingWriter(path, _head(source, asked, asking, reached), _warnings(asking))
    except BaseException:
        source.close()
        raise
    return RecordingSource(source, writer)


def next_recording_path(asking: Asking, streams: int) -> Asking:
    """The options for a stream that a screen opens behind that many others: a recording is of one stream.

    The second is recorded in ``FILE-2``, or whichever next number is free, and so on.
    """
    if asking.record is None or not streams:
        return asking
    first, number = asking.record, streams + 1
    while (path := first.with_stem(f"{first.stem}-{number}")).exists():
        number += 1
    return replace(asking, record=path)


class Recorder:
    """Records the streams of a command, as far as ``--record`` says so: each source in a file of its own."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._sources = 0

    def recorded(self, source: Source, asked: Asked, reached: str = "") -> Source:
        """The source, with all that it answers kept in the next file.

        Args:
            reached: by which way, for a recording; empty for a driver's socket.

        Raises:
            UsageError: there is a file already where it is to be recorded; then the source is closed.
        """
        asking = next_recording_path(self._asking, self._sources)
        if asking.record is not None:
            source = recorded(source, asked, asking, asking.record, reached)
        self._sources += 1
        return source


class NotedAccess(Access):
    """Notes by which way a service is reached.

    Attributes:
        reached: ``direct`` or ``port-forward``; empty until a source was made.
    """

    reached = ""

    def route(self, endpoint: Endpoint) -> Route:
        route = super().route(endpoint)
        self.reached = "direct" if isinstance(route, DirectRoute) else "port-forward"
        return route


def _head(source: Source, asked: Asked, asking: Asking, reached: str) -> dict[str, Any]:
    """The first record: no token, no secret, no CA, no path and no name of a user."""
    from kubectl_cbt.output.document import head

    return {
        **versions(),
        "started": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "subject": head(asked, None),
        "service": _service(asked),
        "driverVersion": _driver_version(source),
        "reached": reached or "csi-socket",
        "asking": {
            "retries": asking.retries,
            "probe": not asking.no_probe,
            "maxResultsIsOurs": asking.max_results is None,
        },
    }


def _service(asked: Asked) -> dict[str, str] | None:
    from kubectl_cbt.model.resolved_query import Target

    if not isinstance(asked.target, Target):
        return None
    endpoint = asked.target.endpoint
    return {
        "name": endpoint.service,
        "address": endpoint.address,
        "audience": endpoint.audience,
        "apiVersion": f"cbt.storage.k8s.io/{endpoint.version}",
    }


def _driver_version(source: Source) -> str | None:
    """What a driver says of itself at its own socket."""
    from kubectl_cbt.wire.csi import CsiSource

    return source.plugin.version if isinstance(source, CsiSource) and source.plugin else None


def _warnings(asking: Asking) -> _Warnings:
    return _Warnings(behind_screen=wants_screen(asking.output))


class _Warnings:
    """Says what the recording has to say: at once, or behind a screen once that is gone."""

    def __init__(self, *, behind_screen: bool) -> None:
        self._behind_screen = behind_screen
        self._said = ""

    def __call__(self, text: str) -> None:
        if not self._behind_screen:
            Diagnostics().warning(text)
        elif text != self._said:
            # The map that is recorded may be left long before the screens are.
            atexit.register(Diagnostics().warning, text)
        self._said = text
