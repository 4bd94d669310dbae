"""Format and parse sizes, counts, times and offsets.

The only module that imports humanize. Everything that ends in ``_bytes`` elsewhere stays an integer until it is passed
to a function of this module.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_LONGEST_SECONDS = 100 * 366 * 86400
_SECTOR = re.compile(r"lba\s*(\d+|0[xX][0-9a-fA-F]+)", re.ASCII | re.IGNORECASE)
_PERCENT = re.compile(r"([+-]?)(\d+(?:\.\d+)?)\s*%", re.ASCII)
_SEPARATED = re.compile(r"(?<=\d)[,_](?=\d)", re.ASCII)
SECTOR_BYTES = 512
"""The unit of logical block addresses in disk tools."""

MOST_DECIMALS = 4
"""For a byte offset in a volume."""

_LINE_BREAK = re.compile("\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
"""Where str.splitlines() splits."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""Replaces a character that is not printable."""
_WITHOUT_GLYPH = frozenset(
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

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,30})?(Z|[+-][0-9]{2}:[0-9]{2})", re.I
)
_KUBERNETES_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]{1,50}(?:[.][0-9]{0,50})?|[.][0-9]{1,50}))(?:([numkMGTPE]|[KMGTPE]i|)|[eE]([+-]?[0-9]{1,3}))"
)
_DECIMAL_EXPONENTS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_QUANTITY = re.compile("([0-9]{1,50})(|[KMGTPE]i)")

_LONGEST_NUMBER = 400
"""Maximum digits of a number on a command line: more than any valid one needs, far below Python's limit."""

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGTPE]i?)?[bB]?", re.ASCII)


def human_bytes(size_bytes: int) -> str:
    """A size with a binary unit: ``4 KiB``, ``1.5 GiB``, ``17 B``; without ``.0`` for whole numbers."""
    import humanize

    if abs(size_bytes) < 1024:
        return f"{size_bytes} B"
    return humanize.naturalsize(size_bytes, binary=True).replace(".0 ", " ")


def human_offset(offset_bytes: int, decimals: int = MOST_DECIMALS) -> str:
    """A byte offset, with more digits than a size: ``4.7012 GiB``, ``12 KiB``."""
    import humanize

    if offset_bytes < 1024:
        return f"{offset_bytes} B"
    number, unit = humanize.naturalsize(offset_bytes, binary=True, format=f"%.{decimals}f").split()
    return f"{number.rstrip('0').rstrip('.')} {unit}"


def human_offsets(offsets_bytes: Sequence[int]) -> list[str]:
    """Offsets that are shown together: different ones get different texts, with as few decimals as possible.

    If decimals are not sufficient, an offset is an exact number of bytes: ``10,995,116,281,856 B``.
    """
    units = [human_offset(offset).split()[1] for offset in offsets_bytes]
    pairs = list(zip(offsets_bytes, units, strict=True))
    decimals = {unit: _decimals([offset for offset, other in pairs if other == unit]) for unit in set(units)}
    exact = [f"{human_count(offset)} B" for offset in offsets_bytes]
    texts = [
        bytes_text if (digits := decimals[unit]) is None else human_offset(offset, digits)
        for (offset, unit), bytes_text in zip(pairs, exact, strict=True)
    ]
    # Rounded to few decimals, an offset may reach the next unit, and look like one that has it.
    meanings: dict[str, set[int]] = {}
    for text, offset in zip(texts, offsets_bytes, strict=True):
        meanings.setdefault(text, set()).add(offset)
    return [text if len(meanings[text]) == 1 else bytes_text for text, bytes_text in zip(texts, exact, strict=True)]


def _decimals(offsets_bytes: Sequence[int]) -> int | None:
    """The smallest number of decimals that distinguishes offsets of one unit, at least 1; None if none does."""
    for decimals in range(1, MOST_DECIMALS + 1):
        if len({human_offset(offset, decimals) for offset in offsets_bytes}) == len(set(offsets_bytes)):
            return decimals
    return None


def human_count(count: int) -> str:
    """An exact count with thousands separators: ``182,340``."""
    import humanize

    return humanize.intcomma(count)


def counted(count: int, noun: str) -> str:
    """A count of something: ``1 extent``, ``182,340 extents``."""
    return f"{human_count(count)} {noun}{'' if count == 1 else 's'}"


def human_rate(per_second: float) -> str:
    """A rate with three significant digits: ``870,000`` or ``12.3``."""
    if per_second < 100:
        return f"{per_second:.3g}"
    digits = len(str(int(per_second))) - 3
    return human_count(int(round(per_second, -max(digits, 0))))


def human_seconds(seconds: float) -> str:
    """A duration: ``25 ms``, ``1.2 s``, ``41 s``, ``3 min 20 s``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def percent(part: int, whole: int) -> str:
    """A share of a whole: ``1.6 %``; never ``0 %`` for a positive part nor ``100 %`` for less than all."""
    if whole <= 0:
        return "–"
    if 0 < part * 1000 < whole:
        return "< 0.1 %"
    share = 100 * part / whole
    if part < whole and share > 99.9:
        return "> 99.9 %"
    return f"{share:.1f} %".replace(".0 %", " %")


_NO_TIME = datetime.min.replace(tzinfo=UTC)
"""The zero value of Go's time."""


def age(since: datetime | None, now: datetime | None = None) -> str:
    """The time since, as in kubectl's AGE column: ``45s``, ``77m``, ``15h``, ``6d``, ``2y41d``."""
    if since is None or since == _NO_TIME:
        return "<unknown>"
    seconds = int(((now or datetime.now(UTC)) - since) / timedelta(seconds=1))
    if seconds < 0:
        # One second may be clock skew.
        return "<invalid>" if seconds < -1 else "0s"
    return human_span(seconds)


def human_span(seconds: float) -> str:
    """A time of any length, in the form of kubectl's AGE column: ``45s``, ``77m``, ``15h``, ``2y41d``; ``< 1s``."""
    if 0 < seconds < 1:
        return "< 1s"
    seconds = int(seconds)
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 2:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if days < 2:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    years, rest = divmod(days, 365)
    return f"{years}y{rest}d" if years < 8 and rest else f"{years}y"


def parse_time(text: str) -> datetime:
    """A time of RFC 3339, in UTC. Letters may be lower case, as the RFC allows.

    Raises:
        TypeError: not a string.
        ValueError: not a valid time, or one outside the years 1 to 9999.
    """
    if not isinstance(text, str):
        raise TypeError(f"{type(text).__name__} is not a string")
    if not _RFC_3339.fullmatch(text):
        raise ValueError("not a time of RFC 3339")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time outside the years 1 to 9999") from error


def parse_quantity(text: str) -> int | Decimal:
    """The value of a Kubernetes quantity: ``10Gi``, ``500m``, ``1e3``. Fast for large exponents too.

    Raises:
        TypeError: not a string.
        ValueError: not a quantity, or one with too many digits or too large an exponent.
    """
    if not isinstance(text, str):
        raise TypeError(f"{type(text).__name__} is not a string")
    plain = _BINARY_QUANTITY.fullmatch(text)
    if plain:
        # The most common form, without the import below.
        return int(plain[1]) << _binary_shift(plain[2])
    match = _KUBERNETES_QUANTITY.fullmatch(text)
    if not match:
        raise ValueError("not a quantity")
    from decimal import Context, Decimal

    number, unit, exponent = match.groups()
    if exponent is not None:
        return Decimal(f"{number}e{exponent}")
    if unit.endswith("i"):
        return Context(prec=200).multiply(Decimal(number), Decimal(1 << _binary_shift(unit)))
    return Decimal(f"{number}e{_DECIMAL_EXPONENTS[unit]}")


def _binary_shift(unit: str) -> int:
    return 10 * (1 + "KMGTPE".index(unit[0])) if unit else 0


def utc_time(when: datetime) -> str:
    """A time in Kubernetes' format, in UTC and to the second: ``2025-06-02T08:00:00Z``, ``0001-01-01T00:00:00Z``."""
    # Not strftime: on some systems it formats the year 1 as "1", which is not RFC 3339.
    return f"{_in_utc(when).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def utc_words(when: datetime) -> str:
    """A readable time, in UTC and to the second: ``2025-06-02 08:00:00Z``."""
    return utc_time(when).replace("T", " ")


def utc_minute(when: datetime) -> str:
    """A date and a time of day, without the zone, to stand before UTC: ``2025-06-02 08:00``."""
    return utc_time(when).replace("T", " ")[: len("2025-06-02 08:00")]


def utc_date(when: datetime) -> str:
    """The date of a time, in UTC: ``2025-06-02``."""
    return _in_utc(when).date().isoformat()


def _in_utc(when: datetime) -> datetime:
    return when if when.tzinfo is None else when.astimezone(UTC)


def is_printable(character: str) -> bool:
    """Whether a terminal shows something for a character.

    False for control characters (C0, DEL, C1), bidirectional marks, overrides and isolates, everything without width or
    glyph, line and paragraph separators, surrogates, and unassigned characters. A space is printable, other kinds of
    spaces are not.
    """
    return character.isprintable() and character not in _WITHOUT_GLYPH


def printable(text: str) -> str:
    """Untrusted text for one line of a terminal: each character that is not printable becomes U+FFFD.

    The result has as many characters as ``text``.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if is_printable(character) else REPLACEMENT for character in text)


def one_line(text: str) -> str:
    """An untrusted message as one line: line breaks become spaces, the rest is made printable."""
    return printable(_LINE_BREAK.sub(" ", text))


def as_argument(value: object) -> str:
    """Untrusted text, or the text of a value, quoted as one argument of a command to copy into a shell."""
    import shlex

    return shlex.quote(printable(str(value)))


def parse_duration(text: str) -> float:
    """Seconds of a duration as kubectl accepts it: ``30s``, ``1h30m``, ``0``, or plain seconds.

    Raises:
        ValueError: it is invalid.
    """
    text = text.strip()
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("it is longer than a century")
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        seconds = float(text)
    else:
        parts = _DURATION.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise ValueError(f"{text!r} is not a duration such as 30s, 10m or 1h30m")
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if seconds > _LONGEST_SECONDS:
        raise ValueError("it is longer than a century")
    return seconds


def parse_offset(text: str) -> int:
    """Bytes of an offset: ``4096``, ``0x1000``, ``12Gi``, ``1.5GiB``; decimal units (``12G``) count in 1000s.

    Raises:
        ValueError: it is invalid, negative, fractional, or larger than an int64.
    """
    text = text.strip().replace("_", "")
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("it is larger than any volume")
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", text):
        size_bytes = int(text, 16)
    else:
        match = _QUANTITY.fullmatch(text)
        if not match:
            raise ValueError(f"{text!r} is not an offset such as 4096, 0x1000 or 12Gi")
        size_bytes = _scaled(*match.groups())
    if size_bytes >= 2**63:
        raise ValueError(f"{text!r} is larger than any volume")
    return size_bytes


def parse_place(text: str, capacity_bytes: int, here: int = 0) -> int:
    """A byte offset in a volume: ``12Gi`` and everything that :func:`parse_offset` accepts, ``45%``, ``lba 2048``.

    ``+1Gi`` and ``-5%`` are relative to ``here``.

    Digits may be grouped by commas, and a fractional number of bytes is rounded down.

    Raises:
        ValueError: it is invalid, or outside the volume.
    """
    text = _SEPARATED.sub("", text.strip())
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"{text[:20]}… is outside the volume of {human_bytes(capacity_bytes)}")
    if match := _SECTOR.fullmatch(text):
        place = int(match[1], 16 if match[1][:2].lower() == "0x" else 10) * SECTOR_BYTES
    elif match := _PERCENT.fullmatch(text):
        # In integers, as for every offset; 100 % is the last byte.
        whole, _, fraction = match[2].partition(".")
        hundred: int = 100 * 10 ** len(fraction)
        place = capacity_bytes * int(whole + fraction) // hundred
        if match[1]:
            place = here + place if match[1] == "+" else here - place
        elif int(whole + fraction) == hundred:
            place = capacity_bytes - 1
    elif text[:1] in ("+", "-"):
        distance = _rounded_down(text[1:])
        place = here + distance if text[0] == "+" else here - distance
    else:
        place = _rounded_down(text)
    if not 0 <= place < capacity_bytes:
        raise ValueError(f"{text} is outside the volume of {human_bytes(capacity_bytes)}")
    return place


def _rounded_down(text: str) -> int:
    match = _QUANTITY.fullmatch(text.strip())
    size_bytes = _scaled(*match.groups(), rounded=True) if match else parse_offset(text)
    if size_bytes >= 2**63:
        raise ValueError(f"{text!r} is larger than any volume")
    return size_bytes


def grouped_hex(number: int) -> str:
    """An offset in hexadecimal, in groups of four: ``0x1_2cc0_0000``."""
    return f"{number:#_x}"


def _scaled(number: str, unit: str | None, *, rounded: bool = False) -> int:
    base = 1024 if (unit or "").endswith("i") else 1000
    shift = "KMGTPE".index(unit[0].upper()) + 1 if unit else 0
    whole, _, fraction = number.partition(".")
    # In integers: a float would change offsets of large volumes by some bytes.
    numerator = int(whole + fraction)
    for _ in range(shift):
        numerator *= base
    denominator: int = 10 ** len(fraction)
    size_bytes, rest = divmod(numerator, denominator)
    if rest and not rounded:
        raise ValueError(f"{number}{unit or ''} is not a whole number of bytes")
    return size_bytes
