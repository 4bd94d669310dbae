"""The settings of the screens, and the sources of their values. A new setting is an entry of ``SETTINGS``.

Loads no Textual: ``kubectl cbt config`` shows the settings without a screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from kubectl_cbt.output.default_palette import DEFAULT_PALETTE
from kubectl_cbt.tui.keymap import Keymap, actions, valid_keymap
from kubectl_cbt.tui.settings_file import FileContent

Value = str | bool
"""The value of a setting: true or false, or one of a few names."""

_KEYS = "keys."
_MOST_NAMED = 6
"""How many choices an error names."""
ALWAYS, AUTO, NEVER = "always", "auto", "never"


class SettingSource(StrEnum):
    """Where a value comes from; an earlier source has priority over a later one."""

    FLAG = "flag"
    ENVIRONMENT = "env"
    FILE = "file"
    DEFAULT = "default"


def palette_names() -> tuple[str, ...]:
    """The names of the palettes."""
    from kubectl_cbt.output.palettes import PALETTES

    return tuple(palette.name for palette in PALETTES)


def scale_names() -> tuple[str, ...]:
    """The names of the scales of heat."""
    from kubectl_cbt.analysis.heat_scale import SCALES

    return tuple(scale.name for scale in SCALES)


def theme_names() -> tuple[str, ...]:
    """The names of our two themes, then those of Textual's."""
    from textual.theme import BUILTIN_THEMES

    return ("dark", "light", *sorted(BUILTIN_THEMES))


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: in the file; a setting of a table has its name in front, as in ``panels.details``.
        default: the value without any source.
        about: what it is, for the documentation.
        choices: returns the valid names; None if the setting is true or false.
        flag: the flag that sets it; empty if there is none.
    """

    name: str
    default: Value
    about: str
    choices: Callable[[], tuple[str, ...]] | None = None
    flag: str = ""

    @property
    def field(self) -> str:
        """The name without its table."""
        return self.name.rpartition(".")[2]

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"KUBECTL_CBT_{self.field.upper()}"

    def checked(self, value: Any) -> Value:
        """The value, if it is valid.

        Args:
            value: from a file or a flag (untrusted).

        Raises:
            ValueError: it has another type, or is not one of the choices.
        """
        if self.choices is None:
            if not isinstance(value, bool):
                raise ValueError(f"{value!r} is not true or false")
            return value
        # The default is valid; the others need not be loaded to check it.
        if value != self.default and value not in self.choices():
            first, more = self.choices()[:_MOST_NAMED], self.choices()[_MOST_NAMED:]
            raise ValueError(f"{value!r} is not one of {', '.join(first)}{', …' if more else ''}")
        return str(value)

    def parsed(self, text: str) -> Value:
        """The value of an environment variable.

        Raises:
            ValueError: it is not valid.
        """
        if self.choices is None:
            return self.checked({"true": True, "false": False}.get(text, text))
        return self.checked(text)


SETTINGS = (
    Setting("theme", "dark", "dark, light, or one of Textual's themes", theme_names, "--theme"),
    Setting("palette", DEFAULT_PALETTE, "the colors of heat", palette_names, "--palette"),
    Setting("scale", "log", "the scale of heat", scale_names, "--scale"),
    Setting("mouse", True, "whether the screens capture the mouse", flag="--mouse/--no-mouse"),
    Setting(
        "panels.details",
        AUTO,
        "cell details and extent list: always, never, or where the map has room beside them (auto)",
        lambda: (ALWAYS, AUTO, NEVER),
    ),
    Setting("panels.statistics", False, "whether a map opens with its statistics"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """A value for each of ``SETTINGS``, and the keys that the user changed."""

    theme: str = "dark"
    palette: str = DEFAULT_PALETTE
    scale: str = "log"
    mouse: bool = True
    details: str = AUTO
    statistics: bool = False
    keys: Keymap = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """The settings of a command.

    Attributes:
        settings: their values.
        sources: where each comes from, by the setting's name.
        problems: a text about each value that is not valid, and was ignored.
        path: of the file, which need not exist; None if there is no folder for it.
    """

    settings: Settings
    sources: dict[str, SettingSource]
    problems: tuple[str, ...] = ()
    path: Path | None = None


def effective_settings(
    flags: Mapping[str, Value | None], environment: Mapping[str, str], file: FileContent
) -> EffectiveSettings:
    """The settings of a command: flags have priority over the environment, the file and the defaults.

    Args:
        flags: values by the setting's name, already checked; None for a flag that was not given.
        environment: of the process (untrusted). An empty variable counts as not set.
        file: as read (untrusted).
    """
    values: dict[str, Any] = {}
    sources: dict[str, SettingSource] = {}
    problems = [file.problem] if file.problem else []
    found = dict(file.values)
    for setting in SETTINGS:
        value, source = setting.default, SettingSource.DEFAULT
        if setting.name in found:
            try:
                value, source = setting.checked(found.pop(setting.name)), SettingSource.FILE
            except ValueError as error:
                problems.append(f"{file.shown_path}: {setting.name}: {error}")
        if text := environment.get(setting.variable):
            try:
                value, source = setting.parsed(text), SettingSource.ENVIRONMENT
            except ValueError as error:
                problems.append(f"{setting.variable}: {error}")
        flag = flags.get(setting.name)
        if flag is not None:
            value, source = flag, SettingSource.FLAG
        values[setting.field], sources[setting.name] = value, source
    keys = {name.removeprefix(_KEYS): found.pop(name) for name in file.values if name.startswith(_KEYS)}
    keymap, wrong = valid_keymap(keys)
    sources |= {
        _KEYS + action: SettingSource.FILE if action in keymap else SettingSource.DEFAULT for action in actions()
    }
    problems += [f"{file.shown_path}: {_KEYS}{action}: {problem}" for action, problem in wrong.items()]
    problems += [f"{file.shown_path}: {name}: unknown setting" for name in found]
    return EffectiveSettings(Settings(**values, keys=keymap), sources, tuple(problems), file.path)


def file_values(settings: Settings) -> dict[str, Value | list[str]]:
    """All settings and the changed keys by name, to be written to the file."""
    values: dict[str, Value | list[str]] = {setting.name: getattr(settings, setting.field) for setting in SETTINGS}
    return values | {_KEYS + action: list(names) for action, names in settings.keys.items()}
