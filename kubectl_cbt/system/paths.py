"""File names from the command line."""

from __future__ import annotations

import os
from pathlib import Path

EMPTY_NAME = "is the shell variable set?"
"""The hint for a name without characters, which the system would take for the current directory."""


def expanded(text: str) -> Path:
    """A path with its leading ``~`` or ``~user`` expanded; unchanged if there is no such home, as in a shell.

    ``Path.expanduser`` raises in that case: for an unknown user, and in a pod with a random uid without HOME.
    """
    return Path(os.path.expanduser(text))  # noqa: PTH111  # see above


def file_to_write(text: str) -> Path:
    """The path of a file to write; its ``~`` is expanded as above.

    Raises:
        ValueError: it names a directory.
    """
    path = expanded(text)
    # Path removes the slash at the end. Path.is_dir raises if a directory may not be searched.
    if text.endswith(("/", os.sep)) or os.path.isdir(path):  # noqa: PTH112
        raise ValueError(f"{text} is a directory: name a file in it")
    return path
