"""This build and what it runs on."""

from __future__ import annotations

import functools
import platform
from typing import Any

LIBRARIES = ("kubernetes", "grpcio", "protobuf", "numpy")
MISSING = "missing"


@functools.cache
def client_version() -> str:
    """The version of this build (PEP 440); of a checkout, that of its current commit and changes."""
    from kubectl_cbt.system.checkout import TREE, version_of_tree

    # The metadata of an editable installation are those of the commit that was installed.
    if (TREE / ".git").exists():
        return version_of_tree()
    installed = installed_version("kubectl-cbt")
    return version_of_tree() if installed == MISSING else installed


def versions() -> dict[str, Any]:
    """Versions, for ``version`` and for a recording's head."""
    return {
        "clientVersion": f"v{client_version()}",
        "python": platform.python_version(),
        "platform": f"{platform.system().lower()}/{platform.machine()}",
        "libraries": {name: installed_version(name) for name in LIBRARIES},
    }


def installed_version(name: str) -> str:
    """The version of an installed distribution; MISSING without one."""
    # Reads files of packages, with a fortieth of a second of imports that other verbs do not need.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return MISSING
