"""Where this project is published. The build backend and the scripts read the addresses from this file."""

from __future__ import annotations

import re

HOMEPAGE = "https://kubectl-cbt.invalid"
"""Not published yet: replace it here, without a slash at the end, and in the files that ``tests/unit/test_project.py``
compares with it."""

IMAGES = "registry.kubectl-cbt.invalid/kubectl-cbt"
"""The repository to which a release pushes its container image. Not published yet: replace it here."""

ISSUES = f"{HOMEPAGE}/issues"
"""Where bugs are reported."""

REPORT_A_BUG = f"please report it, with this message and the archive of kubectl cbt bug-report, at {ISSUES}"
"""What every message about an internal error asks for."""


def release_image(version: str) -> str | None:
    """Return the image of a release; None for a version between releases, of which no image is published."""
    return f"{IMAGES}:{version}" if re.fullmatch(r"\d+\.\d+\.\d+", version) else None
