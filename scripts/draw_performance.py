"""Put what ``make bench`` measured into ``docs/performance.md``, and draw how time and memory grow.

``python scripts/draw_performance.py`` reads ``bench/results.json``; a test compares. What stands between a line
``<!-- bench: NAME -->`` and the next ``<!-- bench: end -->`` is replaced.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from draw_diagrams import DOCS, INK, QUIET, STREAMS, figure, group, line, paragraph, text

RESULTS = DOCS.parent / "bench" / "results.json"
PAGE, PICTURE = DOCS / "performance.md", DOCS / "performance.svg"

_BLOCK = re.compile(r"(?<=<!-- bench: )(?P<name>(?!end)[a-z]+) -->\n.*?(?=<!-- bench: end -->)", re.DOTALL)
_SERIES = (("json", "-o json", STREAMS[2]), ("summary", "-o summary", STREAMS[0]))
_LEFT, _TOP, _WIDTH, _HEIGHT, _APART = 70, 100, 320, 220, 430

Results = dict[str, Any]


def refreshed(page: str, results: Results) -> str:
    """The page with the figures of ``results``."""
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
    """Two plots side by side: seconds on two logarithmic scales, MiB on a linear one."""
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
    return figure(title, subtitle, about, 390, seconds, memory)


def _plot(
    left: float,
    points: Sequence[dict[str, float]],
    heading: str,
    ticks: Sequence[float],
    scale: Callable[[float], float],
    unit: str,
) -> str:
    low, high = scale(ticks[0]), scale(ticks[-1])
    first, last = math.log10(points[0]["extents"]), math.log10(points[-1]["extents"])

    def x(extents: float) -> float:
        return round(left + _WIDTH * (math.log10(extents) - first) / (last - first), 1)

    def y(value: float) -> float:
        return round(_TOP + _HEIGHT * (high - scale(value)) / (high - low), 1)

    grid = [line([(left, y(tick)), (left + _WIDTH, y(tick))], stroke="#dcdad2", width=1) for tick in ticks]
    labels = [paragraph(left - 8, y(tick) + 4, f"{tick:g}", anchor="end") for tick in ticks]
    below = [
        paragraph(x(point["extents"]), _TOP + _HEIGHT + 20, _short(point["extents"]), anchor="middle")
        for point in points
    ]
    shapes = []
    for number, (name, words, color) in enumerate(_SERIES):
        values = [(x(point["extents"]), y(point[f"{name}{unit}"])) for point in points]
        shapes.append(line(values, stroke=color, width=2.2))
        shapes.append(
            line([(left + 12, _TOP + 14 + 18 * number), (left + 36, _TOP + 14 + 18 * number)], stroke=color, width=2.2)
        )
        shapes.append(text(left + 44, _TOP + 18 + 18 * number, words, fill=INK))
    axis = paragraph(left + _WIDTH / 2, _TOP + _HEIGHT + 40, "extents", anchor="middle", fill=QUIET)
    return group(text(left, _TOP - 14, heading, bold=True), *grid, *labels, *below, axis, *shapes)


def _short(extents: float) -> str:
    return f"{extents / 1e6:g} M" if extents >= 1e6 else f"{extents / 1e3:g} k"


def main() -> None:
    """Rewrite page and picture."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    PICTURE.write_text(picture(results), encoding="utf-8")


if __name__ == "__main__":
    main()
