"""Names of files as a person types them."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(text: str) -> Path:
    """A path with its leading ``~`` or ``~user`` replaced, unchanged where there is no such home, as in a shell.

    ``Path.expanduser`` raises then: for an unknown user, and in a pod that runs as a random uid without HOME.
    """
    return Path(os.path.expanduser(text))  # noqa: PTH111  # see above


def file_to_write(text: str) -> Path:
    """The path of a file that is to be written, from what a person typed; its ``~`` is expanded as above.

    Raises:
        ValueError: it names a directory.
    """
    path = expanded(text)
    # Path drops the slash at the end. Path.is_dir raises where a directory may not be searched.
    if text.endswith(("/", os.sep)) or os.path.isdir(path):  # noqa: PTH112
        raise ValueError(f"{text} is a directory: name a file in it")
    return path
