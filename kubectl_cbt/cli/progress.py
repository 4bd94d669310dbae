"""The progress bars on stderr: position in the volume or bytes, rate, time left."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from kubectl_cbt.cli.charset import why_ascii
from kubectl_cbt.cli.diagnostics import Diagnostics, is_a_terminal
from kubectl_cbt.units import human_bytes, human_rate

_EVERY_SECONDS = 0.1


class Positioned(Protocol):
    """Work that moves through a volume."""

    @property
    def next_offset(self) -> int:
        """Progress in bytes."""
        ...

    @property
    def capacity_bytes(self) -> int | None:
        """Where it ends; None while that is unknown."""
        ...


class Measured(Positioned, Protocol):
    """A stream of extents."""

    @property
    def extents(self) -> int:
        """Received so far."""
        ...

    @property
    def seconds(self) -> float:
        """Time from the start to the end, or to now."""
        ...


def extent_rate(stream: Measured) -> Callable[[], str]:
    """How fast a stream arrives."""
    return lambda: f"{human_rate(stream.extents / max(stream.seconds, 1e-3))} extents/s"


@contextlib.contextmanager
def progress_bar(
    work: Positioned, rate: Callable[[], str], diagnostics: Diagnostics, *, shown: bool
) -> Iterator[Callable[[], None]]:
    """A bar that is removed at the end of the block; yields a function to call after each batch.

    Args:
        rate: the speed, as text.
    """
    # rich's TTY_INTERACTIVE=0 is for terminals on which nothing should move.
    if not shown or not (console := diagnostics.console()).is_interactive:
        yield lambda: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[passed]}  {task.fields[rate]}  left"),
        TimeRemainingColumn(compact=True),
    )
    start = work.next_offset
    with Progress(*columns, console=console, transient=True, refresh_per_second=10) as progress:
        task = progress.add_task("", total=None, passed="waiting for the first extent", rate="")
        due = time.monotonic()

        def update() -> None:
            nonlocal due
            now = time.monotonic()
            if now < due:
                return
            due = now + _EVERY_SECONDS
            capacity = work.capacity_bytes
            passed = human_bytes(work.next_offset) + (f" of {human_bytes(capacity)}" if capacity else "")
            progress.update(
                task,
                completed=work.next_offset - start,
                total=capacity - start if capacity else None,
                passed=passed,
                rate=rate(),
            )

        yield update


class Counted(Protocol):
    """Work on a number of things, a few at a time."""

    @property
    def total(self) -> int:
        """How many there are."""
        ...


@contextlib.contextmanager
def volumes_bar(
    work: Counted, state: Callable[[], str], diagnostics: Diagnostics, *, shown: bool
) -> Iterator[Callable[[], None]]:
    """A bar of volumes, removed at the end of the block; yields a function to call after each.

    Args:
        state: what runs now, as text; called several times a second.
    """
    if not shown or not (console := diagnostics.console()).is_interactive:
        yield lambda: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class State(ProgressColumn):
        """Drawn again while no volume ends."""

        def render(self, task: Task) -> Text:
            return Text(state())

    columns = (
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("volumes "),
        State(),
        TextColumn(" left"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True, refresh_per_second=10) as progress:
        task = progress.add_task("", total=work.total)
        yield lambda: progress.advance(task)


@contextlib.contextmanager
def bytes_bar(total_bytes: int, diagnostics: Diagnostics, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """A bar of bytes that are written, removed at the end of the block; yields a function that adds to them."""
    if not shown or not (console := diagnostics.console()).is_interactive:
        yield lambda size_bytes: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[written]}  left"),
        TimeRemainingColumn(compact=True),
    )
    whole = human_bytes(total_bytes)
    with Progress(*columns, console=console, transient=True, refresh_per_second=10) as progress:
        task = progress.add_task("", total=total_bytes, written=f"0 of {whole}")
        written_bytes = 0

        def add(size_bytes: int) -> None:
            nonlocal written_bytes
            written_bytes += size_bytes
            progress.update(task, completed=written_bytes, written=f"{human_bytes(written_bytes)} of {whole}")

        yield add


def wants_progress(*, quiet: bool, prints_rows: bool) -> bool:
    """Whether to show a bar: stderr is a terminal that can draw it, and no rows are printed on that terminal."""
    if quiet or not is_a_terminal(sys.stderr) or why_ascii(sys.stderr):
        return False
    return not (prints_rows and is_a_terminal(sys.stdout))
