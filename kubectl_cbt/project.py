"""Where this project is published."""

from __future__ import annotations

HOMEPAGE = "https://kubectl-cbt.invalid"
"""Not published yet: replace it here, and in the files that ``tests/unit/test_project.py`` compares with it."""

ISSUES = f"{HOMEPAGE}/issues"
"""Where bugs are reported."""

REPORT_A_BUG = f"please report it, with this message and the archive of kubectl cbt bug-report, at {ISSUES}"
"""What every message about an internal error asks for."""
