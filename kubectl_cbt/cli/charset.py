"""Which characters a stream takes: the one place that decides, and what stands for the others.

Data (JSON, YAML, CSV, JUnit, TAP) is UTF-8 whatever the locale. Text is for a person: where the locale's encoding is
another, or the terminal can do nothing but print, it is ASCII, with replacements that can be read.
"""

from __future__ import annotations

import codecs
import os
import sys
from typing import TextIO

_HANDLER = "kubectl-cbt-readable"
_STANDS_FOR = {
    **dict.fromkeys("–−─", "-"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("·∪│▕▏", "|"),
    **dict.fromkeys("█▇▀▄", "#"),
    **dict.fromkeys("╭╮╰╯", "+"),
    "—": "--",
    "…": "...",
    "→": "->",
    "≥": ">=",
    "≤": "<=",
    "⊆": "<=",
    "△": "^",
    "×": "x",
    "²": "^2",
    "✓": "+",
    "✗": "x",
    "●": "*",
    "▸": ">",
    "░": ".",
    "▒": ":",
    "▓": "*",
    "╱": "/",
    "\N{REPLACEMENT CHARACTER}": "?",
    "\N{NO-BREAK SPACE}": " ",
}


def limit_streams() -> None:
    """Let standard output and error take every text, for the rest of the process."""
    codecs.register_error(_HANDLER, _rest_of_line)
    for stream in (sys.stdout, sys.stderr):
        if why_ascii(stream):
            stream.reconfigure(encoding="ascii", errors=_HANDLER)  # type: ignore[union-attr]  # as Python makes them


def why_ascii(stream: TextIO | None) -> str:
    """Why a stream takes ASCII only; empty when it takes everything."""
    if stream is None:
        return ""
    if stream.isatty() and (reason := why_dumb()):
        return reason
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return "" if codecs.lookup(encoding).name == "utf-8" else "the locale's encoding is not UTF-8"


def why_dumb() -> str:
    """Why a terminal is taken for one that can do nothing but print; empty when it can do more."""
    term = os.environ.get("TERM", "")
    return f"TERM is {term or 'not set'}" if term in ("", "dumb") and sys.platform != "win32" else ""


def as_text(data: bytes) -> bytes:
    """UTF-8 text as standard output takes it. Whole lines."""
    if data.isascii() or not why_ascii(sys.stdout):
        return data
    return data.decode().encode("ascii", _HANDLER)


def _rest_of_line(error: UnicodeError) -> tuple[str, int]:
    """As codecs call it: the text from the first character that is not ASCII to the end of its line, and where that is.

    A replacement that is longer takes its room from the next gap, so that columns stay below each other.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    end = error.object.find("\n", error.start)
    end = len(error.object) if end < 0 else end
    rest = error.object[error.start : end]
    shown: list[str] = []
    surplus = 0
    for index, character in enumerate(rest):
        if surplus and rest[index : index + 2] == "  ":
            surplus -= 1
            continue
        text = character if character.isascii() else _stands_for(character)
        surplus += len(text) - 1
        shown.append(text)
    return "".join(shown), end


def _stands_for(character: str) -> str:
    return _STANDS_FOR.get(character) or character.encode("ascii", "backslashreplace").decode()
