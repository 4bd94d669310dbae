"""The characters that a stream can show, and ASCII replacements for the others.

Data (JSON, YAML, CSV, JUnit, TAP) is UTF-8 in every locale. Text for people is ASCII with readable replacements if the
locale has another encoding, or on a dumb terminal.
"""

from __future__ import annotations

import codecs
import os
import sys
from typing import TextIO

_HANDLER = "kubectl-cbt-readable"
_ASCII_FOR = {
    **dict.fromkeys("–−─", "-"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”", '"'),
    **dict.fromkeys("·∪│▕▏", "|"),
    **dict.fromkeys("█▇▀▄", "#"),
    **dict.fromkeys("╭╮╰╯", "+"),
    "—": "--",
    "…": "...",
    "→": "->",
    "↔": "<->",
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
    "▁": "_",
    "░": ".",
    "▒": ":",
    "▓": "*",
    "╱": "/",
    "\N{REPLACEMENT CHARACTER}": "?",
    "\N{NO-BREAK SPACE}": " ",
}


def limit_streams() -> None:
    """Make standard output and error accept any text, for the rest of the process."""
    codecs.register_error(_HANDLER, _rest_of_line)
    for stream in (sys.stdout, sys.stderr):
        if why_ascii(stream):
            stream.reconfigure(encoding="ascii", errors=_HANDLER)  # type: ignore[union-attr]  # as Python makes them


def why_ascii(stream: TextIO | None) -> str:
    """Why a stream can show ASCII only; empty if it can show everything."""
    if stream is None:
        return ""
    if stream.isatty() and (reason := why_dumb()):
        return reason
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return "" if codecs.lookup(encoding).name == "utf-8" else "the locale's encoding is not UTF-8"


def why_dumb() -> str:
    """Why a terminal counts as dumb; empty if it does not."""
    term = os.environ.get("TERM", "")
    return f"TERM is {term or 'not set'}" if term in ("", "dumb") and sys.platform != "win32" else ""


def as_text(data: bytes) -> bytes:
    """UTF-8 text in the encoding of standard output. Whole lines only."""
    if data.isascii() or not why_ascii(sys.stdout):
        return data
    return data.decode().encode("ascii", _HANDLER)


def _rest_of_line(error: UnicodeError) -> tuple[str, int]:
    """An error handler for codecs: replaces the text from the first non-ASCII character to the end of its line.

    A replacement that is longer than the character shortens the next gap, so that columns stay aligned.
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
        text = character if character.isascii() else _ascii_for(character)
        surplus += len(text) - 1
        shown.append(text)
    return "".join(shown), end


def _ascii_for(character: str) -> str:
    return _ASCII_FOR.get(character) or character.encode("ascii", "backslashreplace").decode()
