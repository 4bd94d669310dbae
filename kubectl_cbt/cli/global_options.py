"""``options``: kubectl's own flags, which every verb that talks to a cluster takes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_type_hints

from kubectl_cbt.cli.options import Cluster
from kubectl_cbt.cli.stdout import write_stdout


def options() -> None:
    """List kubectl's flags that every command takes.

    They mean what they mean to kubectl. All flags come after "cbt".
    """
    rows = [_row(hint.__metadata__[0]) for hint in _hints().values()]
    width = max(len(names) for names, _ in rows)
    write_stdout("".join(f"  {names:<{width}}  {text}\n" for names, text in sorted(rows, key=_by_long_name)))


def _hints() -> dict[str, Any]:
    hints = get_type_hints(Cluster, include_extras=True)
    return {field.name: hints[field.name] for field in fields(Cluster)}


def _row(option: Any) -> tuple[str, str]:
    names = (option.default, *option.param_decls) if isinstance(option.default, str) else option.param_decls
    short = "".join(f"{name}, " for name in names if not name.startswith("--"))
    long = " ".join(name for name in names if name.startswith("--"))
    return f"{short or '    '}{long}{f' {option.metavar}' if option.metavar else ''}", option.help or ""


def _by_long_name(row: tuple[str, str]) -> str:
    return row[0].partition("--")[2]
