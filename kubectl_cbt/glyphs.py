"""Characters that a terminal shows as nothing."""

from __future__ import annotations

WITHOUT_GLYPH = frozenset(
    chr(code)
    for first, last in (
        (0x34F, 0x34F),  # combining grapheme joiner
        (0x115F, 0x1160),  # fillers of Hangul
        (0x17B4, 0x17B5),  # inherent vowels of Khmer
        (0x180B, 0x180F),  # variation selectors of Mongolian
        (0x2800, 0x2800),  # the blank pattern of Braille
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),  # variation selectors
        (0xFFA0, 0xFFA0),
        (0xE0100, 0xE01EF),
    )
    for code in range(first, last + 1)
)
"""Characters that str.isprintable() accepts although nothing is drawn: Unicode's default-ignorable ones."""
