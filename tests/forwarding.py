"""A sidecar that is reached through a stand-in for ``kubectl port-forward``."""

import time
from pathlib import Path

from conftest import DELTA
from inside import Standin, behind_a_service

ASKS = (*DELTA, "-o", "csv", "--max-results", "100")


def standin(own_demo, tmp_path, *acts, **certificate) -> Standin:
    service = behind_a_service(own_demo, **certificate)
    return Standin(tmp_path, int(service.address.rpartition(":")[2]), *acts)


def gone(pid: int) -> bool:
    """Wait until a process has ended; return whether it has."""
    for _ in range(1000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False
