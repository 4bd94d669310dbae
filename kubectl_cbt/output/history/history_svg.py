"""``history -o svg``: a picture with a row for each pair of snapshots, for tickets and reports.

The same streams give the same picture: no ages, and no name of this machine.
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style

from kubectl_cbt.model.volume_history import HistoryRow, VolumeHistory
from kubectl_cbt.output.drawing.history_picture import HistoryLayout, HistoryPicture, PictureRow
from kubectl_cbt.output.drawing.svg_lines import svg
from kubectl_cbt.output.drawing.text_width import SEPARATOR, shorten
from kubectl_cbt.output.drawing.tones import DARK_TONES, LIGHT_TONES
from kubectl_cbt.output.drawing.volume_picture import Line, Look, Words, header_line, status_line
from kubectl_cbt.output.history import history_words as words
from kubectl_cbt.output.history.history_writer import HistoryWriter
from kubectl_cbt.output.palettes import palette_named
from kubectl_cbt.output.writer import OutputTarget, Write
from kubectl_cbt.units import counted, human_bytes, utc_date


class SvgHistory(HistoryWriter):
    """One picture at the end."""

    prints_rows = False

    def __init__(self, write: Write, plan: VolumeHistory, target: OutputTarget) -> None:
        self._write = write
        self._look = Look(
            size=target.picture_size,
            palette=palette_named(target.palette),
            scale=target.scale,
            tones=DARK_TONES if target.is_dark else LIGHT_TONES,
        )

    @classmethod
    def cells(cls, target: OutputTarget) -> int:
        return HistoryLayout.of(target.picture_size.columns).cells

    def row(self, row: HistoryRow) -> None:
        pass

    def end(self, history: VolumeHistory) -> None:
        around = _words(history, self._look)
        picture = HistoryPicture(self._look)
        lines: list[Line] = [header_line(around, self._look), status_line(around, self._look)]
        lines += picture.lines(
            words.pairing_title(history.pairing), [_row(row) for row in history.rows], _allocated(history)
        )
        quiet = Style(color=self._look.tones.quiet)
        sentences = [text for label, text in words.sum_lines(history) if label in ("Bases", "")]
        lines += [[Segment(f" {shorten(text, self._look.size.columns - 2)}", quiet)] for text in sentences]
        self._write(svg(lines, page=self._look.tones.background).encode())


def _words(history: VolumeHistory, look: Look) -> Words:
    volume, tones = history.volume, look.tones
    dates = [utc_date(entry.created) for entry in history.snapshots if entry.created]
    details = [
        f"{counted(len(history.snapshots), 'snapshot')}, {dates[0]} to {dates[-1]}" if dates else "",
        volume.driver,
    ]
    complete = sum(row.is_complete for row in history.rows)
    state = (f"{complete} of {counted(len(history.rows), 'delta')} complete", tones.success)
    if not history.is_complete:
        state = (f"INCOMPLETE: {state[0]}", tones.error)
    elif not history.is_trusted:
        state = (f"{state[0]}, rules BROKEN", tones.error)
    size = human_bytes(volume.size_bytes) if volume.size_bytes else ""
    churn = words.figures_title(history)
    figures = [SEPARATOR.join(part for part in (size, churn) if part), churn or size]
    return Words(words.volume_title(volume), details, figures, [state])


def _row(row: HistoryRow) -> PictureRow:
    target = row.pair.target
    return PictureRow(
        f"{row.pair.base.ref.name} → {target.ref.name}",
        utc_date(target.created) if target.created else "",
        words.interval_of(row),
        words.changed_of(row),
        row.figures,
        not row.is_complete,
    )


def _allocated(history: VolumeHistory) -> PictureRow | None:
    figures, newest = history.allocated, history.newest
    if figures is None or newest is None:
        return None
    size = human_bytes(figures.covered_bytes)
    answered = figures.outcome is not None and (figures.outcome.messages or figures.is_complete)
    return PictureRow(
        f"{newest.ref.name}, allocated",
        utc_date(newest.created) if newest.created else "",
        "",
        (size if figures.is_complete else f"≥ {size}") if answered else words.UNKNOWN,
        figures,
        not figures.is_complete,
    )
