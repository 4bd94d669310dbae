"""Starts the screens, if there is a terminal for them, and returns their exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from kubectl_cbt.cli.charset import why_ascii
from kubectl_cbt.cli.diagnostics import Diagnostics, ExitCode, is_a_terminal
from kubectl_cbt.cli.map_settings import map_settings
from kubectl_cbt.cli.options import MapFlags, TerminalFlags
from kubectl_cbt.cli.signals import terminated_by

if TYPE_CHECKING:
    from kubectl_cbt.model.backend import Backend, ClusterView, OpenStream
    from kubectl_cbt.model.comparison_outcome import ComparisonOutcome
    from kubectl_cbt.model.snapshot_entry import SnapshotEntry
    from kubectl_cbt.model.volume_history import VolumeHistory
    from kubectl_cbt.tui.app import CbtApp
    from kubectl_cbt.tui.comparison_loader import Compared
    from kubectl_cbt.tui.loader import Loader
    from kubectl_cbt.tui.screens.base_screen import CbtScreen
    from kubectl_cbt.tui.screens.map_screen import MapScreen

ShownLoader = TypeVar("ShownLoader", bound="Loader")

_EARLY_FAILURE_SECONDS = 0.4
"""How long to wait for a failure before the screen opens, so that the error is printed as usual."""

_FEW_COLORS = (None, "standard", "windows")


def wants_screen(output: str | None) -> bool:
    """Whether to show a screen: no output format was given, and there is a terminal for it."""
    return output is None and has_screen() and is_a_terminal(sys.stdin)


def has_screen() -> bool:
    """Whether standard output and error, which the screens use, are a terminal that can show them."""
    return _is_terminal() and not why_ascii(sys.stdout) and not why_ascii(sys.stderr)


def why_no_screen() -> str:
    """Why the terminal cannot show a screen; empty if it can, or if there is no terminal."""
    return (why_ascii(sys.stdout) or why_ascii(sys.stderr)) if _is_terminal() and is_a_terminal(sys.stdin) else ""


def _is_terminal() -> bool:
    return is_a_terminal(sys.stdout) and is_a_terminal(sys.stderr)


def show_map(opened: OpenStream, backend: Backend | None, map_flags: MapFlags, terminal: TerminalFlags) -> int:
    """Show the map of one stream until the user quits; returns the exit code.

    Raises:
        CbtError: the stream failed before its first message.
        Terminated: a signal ended it.
    """
    from kubectl_cbt.tui.loader import Loader
    from kubectl_cbt.tui.screens.map_screen import MapScreen

    return _show(Loader(opened), lambda loader: MapScreen(loader, backend), map_flags, terminal)


def show_comparison(compared: Compared, map_flags: MapFlags, terminal: TerminalFlags) -> ComparisonOutcome:
    """Show the map of a comparison until the user quits; returns what it showed then.

    Raises:
        CbtError: nothing could be compared.
        Terminated: a signal ended it.
    """
    from kubectl_cbt.tui.comparison_loader import ComparisonLoader
    from kubectl_cbt.tui.screens.comparison_screen import ComparisonScreen

    loader = ComparisonLoader(compared)
    _show(loader, ComparisonScreen, map_flags, terminal)
    return loader.frame.classes.outcome


def _show(
    loader: ShownLoader, screen: Callable[[ShownLoader], MapScreen], map_flags: MapFlags, terminal: TerminalFlags
) -> int:
    try:
        loader.start()
        loader.wait_for_first_frame(_EARLY_FAILURE_SECONDS)
        if loader.error is not None and not loader.frame.outcome.messages:
            raise loader.error
        return _run(screen(loader), map_flags, terminal)
    finally:
        loader.close()


def show_snapshots(
    view: ClusterView,
    entries: list[SnapshotEntry],
    refresh_seconds: float,
    map_flags: MapFlags,
    terminal: TerminalFlags,
) -> int:
    """Show the list of snapshots until the user quits; returns the exit code.

    Args:
        refresh_seconds: reload so often; 0 for never.
    """
    from kubectl_cbt.tui.screens.browse_screen import BrowseScreen

    return _run(BrowseScreen(view, entries, refresh_seconds), map_flags, terminal)


def show_timeline(backend: Backend, history: VolumeHistory, map_flags: MapFlags, terminal: TerminalFlags) -> int:
    """Show the timeline of a volume until the user quits; returns the exit code.

    Args:
        backend: opens the streams.
        history: the snapshots to show; the screen measures their deltas.
    """
    from kubectl_cbt.tui.screens.timeline_screen import TimelineScreen

    return _run(TimelineScreen(history, backend), map_flags, terminal)


def _run(first: CbtScreen[None], map_flags: MapFlags, terminal: TerminalFlags) -> int:
    from kubectl_cbt.cli.terminal import stdout_target
    from kubectl_cbt.cli.tui_signals import TuiStop
    from kubectl_cbt.core.stream_limits import StreamLimits
    from kubectl_cbt.tui.app import CbtApp

    effective = map_settings(map_flags)
    if effective.problems:
        first_problem, *more = effective.problems
        rest = f" (and {len(more)} more; see kubectl cbt config)" if more else ""
        Diagnostics().warning(f"{first_problem}; the default applies{rest}")
    color_system = stdout_target(terminal.color).color_system
    colors = color_system not in _FEW_COLORS
    # Textual turns color off only if NO_COLOR is set, to any value.
    if color_system is None:
        os.environ["NO_COLOR"] = "1"
    else:
        os.environ.pop("NO_COLOR", None)
    app = CbtApp(
        first,
        limits=StreamLimits(),
        colors=colors,
        of_256=color_system == "256",
        settings=effective.settings,
        settings_path=effective.path,
    )
    try:
        with TuiStop(app):
            app.run(mouse=effective.settings.mouse)
    finally:
        for text in app.incomplete_maps:
            Diagnostics().warning(text)
    return _exit_code(app)


def _exit_code(app: CbtApp) -> int:
    if app.bug is not None:
        raise app.bug
    if app.stopped_by is not None and app.stopped_by != signal.SIGINT:
        raise terminated_by(app.stopped_by)
    return ExitCode.DONE
