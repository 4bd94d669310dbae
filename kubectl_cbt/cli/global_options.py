"""``options``: kubectl's own flags, which every command that connects to a cluster accepts."""

from __future__ import annotations

from typing import Any

from kubectl_cbt.cli.option_groups import flags_of
from kubectl_cbt.cli.options import ClusterFlags
from kubectl_cbt.cli.stdout import write_stdout


def options() -> None:
    """List the kubectl flags that apply to all commands.

    They have the same meaning as in kubectl. All flags come after "cbt".
    """
    write_stdout(list_of_flags())


def list_of_flags() -> str:
    """The flags and their help, a line each."""
    rows = [_row(flag.annotation.__metadata__[0]) for flag in flags_of(ClusterFlags)]
    width = max(len(names) for names, _ in rows)
    return "".join(f"  {names:<{width}}  {text}\n" for names, text in sorted(rows, key=_by_long_name))


def _row(option: Any) -> tuple[str, str]:
    names = (option.default, *option.param_decls) if isinstance(option.default, str) else option.param_decls
    short = "".join(f"{name}, " for name in names if not name.startswith("--"))
    long = " ".join(name for name in names if name.startswith("--"))
    return f"{short or '    '}{long}{f' {option.metavar}' if option.metavar else ''}", option.help or ""


def _by_long_name(row: tuple[str, str]) -> str:
    return row[0].partition("--")[2]
