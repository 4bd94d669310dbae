"""The app: colors, themes, help and exit, common to all screens."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES, Theme

from kubectl_cbt.analysis.heat_scale import SCALES, HeatScale, scale_named
from kubectl_cbt.output.drawing.painting import ColorScheme
from kubectl_cbt.output.drawing.tones import DARK_TONES, LIGHT_TONES
from kubectl_cbt.output.palettes import PALETTES, Palette, palette_named
from kubectl_cbt.tui.screens.base_screen import CbtScreen
from kubectl_cbt.tui.screens.text_screen import TextScreen
from kubectl_cbt.tui.settings import Settings, file_values
from kubectl_cbt.tui.settings_file import shown_path, write_settings_file
from kubectl_cbt.tui.text.help_text import key_lines
from kubectl_cbt.tui.textual_private import QuietApp

if TYPE_CHECKING:
    from kubectl_cbt.measuring.stream_meter import Limits
    from kubectl_cbt.tui.terminal_driver import TerminalDriver

DARK = Theme(
    name="cbt-dark",
    primary="#5b9bd5",
    secondary=DARK_TONES.faint,
    accent="#8ab8e6",
    foreground=DARK_TONES.foreground,
    background=DARK_TONES.background,
    surface=DARK_TONES.surface,
    panel="#1a202a",
    warning=DARK_TONES.warning,
    error=DARK_TONES.error,
    success=DARK_TONES.success,
    dark=True,
    variables={
        "quiet": DARK_TONES.quiet,
        "border-quiet": "#39424f",
        "border-focus": "#8ab8e6",
        "block-cursor": "#2f4666",
    },
)
LIGHT = Theme(
    name="cbt-light",
    primary="#2a6099",
    secondary=LIGHT_TONES.faint,
    accent="#1d5a99",
    foreground=LIGHT_TONES.foreground,
    background=LIGHT_TONES.background,
    surface=LIGHT_TONES.surface,
    panel="#e6e4dd",
    warning=LIGHT_TONES.warning,
    error=LIGHT_TONES.error,
    success=LIGHT_TONES.success,
    dark=False,
    variables={
        "quiet": LIGHT_TONES.quiet,
        "border-quiet": "#b5b1a5",
        "border-focus": "#1d5a99",
        "block-cursor": "#c9d9ec",
    },
)
_ANSI = BUILTIN_THEMES["ansi-dark"]
PLAIN = replace(
    _ANSI,
    name="cbt-plain",
    variables={
        **_ANSI.variables,
        "quiet": "ansi_default",
        "border-quiet": "ansi_default",
        "border-focus": "ansi_default",
        "block-cursor": "ansi_default",
    },
)


_OWN_THEMES = {"dark": DARK.name, "light": LIGHT.name}
"""Our themes by their name in the settings."""
_OWN_VARIABLES = ("quiet", "border-quiet", "border-focus", "block-cursor")


class CbtApp(QuietApp[None], inherit_bindings=False):
    """Shows one screen, and the screens it opens.

    Args:
        first: the first screen.
        limits: how many streams the screens may measure at once.
        colors: False draws in glyphs alone, for NO_COLOR and terminals with few colors.
        of_256: whether the terminal has only 256 colors.
        settings: at the start.
        settings_path: where "Save settings" writes them; None if there is no folder for them.

    Attributes:
        limits: as given.
        settings: those the app was started with; the panels of a map are shown by them.
        scale: the present one.
    """

    TITLE = "kubectl cbt"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c", "quit", "quit", show=False, priority=True)]

    def __init__(
        self,
        first: CbtScreen[Any],
        *,
        limits: Limits,
        colors: bool = True,
        of_256: bool = False,
        settings: Settings = Settings(),  # noqa: B008  # frozen
        settings_path: Path | None = None,
    ) -> None:
        super().__init__(ansi_color=None if colors else True, driver_class=_driver_class())
        self._first = first
        self.limits = limits
        self._colors = colors
        self._of_256 = of_256
        self.settings = settings
        self._settings_path = settings_path
        self._palette = palette_named(settings.palette)
        self.scale = scale_named(settings.scale)
        self.stopped_by: int | None = None
        self._event_loop: asyncio.AbstractEventLoop | None = None
        self._incomplete: dict[str, str] = {}
        for theme in (DARK, LIGHT, PLAIN):
            self.register_theme(theme)
        self.theme = _OWN_THEMES.get(settings.theme, settings.theme) if colors else PLAIN.name

    def on_mount(self) -> None:
        """Open the first screen."""
        self.theme_changed_signal.subscribe(self, lambda theme: self._colors_changed())
        self._event_loop = asyncio.get_running_loop()
        self.set_keymap({action: ",".join(names) for action, names in self.settings.keys.items()})
        self.push_screen(self._first)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Variables of our style sheet that other themes do not define."""
        theme = self.current_theme
        own = PLAIN if theme.ansi else DARK if theme.dark else LIGHT
        return {name: own.variables[name] for name in _OWN_VARIABLES}

    def stop(self, number: int) -> bool:
        """Exit because of a signal; False when the app does not run. Safe in any thread and signal handler."""
        if self._event_loop is None or self._event_loop.is_closed():
            return False
        if self.stopped_by is None:
            self.stopped_by = number
        self._event_loop.call_soon_threadsafe(self.exit)
        return True

    @property
    def terminal(self) -> TerminalDriver | None:
        """The terminal's driver; None before the app runs, and on platforms without our own."""
        own = _driver_class()
        return self.driver if own is not None and isinstance(self.driver, own) else None

    def note_incomplete_map(self, name: str, incomplete: str) -> None:
        """Store the line to print about a map after the terminal is restored; empty for a complete map."""
        self._incomplete.pop(name, None)
        if incomplete:
            self._incomplete[name] = incomplete

    @property
    def incomplete_maps(self) -> list[str]:
        """A line about each map that was closed incomplete, in order."""
        return list(self._incomplete.values())

    def go_back(self, screen: CbtScreen[Any]) -> None:
        """Close a screen, unless it is the first one."""
        if screen is not self._first:
            screen.dismiss()

    # Colors

    def color_scheme(self, *, both_layers: bool) -> ColorScheme:
        """The present colors of a map."""
        if not self._colors or self.current_theme.ansi:
            return ColorScheme(None, both_layers=both_layers)
        variables = self.theme_variables
        return ColorScheme(
            self._palette,
            dark=self.current_theme.dark,
            background=_hex(variables["surface"]),
            beyond=_hex(variables["background"]),
            faint=_hex(variables["secondary"]),
            both_layers=both_layers,
            of_256=self._of_256,
        )

    def next_palette(self) -> None:
        """Switch to the next palette."""
        self.use_palette(PALETTES[(PALETTES.index(self._palette) + 1) % len(PALETTES)])

    def use_palette(self, palette: Palette) -> None:
        """Draw heat in another palette."""
        self._palette = palette
        self._colors_changed()

    def use_scale(self, scale: HeatScale) -> None:
        """Draw heat on another scale."""
        self.scale = scale
        self._colors_changed()

    def _colors_changed(self) -> None:
        for screen in self._own_screens():
            screen.colors_changed()

    def _own_screens(self) -> list[CbtScreen[Any]]:
        return [screen for screen in self.screen_stack if isinstance(screen, CbtScreen)]

    def action_toggle_theme(self) -> None:
        """Switch between the light and the dark theme."""
        if self._colors:
            self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """Do nothing: Textual's own action writes to any path, which markup could choose. Use the map's export."""

    # Help

    def action_keys(self) -> None:
        """Show the help of the screen."""
        screen = self._keyed_screen
        self.push_screen(TextScreen("help", [*screen.help_lines(), *key_lines(screen.key_groups, screen.MOUSE)]))

    @property
    def _keyed_screen(self) -> CbtScreen[Any]:
        """The topmost screen that has keys of its own; the first one has."""
        return [screen for screen in self._own_screens() if screen.KEYS][-1]

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The actions of the screen, the palettes and the themes."""
        for group in self._keyed_screen.key_groups:
            for key in group.keys:
                if key.action != "app.command_palette":
                    yield SystemCommand(key.help, f"{group.title}, key {key.shown}", self._runner(screen, key.action))
        for palette in PALETTES:
            yield SystemCommand(
                f"Palette {palette.name}", palette.about, lambda palette=palette: self.use_palette(palette)
            )
        for scale in SCALES:
            yield SystemCommand(f"Scale {scale.name}", scale.about, lambda scale=scale: self.use_scale(scale))
        yield SystemCommand("Theme", "Choose a theme", self.action_change_theme)
        about = shown_path(self._settings_path) if self._settings_path else "there is no folder for them"
        yield SystemCommand(
            "Save settings", f"Theme, palette, scale, mouse, panels, keys: {about}", self._save_settings
        )

    # Settings

    @property
    def _present_settings(self) -> Settings:
        """The settings as the screens show them now."""
        names = {name: setting for setting, name in _OWN_THEMES.items()}
        theme = names.get(self.theme, self.theme) if self._colors else self.settings.theme
        settings = replace(self.settings, theme=theme, palette=self._palette.name, scale=self.scale.name)
        return self._keyed_screen.with_panels(settings)

    def _save_settings(self) -> None:
        path, screen = self._settings_path, self._keyed_screen
        if path is None:
            screen.notice("settings were not saved: there is no home directory; set XDG_CONFIG_HOME")
            return
        try:
            kept = write_settings_file(path, file_values(self._present_settings))
        except OSError as error:
            screen.notice(f"settings were not saved: {shown_path(path)}: {error.strerror or type(error).__name__}")
            return
        was_kept = f"; the previous file is {kept.name}" if kept else ""
        screen.notice(f"settings saved to {shown_path(path)}{was_kept}")

    def _runner(self, screen: Screen[Any], action: str) -> Any:
        async def run() -> None:
            await self.run_action(action, default_namespace=screen)

        return run


def _hex(color: str) -> str:
    from textual.color import Color

    return Color.parse(color).hex6.lower()


def _driver_class() -> type[TerminalDriver] | None:
    """The terminal driver to use; None for Textual's default."""
    if sys.platform == "win32":
        return None
    from kubectl_cbt.tui.terminal_driver import TerminalDriver

    return TerminalDriver
