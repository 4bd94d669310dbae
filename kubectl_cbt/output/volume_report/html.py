"""``report -o html``: one page without any other file, for a ticket or a mail.

It can be read without a script; the script only sorts and filters the table. Every text is escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from importlib.resources import files

from kubectl_cbt.analysis.report_figures import (
    RowFigures,
    StreamState,
    Total,
    by_driver,
    by_namespace,
    total,
    totals_by,
    without_base,
)
from kubectl_cbt.output.volume_report.report_columns import (
    AMPLIFIED,
    CBT,
    CHANGED,
    CHURN,
    FULL,
    NEXT,
    RANKINGS,
    RPO,
    SAVES,
    SIZE,
    SNAPSHOTS,
    TOTAL_COLUMNS,
    WINDOW,
    Ranking,
    ReportColumn,
)
from kubectl_cbt.output.volume_report.report_table import diff_text
from kubectl_cbt.output.volume_report.report_writer import PrintedReport, ReportWriter
from kubectl_cbt.output.volume_report.svg_map import legend_scale, map_style, volume_map
from kubectl_cbt.output.volume_report.texts import (
    UNKNOWN,
    age_text,
    bytes_text,
    churn_text,
    rate_text,
    rules_text,
    scope_text,
    share_text,
    span_text,
)
from kubectl_cbt.output.writer import Write
from kubectl_cbt.units import counted, human_bytes, printable, utc_minute

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
"""


class HtmlReport(ReportWriter):
    """Written at the end, because volumes are sorted."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def end(self, printed: PrintedReport) -> None:
        for part in _page(printed):
            self._write(part.encode())


def _page(printed: PrintedReport) -> Iterator[str]:
    rows = printed.rows
    style, script = (
        files(__package__).joinpath(name).read_text(encoding="utf-8") for name in ("report.css", "report.js")
    )
    yield f"{_HEAD}<title>Volume report</title>\n<style>\n{style}{map_style()}</style>\n</head>\n<body>\n"
    yield from _header(printed, total("", rows))
    yield "<main>\n"
    if rows:
        yield from _volumes(printed)
        yield from _worst(printed)
    if missing := without_base(rows):
        items = "".join(_reason(one) for one in missing)
        yield f'<section><h2>No usable base: a full backup is next</h2>\n<ul class="card">{items}</ul></section>\n'
    if printed.diff is not None:
        first, *lines = diff_text(printed.diff).splitlines()
        items = "".join(f"<li>{_text(line.strip())}</li>" for line in lines)
        yield f'<section><h2>{_text(first)}</h2>\n<ul class="card">{items}</ul></section>\n'
    for heading, totals in (("Drivers", totals_by(by_driver, rows)), ("Namespaces", totals_by(by_namespace, rows))):
        if totals:
            yield _totals(heading, totals)
    yield f"</main>\n{_footer(printed)}<script>\n{script}</script>\n</body>\n</html>\n"


def _header(printed: PrintedReport, cluster: Total) -> Iterator[str]:
    report = printed.report
    context = f"<b>{_text(report.scope.context)}</b>, " if report.scope.context else ""
    yield (
        f'<header>\n<h1>Volume report</h1>\n<p class="about">{context}{_text(scope_text(report.scope))}'
        f" · {utc_minute(report.generated)} UTC</p>\n"
    )
    if report.failure is not None or cluster.incomplete:
        why = f": {_text(report.failure.message)}" if report.failure is not None else ""
        yield (
            f'<p class="notice">This report is incomplete{why}. Streams of'
            f" {counted(cluster.incomplete, 'volume')} did not reach their end; ≥ marks lower bounds.</p>\n"
        )
    rules = "all kept" if not cluster.broke_rules else f"broken by {counted(cluster.broke_rules, 'volume')}"
    tiles = [
        ("Volumes", str(cluster.volumes), counted(cluster.snapshots, "snapshot")),
        ("With CBT", str(cluster.with_cbt), f"{cluster.volumes - cluster.with_cbt} without"),
        ("Next incremental", bytes_text(cluster.cost), f"{cluster.measured} of {cluster.volumes} volumes known"),
        ("Full backup", bytes_text(cluster.full_cost), f"allocated {bytes_text(cluster.allocated)}"),
        ("Window", span_text(cluster.window), f"at {rate_text(report)}, one after the other"),
        ("Saved by incremental", share_text(cluster.saving), "of what a full backup reads"),
        ("Churn", churn_text(cluster.churn), f"changed {bytes_text(cluster.changed)}"),
        ("Rules of the CSI spec", rules if report.has_streams else UNKNOWN, f"{cluster.incomplete} incomplete"),
    ]
    items = "".join(
        f'<div class="tile"><dt>{name}</dt><dd>{_text(value)}<small>{_text(more)}</small></dd></div>\n'
        for name, value, more in tiles
    )
    yield f'<dl class="tiles">\n{items}</dl>\n</header>\n'


def _snapshots(printed: PrintedReport, one: RowFigures) -> str:
    row, now = one.row, printed.report.generated
    ages = dict.fromkeys(age_text(when, now) for when in (row.newest, row.oldest))
    return f'{row.snapshots}<small class="u">{_text(" … ".join(ages))}</small>'


def _cbt(printed: PrintedReport, one: RowFigures) -> str:
    tags = ['<span class="tag yes">yes</span>' if one.has_cbt else '<span class="tag no">no</span>']
    if one.has_cbt and one.state is StreamState.INCOMPLETE:
        tags.append('<span class="tag part">incomplete</span>')
    if one.rules:
        tags.append(f'<span class="tag no">broke {_text(rules_text(one))}</span>')
    why = "; ".join(dict.fromkeys(filter(None, (one.reason, *one.failures))))
    return " ".join(tags) + (f'<span class="why">{_text(why)}</span>' if why else "")


_Cell = Callable[[PrintedReport, RowFigures], str]
"""The HTML of a cell."""


def _of(column: ReportColumn) -> tuple[ReportColumn, _Cell]:
    return column, lambda printed, one: _quiet(column.text(printed.report, one))


_COLUMNS: tuple[tuple[ReportColumn, _Cell], ...] = (
    _of(SIZE),
    (SNAPSHOTS._replace(title="Snapshots"), _snapshots),
    _of(RPO),
    (CBT, _cbt),
    *map(_of, (FULL, CHANGED, NEXT, AMPLIFIED, WINDOW, SAVES, CHURN)),
)


def _volumes(printed: PrintedReport) -> Iterator[str]:
    headings = "".join(
        f'<th scope="col" class="{"n" * column.is_number}">{column.title}</th>' for column, _ in _COLUMNS
    )
    yield (
        '<section id="volumes"><h2>Volumes</h2>\n<div class="card"><table class="cards sortable">\n'
        f'<thead><tr><th scope="col">Volume</th>{headings}<th scope="col">Map</th></tr></thead>\n<tbody>\n'
    )
    for one in printed.rows:
        cells = "".join(_volume_cell(column, one, cell(printed, one)) for column, cell in _COLUMNS)
        name = f"{one.row.namespace}/{one.row.volume}"
        drawn = volume_map(one.row.full, one.row.delta, f"Map of {printable(name)}")
        yield (
            f'<tr><th scope="row" data-v="{_text(name)}">{_text(one.row.volume)}'
            f"<small>{_text(one.row.namespace)}</small><small>{_text(one.row.driver or UNKNOWN)}</small></th>"
            f'{cells}<td data-l="" data-v="">{drawn}</td></tr>\n'
        )
    yield "</tbody></table></div>\n"
    chunk, rate = human_bytes(printed.report.chunk_bytes), rate_text(printed.report)
    yield (
        f'<p class="legend"><span>{legend_scale("h")}changed, from a trace to all</span>'
        f"<span>{legend_scale('a')}allocated</span>"
        f"<span>Next: the next incremental backup, in chunks of {chunk}. Window: at {rate}.</span></p></section>\n"
    )


def _volume_cell(column: ReportColumn, one: RowFigures, cell: str) -> str:
    value = column.value(one)
    shown = "" if value is None else _text(str(value))
    names = " ".join(name for name, has in (("n", column.is_number), ("none", value is None)) if has)
    return f'<td class="{names}" data-l="{column.title}" data-v="{shown}"><div>{cell}</div></td>'


def _worst(printed: PrintedReport) -> Iterator[str]:
    lists = [(ranking, worst) for ranking in RANKINGS if (worst := ranking.worst(printed.rows))]
    if lists:
        cards = "".join(_ranking(printed, ranking, worst) for ranking, worst in lists)
        yield f'<section><h2>Worst volumes</h2>\n<div class="three">\n{cards}</div></section>\n'


def _ranking(printed: PrintedReport, ranking: Ranking, worst: Sequence[RowFigures]) -> str:
    values = [float(ranking.column.value(one) or 0) for one in worst]
    items = "".join(
        f'<li><i style="width:{100 * value / values[0]:.1f}%"></i><span>{_text(one.row.name)}</span>'
        f"<span>{_text(ranking.column.text(printed.report, one))}</span></li>\n"
        for one, value in zip(worst, values, strict=True)
    )
    return f'<div class="card"><h3>{ranking.title}</h3>\n<ol>\n{items}</ol></div>\n'


def _totals(heading: str, totals: Sequence[Total]) -> str:
    heads = "".join(f'<th scope="col" class="n">{column.title}</th>' for column in TOTAL_COLUMNS)
    lines = []
    for one in totals:
        cells = "".join(
            f'<td class="n" data-l="{column.title}"><div>{_quiet(column.text(one))}</div></td>'
            for column in TOTAL_COLUMNS
        )
        lines.append(f'<tr><th scope="row">{_text(one.name or UNKNOWN)}</th>{cells}</tr>\n')
    return (
        f'<section><h2>{heading}</h2>\n<div class="card"><table class="cards">\n<thead><tr><th scope="col">'
        f"{heading[:-1]}</th>{heads}</tr></thead>\n<tbody>\n{''.join(lines)}</tbody></table></div></section>\n"
    )


def _reason(one: RowFigures) -> str:
    why = one.reason or "; ".join(one.failures)
    return f'<li>{_text(one.row.name)}<span class="why">{_text(why)}</span></li>'


def _footer(printed: PrintedReport) -> str:
    chunk = human_bytes(printed.report.chunk_bytes)
    return (
        "<footer><p>RPO: age of the newest snapshot that is ready. Full: allocated blocks of the newest snapshot. Next:"
        f" what an incremental backup in chunks of {chunk} would have read for the last two snapshots. {UNKNOWN} is"
        " unknown. Made by kubectl cbt report.</p></footer>\n"
    )


def _quiet(text: str) -> str:
    return f'<span class="u">{UNKNOWN}</span>' if text == UNKNOWN else _text(text)


def _text(text: str) -> str:
    """Untrusted text, for an element or an attribute."""
    return escape(printable(text), quote=True)
