"""The settings of a command that shows a screen, from its flags, the environment and the file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubectl_cbt.cli.options import MapFlags
    from kubectl_cbt.tui.settings import EffectiveSettings


def map_settings(map_flags: MapFlags) -> EffectiveSettings:
    """The effective settings."""
    from kubectl_cbt.tui.settings import effective_settings
    from kubectl_cbt.tui.settings_file import read_settings_file, settings_path

    flags = {
        "theme": map_flags.theme,
        "palette": map_flags.palette,
        "scale": map_flags.scale,
        "mouse": map_flags.mouse,
    }
    return effective_settings(flags, os.environ, read_settings_file(settings_path(os.environ)))
