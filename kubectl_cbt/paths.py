"""Names of files as a person types them."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(text: str) -> Path:
    """A path with its leading ``~`` or ``~user`` replaced, unchanged where there is no such home, as in a shell.

    ``Path.expanduser`` raises then: for an unknown user, and in a pod that runs as a random uid without HOME.
    """
    return Path(os.path.expanduser(text))  # noqa: PTH111  # see above
