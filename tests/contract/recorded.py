"""Reads the recordings of a real cluster."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RECORDINGS = Path(__file__).parent / "recordings"
STYLES = ("fixed_length", "variable_length")


def cases(style: str) -> dict[str, dict[str, Any]]:
    """All recorded streams of a style by name."""
    index: dict[str, dict[str, Any]] = json.loads((RECORDINGS / style / "index.json").read_bytes())
    return index


def messages(case: dict[str, Any]) -> Iterator[bytes]:
    """The response messages of a case; none for one without a file."""
    data = (RECORDINGS / case["file"]).read_bytes() if "file" in case else b""
    position = 0
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        yield data[position + 4 : position + 4 + length]
        position += 4 + length


def api_answer(name: str) -> dict[str, Any]:
    """Request, status and response of a recorded API call."""
    answer: dict[str, Any] = json.loads((RECORDINGS / "kubernetes" / f"{name}.json").read_bytes())
    return answer
