"""Tests that run make may themselves be run by make."""

import os


def outside_make() -> dict[str, str]:
    """The environment without what a make hands to another: it would print where it enters and leaves."""
    return {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
