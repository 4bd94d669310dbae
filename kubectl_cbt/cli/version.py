"""``version``: this release, Python and the libraries."""

from __future__ import annotations

import platform
from typing import Annotated

import typer

from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.output.encoding import as_json, as_yaml
from kubectl_cbt.system.versions import LIBRARIES, client_version, installed_version, versions


def version(
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="json|yaml", help="Output format (default: text).")
    ] = "",
) -> None:
    """Print version information.

    \b
    Examples:
      kubectl cbt version
      kubectl cbt version -o json
    """
    document = versions()
    if output == "json":
        write_stdout(as_json(document).decode() + "\n", is_document=True)
    elif output == "yaml":
        write_stdout(as_yaml(document), is_document=True)
    elif output:
        raise typer.BadParameter(f"{output!r} is not json or yaml", param_hint="--output")
    else:
        libraries = ", ".join(f"{name} {installed_version(name)}" for name in LIBRARIES)
        write_stdout(f"Client Version: v{client_version()}\nPython {platform.python_version()}, {libraries}\n")
