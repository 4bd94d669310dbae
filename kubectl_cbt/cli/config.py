"""``config``: the settings of the screens, and where each value comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.diagnostics import Diagnostics
from kubectl_cbt.cli.map_settings import map_settings
from kubectl_cbt.cli.options import MapFlags
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.output.object_listing import ListColumn, ListFormat, ListPrinter, ListRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_cbt.tui.settings import EffectiveSettings, Setting

_COLUMNS = (ListColumn("SETTING"), ListColumn("VALUE"), ListColumn("SOURCE"), ListColumn("VARIABLE", wide=True))


def config(
    map_flags: MapFlags,
    output: Annotated[ListFormat, typer.Option("--output", "-o", help="Output format.")] = ListFormat.TABLE,
) -> None:
    """Print the settings and keys of the map and where each comes from.

    A flag has priority over an environment variable, the variable over the file, and the file over the default. The
    file is $XDG_CONFIG_HOME/kubectl-cbt/config.toml, by default in ~/.config; on Windows it is in %APPDATA%. To write
    it, select "Save settings" in the command palette of a map (Ctrl-P).

    \b
    Examples:
      kubectl cbt config
      kubectl cbt config -o json
      KUBECTL_CBT_SCALE=linear kubectl cbt config --palette gray
    """
    effective = map_settings(map_flags)
    printer = ListPrinter(output, "SettingList", _COLUMNS)
    write_stdout(printer.text(list(_rows(effective))), is_document=printer.is_document)
    diagnostics = Diagnostics()
    for problem in effective.problems:
        diagnostics.warning(problem)


def _rows(effective: EffectiveSettings) -> Iterator[ListRow]:
    from kubectl_cbt.tui.keymap import actions
    from kubectl_cbt.tui.settings import SETTINGS

    for setting in SETTINGS:
        yield _row(setting.name, getattr(effective.settings, setting.field), effective, setting)
    for action, key in actions().items():
        names = effective.settings.keys.get(action) or key.keys.split(",")
        yield _row(f"keys.{action}", list(names), effective)


def _row(
    name: str, value: str | bool | list[str], effective: EffectiveSettings, setting: Setting | None = None
) -> ListRow:
    from kubectl_cbt.tui.settings import SettingSource
    from kubectl_cbt.tui.settings_file import shown_path

    source, variable = effective.sources[name], setting.variable if setting else ""
    is_file = source is SettingSource.FILE and effective.path is not None
    origin = {
        SettingSource.FLAG: setting.flag if setting else "",
        SettingSource.ENVIRONMENT: variable,
        SettingSource.FILE: shown_path(effective.path) if effective.path else "",
        SettingSource.DEFAULT: "",
    }[source]
    cells = {
        "SETTING": name,
        "VALUE": _text(value),
        "SOURCE": f"{source} {origin}".rstrip(),
        "VARIABLE": variable,
    }
    document = {
        "name": name,
        "value": value,
        "source": source.value,
        "origin": str(effective.path) if is_file else origin or None,
        "variable": variable or None,
    }
    return ListRow(cells, name, document)


def _text(value: str | bool | list[str]) -> str:
    if isinstance(value, list):
        return " ".join(value)
    return str(value).lower() if isinstance(value, bool) else value
