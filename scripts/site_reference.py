"""The pages of the site's reference, generated from the command itself."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kubectl_cbt.cli.app import PROGRAM, build_command
from kubectl_cbt.cli.global_options import list_of_flags
from kubectl_cbt.tui.settings import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "kubectl_cbt" / "output"
SCHEMAS = {
    "block-metadata.json": OUTPUT / "schema.json",
    "comparison.json": OUTPUT / "comparison" / "schema.json",
    "verification.json": OUTPUT / "verification" / "schema.json",
    "volume-history.json": OUTPUT / "history" / "schema.json",
    "volume-report.json": OUTPUT / "volume_report" / "schema.json",
}
"""By the name of the file in the site."""

_Schema = dict[str, Any]
_Schemas = dict[str, _Schema]
_WIDTH = 100
_STATUS = re.compile(r"Exit status: (.*?)\.\n", re.DOTALL)


def commands_page() -> str:
    """The help of every command, and of its subcommands."""
    parts = [
        "# Every command",
        "The output of `kubectl cbt help COMMAND`. [Commands](../commands.md) has examples with their output.",
    ]
    for name, text in _helps():
        parts.append(f"## {name}\n\n```text\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def flags_page() -> str:
    """kubectl's own flags, which the help of a command leaves out."""
    return (
        "# Global flags\n\nEvery command that connects to a cluster accepts these flags. They have the same meaning as "
        f"in kubectl; [Connecting](../connecting.md#kubectls-flags) explains their effect.\n\n"
        f"```text\n{list_of_flags()}```\n"
    )


def exit_status_page() -> str:
    """The meaning of the exit status, in general and for each command that has its own."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    general = readme[readme.index("## Exit status") :].split("\n## ")[0].removeprefix("## Exit status\n\n")
    lines = ["| command | exit status |", "|---|---|"]
    for name, text in _helps():
        if found := _STATUS.search(f"{text}\n"):
            lines.append(f"| `{name}` | {' '.join(found[1].split())} |")
    own = "\n".join(lines)
    return (
        f"# Exit status\n\n{general}\n\nAfter another signal it is 128 plus the number of the signal, as in a shell: "
        f"143 for SIGTERM, 129 for SIGHUP. It is 141 when the reader of standard output closed it."
        f"\n\n## By command\n\n{own}\n"
    )


def configuration_page() -> str:
    """The settings, their variables and flags, and the other variables."""
    lines = ["| setting | default | values | variable | flag | effect |", "|---|---|---|---|---|---|"]
    for setting in SETTINGS:
        values = ", ".join(f"`{choice}`" for choice in setting.choices()) if setting.choices else "`true`, `false`"
        flag = f"`{setting.flag}`" if setting.flag else "–"
        default = str(setting.default).lower() if isinstance(setting.default, bool) else setting.default
        lines.append(f"| `{setting.name}` | `{default}` | {values} | `{setting.variable}` | {flag} | {setting.about} |")
    table = "\n".join(lines)
    return (
        "# Configuration\n\nA flag overrides a variable, which overrides the file `config.toml`. [Settings]"
        "(../config.md) explains where the file is, and how to change keys. `kubectl cbt config` prints each value "
        f"and where it comes from.\n\n{table}\n\n{_VARIABLES}"
    )


_VARIABLES = """\
## Other variables

| variable | effect |
|---|---|
| `KUBECONFIG` | the kubeconfig files, as in kubectl |
| `KUBECTL_CBT_SERVICE_ACCOUNT` | the ServiceAccount to authenticate as, unless `--service-account` is given |
| `CSI_ENDPOINT` | the socket of a CSI driver to query instead of a cluster, unless a flag names a cluster |
| `HTTPS_PROXY`, `NO_PROXY` | the proxy for the API server, as in kubectl |
| `KUBECTL_CBT_WHEELS` | a folder with the packages of the krew plugin, used instead of a package index |
| `NO_COLOR` | no color |
| `XDG_CACHE_HOME` | the folder of the krew plugin's environment, `kubectl-cbt` (default `~/.cache`) |
| `XDG_CONFIG_HOME` | the folder of `kubectl-cbt/config.toml` (default `~/.config`) |
"""


def schemas_page() -> str:
    """The fields of each JSON Schema, and links to the schemas."""
    parts = [
        "# JSON schemas",
        "The documents that `-o json` prints. [The JSON document](../json.md) explains how to read one.",
    ]
    schemas = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in SCHEMAS.items()}
    by_id = {schema["$id"]: schema for schema in schemas.values()}
    for name, schema in schemas.items():
        lines = ["| field | type | description |", "|---|---|---|"]
        lines += [f"| `{field}` | {kind} | {text} |" for field, kind, text in _fields(by_id, schema, schema, "")]
        table = "\n".join(lines)
        about = schema.get("description", "")
        parts.append(f"## {schema['title']}\n\n{about} The schema: [{name}](../schemas/{name}).\n\n{table}")
    return "\n\n".join(parts) + "\n"


def _fields(by_id: _Schemas, schema: _Schema, part: _Schema, prefix: str) -> Iterator[tuple[str, str, str]]:
    """Path, type and description of each field; an element of an array is ``field[]``."""
    for name, given in part.get("properties", {}).items():
        root, field = _resolved(by_id, schema, given)
        path = f"{prefix}{name}"
        yield path, _type(field), str(given.get("description") or field.get("description") or "").replace("|", "\\|")
        yield from _fields(by_id, root, field, f"{path}.")
        items_root, items = _resolved(by_id, root, field.get("items") or {})
        yield from _fields(by_id, items_root, items, f"{path}[].")


def _resolved(by_id: _Schemas, schema: _Schema, part: _Schema) -> tuple[_Schema, _Schema]:
    """What a part refers to, which may be in another schema, and the schema it is in."""
    while "$ref" in part:
        name, _, pointer = part["$ref"].partition("#")
        schema = by_id[name] if name else schema
        part = schema
        for step in filter(None, pointer.split("/")):
            part = part[step]
    return schema, part


def _type(field: dict[str, Any]) -> str:
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    if "enum" in field:
        return "one of " + ", ".join(f"`{json.dumps(value)}`" for value in field["enum"])
    kinds = field.get("type", "any")
    return " or ".join(kinds) if isinstance(kinds, list) else kinds


def _helps() -> Iterator[tuple[str, str]]:
    """Name and help of the program, of each command, and of each subcommand."""
    pending: list[tuple[str, Any, Any]] = [(PROGRAM, build_command(), None)]
    while pending:
        name, command, parent = pending.pop(0)
        context = command.context_class(
            command,
            parent=parent,
            info_name=name if parent is None else command.name,
            terminal_width=_WIDTH,
            max_content_width=_WIDTH,
        )
        yield name, command.get_help(context).strip()
        pending += [(f"{name} {verb}", one, context) for verb, one in getattr(command, "commands", {}).items()]


PAGES = {
    "reference/commands.md": commands_page,
    "reference/flags.md": flags_page,
    "reference/exit-status.md": exit_status_page,
    "reference/configuration.md": configuration_page,
    "reference/schemas.md": schemas_page,
}
"""By their paths in the site."""
