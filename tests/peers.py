"""The real kubectl, which hundreds of tests compare us with: the one on PATH, else the one of the ``dev`` extra."""

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NO_KUBECTL = "no kubectl on PATH, and PyPI has none for this machine"


def _find() -> str | None:
    found = shutil.which("kubectl")
    installed = Path(sys.executable).with_name("kubectl")
    if found is None and installed.exists():
        # Behind everything else, for the commands that tests run, and for ours.
        os.environ["PATH"] += f"{os.pathsep}{installed.parent}"
        found = str(installed)
    return found


KUBECTL = _find()
needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason=NO_KUBECTL)

compared_with_nothing: list[str] = []
"""Why a test that ran had nothing to compare with; emptied after each (see ``conftest.py``)."""


def has_kubectl(since: int = 0) -> bool:
    """Whether a test that looks at both can; if not, the end of the run says so.

    Args:
        since: the minor version of the first kubectl 1.x that does what the test is about.
    """
    if KUBECTL is None:
        compared_with_nothing.append(NO_KUBECTL)
    elif since and minor_version() < since:
        compared_with_nothing.append(f"kubectl before 1.{since} does something else")
    else:
        return True
    return False


@functools.cache
def minor_version() -> int:
    """Of the real kubectl: 37 of 1.37."""
    shown = subprocess.run(
        [str(KUBECTL), "version", "--client", "-o", "json"], capture_output=True, text=True, check=True
    )
    return int(json.loads(shown.stdout)["clientVersion"]["minor"].rstrip("+"))
