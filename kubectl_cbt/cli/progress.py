"""The progress bar on stderr: position in the volume, extents per second, time left."""

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


class Measured(Protocol):
    """The figures of a stream; see :class:`~kubectl_cbt.model.batch_stream.BatchStream`."""

    @property
    def extents(self) -> int: ...

    @property
    def next_offset(self) -> int: ...

    @property
    def capacity_bytes(self) -> int | None: ...

    @property
    def seconds(self) -> float: ...


@contextlib.contextmanager
def progress_bar(stream: Measured, diagnostics: Diagnostics, *, shown: bool) -> Iterator[Callable[[], None]]:
    """A bar that is removed at the end of the block; yields a function to call after each batch."""
    # rich's TTY_INTERACTIVE=0 is for terminals on which nothing should move.
    if not shown or not (console := diagnostics.console()).is_interactive:
        yield lambda: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[passed]}  {task.fields[rate]} extents/s  left"),
        TimeRemainingColumn(compact=True),
    )
    start = stream.next_offset
    with Progress(*columns, console=console, transient=True, refresh_per_second=10) as progress:
        task = progress.add_task("", total=None, passed="waiting for the first extent", rate="0")
        due = time.monotonic()

        def update() -> None:
            nonlocal due
            now = time.monotonic()
            if now < due:
                return
            due = now + _EVERY_SECONDS
            capacity = stream.capacity_bytes
            passed = human_bytes(stream.next_offset) + (f" of {human_bytes(capacity)}" if capacity else "")
            progress.update(
                task,
                completed=stream.next_offset - start,
                total=capacity - start if capacity else None,
                passed=passed,
                rate=human_rate(stream.extents / max(stream.seconds, 1e-3)),
            )

        yield update


def wants_progress(*, quiet: bool, prints_rows: bool) -> bool:
    """Whether to show a bar: stderr is a terminal that can draw it, and no rows are printed on that terminal."""
    if quiet or not is_a_terminal(sys.stderr) or why_ascii(sys.stderr):
        return False
    return not (prints_rows and is_a_terminal(sys.stdout))
