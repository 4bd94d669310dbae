"""The properties of standard output: its width, its colors, whether it is a terminal."""

from __future__ import annotations

import os
import shutil
import sys

from kubectl_cbt.cli.charset import why_dumb
from kubectl_cbt.cli.diagnostics import is_a_terminal
from kubectl_cbt.cli.options import ColorWhen
from kubectl_cbt.output.writer import OutputTarget


def stdout_target(color: ColorWhen) -> OutputTarget:
    """Describe standard output for the writers."""
    is_terminal = is_a_terminal(sys.stdout)
    return OutputTarget(
        width=shutil.get_terminal_size().columns,
        is_terminal=is_terminal,
        color_system=_color_system(color, is_terminal=is_terminal),
    )


def _color_system(color: ColorWhen, *, is_terminal: bool) -> str | None:
    if color is ColorWhen.NEVER:
        return None
    if color is ColorWhen.AUTO and (not is_terminal or why_dumb() or os.environ.get("NO_COLOR")):
        return None
    from rich.console import Console

    detected = Console(force_terminal=True).color_system
    return detected or ("standard" if color is ColorWhen.ALWAYS else None)
