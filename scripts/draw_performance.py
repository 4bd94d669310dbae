"""Write the results of ``make bench`` into ``docs/performance.md``, and draw the growth of time and memory.

``python scripts/draw_performance.py`` reads ``bench/results.json``; a test compares. It replaces the text between
``<!-- bench: NAME -->`` and the next ``<!-- bench: end -->``.

GitHub shows the picture on a light and on a dark page, so it has a light background of its own, and uses no font, style
sheet or script from outside its file.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from kubectl_cbt.output.palettes import palette_named

DOCS = Path(__file__).resolve().parent.parent / "docs"
RESULTS = DOCS.parent / "bench" / "results.json"
PAGE, PICTURE = DOCS / "performance.md", DOCS / "performance.svg"

_BLOCK = re.compile(r"(?<=<!-- bench: )(?P<name>(?!end)[a-z]+) -->\n.*?(?=<!-- bench: end -->)", re.DOTALL)
_CIVIDIS = palette_named("cividis").anchors
_SERIES = (("json", "-o json", _CIVIDIS[7]), ("summary", "-o summary", _CIVIDIS[1]))
_PAGE_WIDTH, _PAGE_HEIGHT = 880, 390
_LEFT, _TOP, _WIDTH, _HEIGHT, _APART = 70, 100, 320, 220, 430

# The colours of the app's light theme.
_INK, _QUIET, _GROUND, _GRID = "#1d232b", "#62676f", "#fbfbf9", "#dcdad2"
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"

Results = dict[str, Any]


def refreshed(page: str, results: Results) -> str:
    """Return the page with the figures of ``results``."""
    blocks = {"rows": _rows, "receive": _receive, "stages": _stages, "scaling": _scaling}
    return _BLOCK.sub(lambda block: f"{block['name']} -->\n{blocks[block['name']](results)}\n", page)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _rows(results: Results) -> str:
    rows = [
        [
            row["work"],
            row["ours"],
            row["baseline"] or "–",
            row["value"],
            row["goal"],
            "kept" if row["kept"] else "MISSED",
        ]
        for row in results["rows"]
    ]
    return _table(["work", "kubectl-cbt", "compared with", "", "goal", ""], rows)


def _receive(results: Results) -> str:
    lines = "\n".join(f"- {found}" for found in results["receive"])
    return f"{results['machine']}; medians of {results['runs']} runs (fastest–slowest):\n\n{lines}"


def _stages(results: Results) -> str:
    rows = [[name, f"{value:g}", f"{1000 / value:.0f}"] for name, value in results["stages"].items()]
    return _table(["stage", "ns an extent", "million extents/s"], rows)


def _scaling(results: Results) -> str:
    points = results["scaling"]
    start = {name: points[0][f"{name}Seconds"] for name, *_ in _SERIES}
    rows = [
        [
            f"{point['extents']:,}",
            *(
                cell
                for name in start
                for cell in (
                    f"{point[f'{name}Seconds']:.2f} s",
                    _rate(point["extents"], point[f"{name}Seconds"] - start[name]),
                    f"{point[f'{name}MiB']:.0f} MiB",
                )
            ),
        ]
        for point in points
    ]
    headings = [heading for name in start for heading in (f"{name}", "extents/s beyond the start", "peak")]
    return _table(["extents", *headings], rows)


def _rate(extents: int, seconds: float) -> str:
    return f"{extents / seconds / 1e6:.1f} M" if seconds > 0.1 else "–"


def picture(results: Results) -> str:
    """Return two plots side by side: seconds on logarithmic scales, MiB on a linear scale."""
    points = results["scaling"]
    most = max(point[f"{name}MiB"] for point in points for name, *_ in _SERIES)
    top = 50 * math.ceil(most / 50 + 0.5)
    seconds = _plot(_LEFT, points, "Seconds", (0.1, 1, 10, 100), math.log10, "Seconds")
    memory = _plot(_LEFT + _APART, points, "MiB at the peak", tuple(range(0, top + 1, 50)), float, "MiB")
    about = "; ".join(
        f"{point['extents']:,} extents: "
        + ", ".join(f"{name} {point[f'{name}Seconds']:.2f} s and {point[f'{name}MiB']:.0f} MiB" for name, *_ in _SERIES)
        for point in points
    )
    title = "Time grows with the stream, memory does not"
    subtitle = "A whole command, its start included, over TLS on loopback; 4096 extents a message"
    lines = (
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_PAGE_WIDTH} {_PAGE_HEIGHT}" '
            f'width="{_PAGE_WIDTH}" height="{_PAGE_HEIGHT}" role="img" font-family="{_FONTS}">'
        ),
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(about)}</desc>",
        (
            f'<rect x="0.5" y="0.5" width="{_PAGE_WIDTH - 1}" height="{_PAGE_HEIGHT - 1}" rx="10" fill="{_GROUND}" '
            f'stroke="{_GRID}"/>'
        ),
        _text(24, 36, title, size=17, bold=True),
        _text(24, 57, subtitle, fill=_QUIET),
        *seconds,
        *memory,
        "</svg>",
    )
    return "\n".join(lines) + "\n"


def _plot(
    left: float,
    points: Sequence[dict[str, float]],
    heading: str,
    ticks: Sequence[float],
    scale: Callable[[float], float],
    unit: str,
) -> list[str]:
    low, high = scale(ticks[0]), scale(ticks[-1])
    first, last = math.log10(points[0]["extents"]), math.log10(points[-1]["extents"])

    def x(extents: float) -> float:
        return round(left + _WIDTH * (math.log10(extents) - first) / (last - first), 1)

    def y(value: float) -> float:
        return round(_TOP + _HEIGHT * (high - scale(value)) / (high - low), 1)

    shapes = [_text(left, _TOP - 14, heading, bold=True)]
    shapes += [_line([(left, y(tick)), (left + _WIDTH, y(tick))], _GRID, width=1) for tick in ticks]
    shapes += [_label(left - 8, y(tick) + 4, f"{tick:g}", anchor="end") for tick in ticks]
    shapes += [_label(x(point["extents"]), _TOP + _HEIGHT + 20, _short(point["extents"])) for point in points]
    shapes.append(_label(left + _WIDTH / 2, _TOP + _HEIGHT + 40, "extents"))
    for number, (name, words, color) in enumerate(_SERIES):
        key = _TOP + 14 + 18 * number
        shapes.append(_line([(x(point["extents"]), y(point[f"{name}{unit}"])) for point in points], color))
        shapes.append(_line([(left + 12, key), (left + 36, key)], color))
        shapes.append(_text(left + 44, key + 4, words))
    return shapes


def _text(
    x: float, y: float, words: str, *, size: float = 12, fill: str = _INK, anchor: str = "start", bold: bool = False
) -> str:
    """Return one line of text on the baseline ``y``."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{fill}" text-anchor="{anchor}"{weight}>'
        f"{escape(words)}</text>"
    )


def _label(x: float, y: float, words: str, *, anchor: str = "middle") -> str:
    return _text(x, y, words, size=11, fill=_QUIET, anchor=anchor)


def _line(points: Sequence[tuple[float, float]], stroke: str, *, width: float = 2.2) -> str:
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    return (
        f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}" stroke-linejoin="round" '
        f'stroke-linecap="butt"/>'
    )


def _short(extents: float) -> str:
    return f"{extents / 1e6:g} M" if extents >= 1e6 else f"{extents / 1e3:g} k"


def main() -> None:
    """Rewrite the page and the picture."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    PICTURE.write_text(picture(results), encoding="utf-8")


if __name__ == "__main__":
    main()
