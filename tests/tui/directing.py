"""A stream and a cluster that a test directs, and the app driven by keys: nothing waits by luck."""

import asyncio
import contextlib
import copy
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import textual.app
import textual.pilot

from kubectl_cbt.core.backends import ClusterBackend
from kubectl_cbt.core.browsed_cluster import BrowsedCluster
from kubectl_cbt.core.options import QueryOptions, ServiceOptions
from kubectl_cbt.core.session import Session
from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.errors import CbtError, Interrupted, NotFound
from kubectl_cbt.model.record import Batch, Record, Records
from kubectl_cbt.model.refs import SnapshotHandle, SnapshotNames, SnapshotRef
from kubectl_cbt.model.resolved_query import ResolvedQuery, Snapshot
from kubectl_cbt.model.results import Failure, Outcome, Violation
from kubectl_cbt.model.snapshot_entry import SnapshotEntry
from kubectl_cbt.model.stream_query import Query
from kubectl_cbt.tui.app import CbtApp
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.textual_private import screen_strips

KIB, MIB, GIB = 2**10, 2**20, 2**30
CAPACITY = 64 * MIB
EXTENTS = [(0, 4 * KIB), (8 * KIB, 4 * KIB), (MIB, 512 * KIB), (20 * MIB, 8 * MIB), (40 * MIB, 4 * KIB)]
"""Four runs beside the first, the largest at 20 MiB."""
ALLOCATED = [(0, 2 * MIB), (16 * MIB, 32 * MIB)]


async def _nothing_to_run(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """Return once every task waits: for a message, a timer, a file or a thread.

    Textual's own measures the process' CPU time in steps of 20 ms, several for each key, and takes what other threads
    do for the app's work.
    """
    ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
    quiet = 0
    while quiet < 3:
        await asyncio.sleep(0)
        quiet = 0 if ready else quiet + 1


textual.app.wait_for_idle = textual.pilot.wait_for_idle = _nothing_to_run


class ScriptedStream:
    """A stream of given extents, a message each few.

    Args:
        gate: when given, only the first ``free`` messages come until it is set.
        interruption: what is told behind the first message, of a stream that is taken up.
        error: raised behind the last message.
    """

    def __init__(
        self,
        extents: Iterable[tuple[int, int]] = tuple(EXTENTS),
        *,
        a_message: int = 2,
        gate: threading.Event | None = None,
        free: int = 1,
        error: Exception | None = None,
        violations: tuple[Violation, ...] = (),
        capacity: int | None = CAPACITY,
        interruption: str = "",
    ) -> None:
        self.extents = self.messages = self.next_offset = self.resumes = 0
        self._interruption = interruption
        self.capacity_bytes: int | None = None
        self.seconds = 0.5
        self.is_cancelled = threading.Event()
        self._all, self._step, self._next = list(extents), a_message, 0
        self._free = free
        self._gate, self._error, self._violations, self._capacity = gate, error, violations, capacity

    def __iter__(self):
        while (start := self._next) < len(self._all):
            if start and self._interruption:
                self.notify(self._interruption)
                self._interruption = ""
                self.resumes += 1
            if start >= self._free * self._step and self._gate is not None:
                while not self._gate.wait(0.01) and not self.is_cancelled.is_set():
                    pass
            if self.is_cancelled.is_set():
                raise Interrupted("cancelled")
            self._next += self._step
            yield self._batch(self._all[start : start + self._step])
        if self._error is not None:
            raise self._error

    def resume(self) -> None:
        """Iterating goes on with the next message, and does not fail."""
        self.is_cancelled.clear()
        self._error = None
        self.resumes += 1

    def _batch(self, extents) -> Batch:
        columns = (np.array([pair[index] for pair in extents], dtype=np.int64) for index in (0, 1))
        offsets, sizes = columns
        self.messages += 1
        self.extents += len(extents)
        self.capacity_bytes = self._capacity
        self.next_offset = max(self.next_offset, int((offsets + sizes).max()))
        return Batch.whole(Records.of(Record(self.messages, 2, self._capacity or 0, offsets, sizes)))

    def notify_to(self, notify: Callable[[str], None]) -> None:
        self.notify = notify

    def cancel(self) -> None:
        self.is_cancelled.set()

    def outcome(self, error: CbtError | None = None, restore_size_bytes: int | None = None) -> Outcome:
        return Outcome(
            complete=error is None,
            block_metadata_type=2 if self.messages else None,
            volume_capacity_bytes=self.capacity_bytes or restore_size_bytes,
            messages=self.messages,
            extents=self.extents,
            next_offset=self.next_offset,
            clipped=0,
            resumes=self.resumes,
            seconds=self.seconds,
            violations=self._violations,
            failure=Failure(type(error).__name__, "", error.message, error.hint) if error else None,
        )


class ScriptedOpened:
    """What a backend gives for a choice.

    Attributes:
        is_live: False for what says its kind itself, as a document does.
        failing: raised by the next attempts to resume it, while set.
    """

    def __init__(
        self, stream: ScriptedStream, names: SnapshotNames, *, kind: str | None = "", size: int | None = CAPACITY
    ):
        snapshot, base = snapshot_of(names.target, size), names.base and snapshot_of(names.base, size)
        handle = base.handle if base else None
        self.resolved = ResolvedQuery(Query(names.target, handle), snapshot, base)
        self.operation = self.resolved.query.operation if kind == "" else kind
        self.stream = stream
        self.is_closed = False
        self.is_live = kind == ""
        self.failing: CbtError | None = None

    def resume(self) -> None:
        if self.failing is not None:
            raise self.failing
        self.is_closed = False
        self.stream.resume()

    def close(self) -> None:
        self.is_closed = True
        self.stream.cancel()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def snapshot_of(ref: SnapshotRef, size: int | None = CAPACITY) -> Snapshot:
    return Snapshot(ref, f"content-{ref.name}", "a.csi", SnapshotHandle(f"h-{ref.name}"), "data", "vol", size, None)


def entry(name: str, hour: int, *, claim: str = "data", namespace: str = "ns", obstacle: str = "") -> SnapshotEntry:
    return SnapshotEntry(
        ref=SnapshotRef(namespace, name),
        claim=claim,
        content=f"content-{name}",
        driver="a.csi",
        handle=f"h-{name}",
        volume_handle=f"vol-{claim}",
        restore_size_bytes=CAPACITY,
        ready=not obstacle,
        created=datetime(2026, 11, 1, hour, tzinfo=UTC),
        object_created=None,
        obstacle=obstacle,
    )


ENTRIES = [
    entry("one", 1),
    entry("two", 2),
    entry("three", 3),
    entry("four", 4),
    entry("other-1", 1, claim="other"),
    entry("pending", 5, claim="other", obstacle="no status yet"),
]
ONE, TWO, THREE, FOUR = (SnapshotRef("ns", name) for name in ("one", "two", "three", "four"))


class ScriptedBackend:
    """A cluster of :data:`ENTRIES`, and others by context.

    Attributes:
        context, namespace: as of a view of a cluster.
        others: the clusters of other contexts.
        is_closed: whether its login was closed.
        asked: the choices that were opened, in order.
        failing: raised by the next calls, while set.
        stream_error: what the streams that are opened end with.
    """

    stream_error: CbtError | None = None
    context = ""
    namespace: str | None = None

    def __init__(self, entries: list[SnapshotEntry] | None = None, *, context: str = "") -> None:
        self.context = context
        self.others: dict[str, ScriptedBackend] = {}
        self.is_closed = False
        self.listed = list(ENTRIES if entries is None else entries)
        self.resolved: list[SnapshotNames] = []
        self.opened: list[ScriptedOpened] = []
        self.failing: CbtError | None = None

    def entries(self) -> list[SnapshotEntry]:
        if self.failing:
            raise self.failing
        return [entry for entry in self.listed if self.namespace in (None, entry.ref.namespace)]

    def namespaces(self) -> list[str]:
        if self.failing:
            raise self.failing
        return sorted({entry.ref.namespace for entry in self.listed})

    def in_namespace(self, namespace: str | None) -> "ScriptedBackend":
        view = copy.copy(self)
        view.namespace = namespace
        return view

    def contexts(self) -> list[str]:
        return [self.context, *self.others] if self.context else []

    def in_context(self, context: str) -> "tuple[ScriptedBackend, list[SnapshotEntry]]":
        if self.failing:
            raise self.failing
        return self.others[context], self.others[context].entries()

    def close(self) -> None:
        self.is_closed = True

    def open(self, names: SnapshotNames) -> ScriptedOpened:
        if self.failing:
            raise self.failing
        self.resolved.append(names)
        extents = EXTENTS if names.base else ALLOCATED
        self.opened.append(ScriptedOpened(ScriptedStream(extents, error=self.stream_error), names))
        return self.opened[-1]


GONE = NotFound('"two" not found', status=404, reason="NotFound", hint="look again")


def the_map(
    stream: ScriptedStream | None = None,
    backend: ScriptedBackend | None = None,
    names: SnapshotNames | None = None,
    *,
    kind: str | None = "",
    size: int | None = CAPACITY,
    clock: Callable[[], float] = time.monotonic,
    at_start: bool = True,
) -> MapScreen:
    """A map of two → three unless told otherwise, its stream begun.

    Args:
        at_start: whether the cursor stays on the first byte, instead of the largest run.
    """
    opened = ScriptedOpened(stream or ScriptedStream(), names or SnapshotNames(THREE, TWO), kind=kind, size=size)
    loader = Loader(opened, clock)
    loader.start()
    screen = MapScreen(loader, backend)
    screen.cursor.is_placed = at_start
    return screen


def drive(screen, steps: Callable, *, size: tuple[int, int] = (110, 30), colors: bool = True):
    """Run ``steps(pilot, screen)`` on the app with that screen; returns what it returns."""

    async def run():
        app = CbtApp(screen, limits=StreamLimits(), colors=colors)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: not screen.is_updating or getattr(screen, "runs_on", False))
            return await steps(pilot, screen)

    return asyncio.run(run())


async def until(pilot, holds: Callable[[], bool]) -> None:
    """Let the app work until something holds; far more turns than it ever takes before giving up."""
    for _ in range(3000):
        await pilot.pause()
        if holds():
            await pilot.pause()
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"never happened; the screen shows:\n{shown(pilot.app)}")


async def resize(pilot, width: int, height: int) -> None:
    """Give the terminal another size, and let every widget have its place in it."""
    await pilot.resize_terminal(width, height)
    await until(pilot, lambda: pilot.app.screen._compositor.size == (width, height))


async def press(pilot, *keys: str) -> None:
    """Press keys, one after the other, each when the one before has done its work."""
    for key in keys:
        await pilot.press(key)
        screen = pilot.app.screen
        await until(pilot, lambda screen=screen: not getattr(screen, "is_busy", False))


async def type_text(pilot, text: str) -> None:
    """Type a line into what has the keyboard."""
    names = {" ": "space", ">": "greater_than_sign", "<": "less_than_sign", ".": "full_stop", "%": "percent_sign"}
    names |= {"[": "left_square_bracket", "]": "right_square_bracket"}
    names |= {"=": "equals_sign", "+": "plus", "-": "minus", "/": "slash", "_": "underscore"}
    await press(pilot, *(names.get(letter, letter) for letter in text))


def shown(app: CbtApp) -> str:
    """The screen as text."""
    return "\n".join(strip.text for strip in screen_strips(app.screen))


def browsed_cluster(session: Session, namespace: str | None = None) -> BrowsedCluster:
    """A cluster as browse opens it."""
    return BrowsedCluster(session, ServiceOptions(), QueryOptions(), namespace, contextlib.ExitStack())


def cluster_backend(session: Session, namespace: str | None, **options: Any) -> ClusterBackend:
    """A cluster as the command opens it, with options of a query."""
    return ClusterBackend(session, ServiceOptions(), QueryOptions(**options), namespace)
