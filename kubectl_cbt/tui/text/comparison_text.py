"""The texts of a map of a comparison: what only one side has, and what both have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from kubectl_cbt.model.comparison_outcome import SHOWN_CLASSES, ComparedList, ComparisonOutcome, RangeClass
from kubectl_cbt.output.drawing.painting import HATCH, ColorScheme, Painter
from kubectl_cbt.output.drawing.text_width import SEPARATOR, shorten
from kubectl_cbt.tui.plain_text import Content, line, plain
from kubectl_cbt.tui.text.help_text import class_terms
from kubectl_cbt.tui.text.line_layout import ERROR, GOOD, MUTED, WARNING, fit_parts, labelled
from kubectl_cbt.units import counted, human_bytes, human_seconds, human_sizes, percent

_LABELS = {RangeClass.ONLY_LEFT: "left", RangeClass.BOTH: "both", RangeClass.ONLY_RIGHT: "right"}
_DIFFERENT = (RangeClass.ONLY_LEFT, RangeClass.ONLY_RIGHT)


def comparison_header(left: ComparedList, right: ComparedList, outcome: ComparisonOutcome, width: int) -> Content:
    """The first line: the two lists, and the bytes of each class."""
    at_least = "" if outcome.complete else "≥ "
    figures = [
        f"{found.words} {at_least}{human_bytes(outcome.figures[found].size_bytes)}"
        for found in (SHOWN_CLASSES if width >= 100 else _DIFFERENT)
    ]
    if outcome.capacity_bytes and width >= 100:
        figures.insert(0, human_bytes(outcome.capacity_bytes))
    right_text = SEPARATOR.join(figures)
    room = max(width - len(right_text) - 4, 4)
    title = f"{left.name} ↔ {right.name}"
    if cell_len(title) > room:
        each = max((room - 3) // 2, 1)
        title = shorten(f"{shorten(left.name, each)} ↔ {shorten(right.name, each)}", room)
    gap = " " * max(width - line(title).cell_length - len(right_text) - 2, 2)
    return line(" ", (title, "bold"), gap, (right_text, "bold"))


def comparison_status(outcome: ComparisonOutcome, seconds: float, width: int) -> Content:
    """The second line of a comparison that has ended and is complete: its result."""
    notes = [(warning, WARNING) for warning in outcome.warnings]
    if outcome.different_capacities:
        text = "capacities differ: {} and {}".format(*human_sizes(outcome.different_capacities))
        notes.insert(0, (text, ERROR))
    runs = sum(outcome.figures[found].ranges for found in _DIFFERENT)
    result = ("different", ERROR) if runs or outcome.different_capacities else ("equal", GOOD)
    extents = counted(outcome.left.extents + outcome.right.extents, "extent")
    parts = [result, (counted(runs, "difference"), ""), *notes, (f"{extents} in {human_seconds(seconds)}", MUTED)]
    return fit_parts(width, parts, "n walks them · w wipes" if runs and width >= 60 else "")


def class_lines(sizes: Sequence[int], whole: int) -> Iterator[Content]:
    """Lines of a panel: the bytes of a range that only the left side has, both have, only the right side has.

    Args:
        whole: size of the range, for the shares.
    """
    for found, size in zip(SHOWN_CLASSES, sizes, strict=True):
        only = "" if found is RangeClass.BOTH else " only there" if size else ""
        yield labelled(_LABELS[found], f"{human_bytes(size)}, {percent(size, whole)}{only}")


def class_figures(outcome: ComparisonOutcome) -> Iterator[Content]:
    """The first lines of the statistics panel: each class with its largest run."""
    total = sum(figures.size_bytes for figures in outcome.figures.values())
    for found in SHOWN_CLASSES:
        figures = outcome.figures[found]
        yield plain(f" {found.words.capitalize()}", "bold")
        if figures.largest is None:
            yield labelled("", "nothing")
            continue
        yield labelled("", f"{human_bytes(figures.size_bytes)}, {percent(figures.size_bytes, total)} of all")
        yield labelled("", f"{counted(figures.ranges, 'run')}, largest {human_bytes(figures.largest.size_bytes)}")
    yield plain("")
    yield plain(" Differences", "bold")


def comparison_help(colors: ColorScheme) -> Iterator[Content]:
    """What the map of a comparison shows, with samples in its present colors."""
    yield plain("The map of a comparison", "bold")
    yield plain("  The volume, row by row, from its first byte to its last.")
    yield from class_terms(Painter(colors))
    yield line(("  unknown   ", "bold $text-accent"), f"{HATCH * 3} could not be compared")
    yield plain("  A difference is shown however small its share of the cell is. n and N walk the differences.")
    yield plain("  w shows the left side alone, the right side alone, then both again.")
