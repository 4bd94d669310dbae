"""``version``: this release, and what it runs on."""

from __future__ import annotations

import platform
from typing import Annotated, Any

import typer

from kubectl_cbt import __version__
from kubectl_cbt.cli.stdout import write_stdout
from kubectl_cbt.output.encoding import as_json, as_yaml

_LIBRARIES = ("kubernetes", "grpcio", "protobuf", "numpy")


def version(
    output: Annotated[str, typer.Option("--output", "-o", metavar="json|yaml", help="Format; text unless given.")] = "",
) -> None:
    """Print the version, for a bug report too.

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
        libraries = ", ".join(f"{name} {_installed(name)}" for name in _LIBRARIES)
        write_stdout(f"Client Version: v{__version__}\nPython {platform.python_version()}, {libraries}\n")


def versions() -> dict[str, Any]:
    """This release and what it runs on, for a report."""
    return {
        "clientVersion": f"v{__version__}",
        "python": platform.python_version(),
        "platform": f"{platform.system().lower()}/{platform.machine()}",
        "libraries": {name: _installed(name) for name in _LIBRARIES},
    }


def _installed(name: str) -> str:
    # Reads files of packages, with a fortieth of a second of imports that no other verb needs.
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed_version

    try:
        return installed_version(name)
    except PackageNotFoundError:
        return "missing"
