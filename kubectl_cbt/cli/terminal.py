"""The properties of standard output: its width, its colors, whether it is a terminal."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace

from kubectl_cbt.analysis.heat_scale import LOG, scale_named
from kubectl_cbt.cli.charset import why_dumb
from kubectl_cbt.cli.diagnostics import is_a_terminal
from kubectl_cbt.cli.options import ColorWhen, MapFlags, PictureFlags, TerminalFlags
from kubectl_cbt.output.default_palette import DEFAULT_PALETTE
from kubectl_cbt.output.picture_size import DEFAULT_PICTURE_SIZE
from kubectl_cbt.output.writer import OutputTarget


def stdout_target(color: ColorWhen) -> OutputTarget:
    """Describe standard output for the writers."""
    is_terminal = is_a_terminal(sys.stdout)
    return OutputTarget(
        width=shutil.get_terminal_size().columns,
        is_terminal=is_terminal,
        color_system=_color_system(color, is_terminal=is_terminal),
    )


def picture_target(terminal: TerminalFlags, map_flags: MapFlags, picture: PictureFlags) -> OutputTarget:
    """As :func:`stdout_target`, with the look of a picture."""
    return replace(
        stdout_target(terminal.color),
        scale=scale_named(map_flags.scale) if map_flags.scale else LOG,
        palette=map_flags.palette or DEFAULT_PALETTE,
        is_dark=map_flags.theme != "light",
        picture_size=picture.size or DEFAULT_PICTURE_SIZE,
    )


def _color_system(color: ColorWhen, *, is_terminal: bool) -> str | None:
    if color is ColorWhen.NEVER:
        return None
    if color is ColorWhen.AUTO and (not is_terminal or why_dumb() or os.environ.get("NO_COLOR")):
        return None
    from rich.console import Console

    detected = Console(force_terminal=True).color_system
    return detected or ("standard" if color is ColorWhen.ALWAYS else None)
