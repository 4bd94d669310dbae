"""This release and what it runs on."""

from __future__ import annotations

import platform
from typing import Any

from kubectl_cbt import __version__

LIBRARIES = ("kubernetes", "grpcio", "protobuf", "numpy")


def versions() -> dict[str, Any]:
    """Versions, for ``version`` and for a recording's head."""
    return {
        "clientVersion": f"v{__version__}",
        "python": platform.python_version(),
        "platform": f"{platform.system().lower()}/{platform.machine()}",
        "libraries": {name: installed_version(name) for name in LIBRARIES},
    }


def installed_version(name: str) -> str:
    """The version of an installed distribution; ``missing`` without one."""
    # Reads files of packages, with a fortieth of a second of imports that other verbs do not need.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
