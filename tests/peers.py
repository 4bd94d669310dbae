"""The real kubectl, which hundreds of tests compare us with: the one on PATH, else the one of the ``dev`` extra."""

import os
import shutil
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


def has_kubectl() -> bool:
    """Whether a test that looks at both can; if not, the end of the run says so."""
    if KUBECTL is None:
        compared_with_nothing.append(NO_KUBECTL)
    return KUBECTL is not None
