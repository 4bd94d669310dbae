"""The flags of ``history``: which snapshots, how they are paired, and the output format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from kubectl_cbt.cli.options import DEFAULT_CHUNK_BYTES, parsed_chunk, parser_of
from kubectl_cbt.core.options import QueryOptions
from kubectl_cbt.output.history.history_formats import HistoryFormat
from kubectl_cbt.units import parse_duration, parse_time

if TYPE_CHECKING:
    from kubectl_cbt.core.measured_history import HistoryOptions

from kubectl_cbt.model.pairing import Pairing

_DAYS = re.compile(r"(\d{1,6})d", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def current_time() -> datetime:
    """Now."""
    return datetime.now(UTC)


def parse_since(text: str, now: datetime | None = None) -> datetime:
    """A time: ``30d`` and ``12h`` before now, ``2025-06-01``, or a time of RFC 3339.

    Raises:
        ValueError: it is none of these.
    """
    try:
        if _DATE.match(text):
            return parse_time(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text)
        days = _DAYS.match(text)
        rest = text[days.end() :] if days else text
        # After days, nothing else is needed.
        seconds = parse_duration(rest) if rest or not days else 0.0
        return (now or current_time()) - timedelta(days=int(days[1]) if days else 0, seconds=seconds)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not an age such as 30d or 12h, nor a date such as 2025-06-01") from error


@dataclass(frozen=True, slots=True)
class HistoryFlags:
    """What to measure, and the output format."""

    output: Annotated[
        HistoryFormat | None,
        typer.Option("--output", "-o", help="Output format (default: the timeline on a terminal, otherwise table)."),
    ] = None
    pairs: Annotated[
        Pairing, typer.Option("--pairs", help="Base of each delta: the snapshot before, or the oldest one.")
    ] = Pairing.NEIGHBOURS
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            parser=parser_of(parse_since),
            metavar="AGE|DATE",
            help="Omit older snapshots: 30d, 12h, 2025-06-01, or a time of RFC 3339.",
        ),
    ] = None
    last: Annotated[int | None, typer.Option("--last", min=1, metavar="N", help="Use only the newest N snapshots.")] = (
        None
    )
    chunk: Annotated[
        int,
        typer.Option(
            "--chunk",
            parser=parsed_chunk,
            show_default="1Mi",
            metavar="SIZE",
            help="Chunk size of the backup, a power of two, for what an incremental backup would read.",
        ),
    ] = DEFAULT_CHUNK_BYTES
    volume: Annotated[
        str,
        typer.Option(
            "--volume",
            metavar="HANDLE",
            help="Volume handle, instead of CLAIM or to select one of several volumes that had this claim.",
        ),
    ] = ""
    max_results: int | None = None
    retries: int = 6
    no_probe: bool = False

    def history_options(self) -> HistoryOptions:
        """What to measure."""
        from kubectl_cbt.core.measured_history import HistoryOptions

        return HistoryOptions(self.pairs, self.since, self.last, self.chunk)

    def query_options(self) -> QueryOptions:
        """How to query each pair."""
        return QueryOptions(max_results=self.max_results, retries=self.retries, no_probe=self.no_probe)
