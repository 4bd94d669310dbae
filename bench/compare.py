"""Two saved lists of many extents, compared, and one of them read alone."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from measuring import BIN, Measured, Server, measure

COMPARED = ("csv", "json")
_COMMAND = str(BIN / "kubectl-cbt")


def saved_lists(server: Server, extents: int, page: int, runs: int) -> dict[str, Measured]:
    """Measure ``compare`` by format, and as ``reading`` that of one list. The lists have this many extents each."""
    server.serve(extents, page)
    environment = os.environ | {"KUBECONFIG": server.kubeconfig}
    with tempfile.TemporaryDirectory() as folder:
        left, right = (str(Path(folder) / f"{side}.json") for side in ("left", "right"))
        for path in (left, right):
            with Path(path).open("wb") as file:
                command = (_COMMAND, "allocated", "scratch-1", "-n", "vms", "-o", "json")
                subprocess.run(command, stdout=file, check=True, env=environment)
        commands = [(_COMMAND, "compare", left, right, "-o", form) for form in COMPARED]
        found = measure((_COMMAND, "open", left, "-o", "name"), *commands, runs=runs)
    return dict(zip(("reading", *COMPARED), found, strict=True))
