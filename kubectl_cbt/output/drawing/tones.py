"""Colors of text and surfaces in the dark and the light theme, shared by the screens and the pictures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tones:
    """The colors of one theme, ``#rrggbb`` each.

    Attributes:
        dark: whether the background is dark.
        surface: of cells without extents.
        faint: of hatching.
        quiet: of labels.
    """

    dark: bool
    background: str
    surface: str
    foreground: str
    faint: str
    quiet: str
    warning: str
    error: str
    success: str


DARK_TONES = Tones(
    dark=True,
    background="#0f1319",
    surface="#0a0d12",
    foreground="#d8dee9",
    faint="#7f8c9b",
    quiet="#8590a0",
    warning="#e8b34b",
    error="#f2777a",
    success="#8fc28a",
)
LIGHT_TONES = Tones(
    dark=False,
    background="#f3f2ee",
    surface="#fbfbf9",
    foreground="#1d232b",
    faint="#5d6b7a",
    quiet="#62676f",
    warning="#8a5a00",
    error="#b3261e",
    success="#2e6b2a",
)
