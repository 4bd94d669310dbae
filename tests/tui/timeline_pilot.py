"""A timeline to drive: a scripted backend with a few pairs."""

import threading

from directing import (
    ENTRIES,
    KIB,
    MIB,
    TWO,
    ScriptedBackend,
    ScriptedOpened,
    ScriptedStream,
    drive,
    shown,
)

from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.tui.screens.timeline_screen import TimelineScreen
from kubectl_cbt.tui.volume_of_snapshot import history_of

HOT = (32 * MIB, 8 * MIB)
"""Changes in every pair."""


class Timed(ScriptedBackend):
    """Each pair changes the hot region, and one of its own; streams of a name wait for the gate of that name.

    Attributes:
        gates: by the name of the target.
        errors: by the name of the target: raised when its delta is opened.
        broken: by the name of the target: raised at the end of its stream.
    """

    def __init__(self, entries=None, **settings) -> None:
        super().__init__(entries, **settings)
        self.gates: dict[str, threading.Event] = {}
        self.errors: dict[str, CbtError] = {}
        self.broken: dict[str, CbtError] = {}

    def open(self, names: SnapshotNames) -> ScriptedOpened:
        self.resolved.append(names)
        name = names.target.name
        if names.base is not None and name in self.errors:
            raise self.errors[name]
        own = [one.ref.name for one in ENTRIES].index(name) * 4 * MIB
        extents = [(own, MIB), (own + 2 * MIB, 4 * KIB), HOT] if names.base else [(0, 48 * MIB)]
        gate = self.gates.get(name) if names.base else None
        stream = ScriptedStream(extents, a_message=1, gate=gate, error=self.broken.get(name) if names.base else None)
        self.opened.append(ScriptedOpened(stream, names))
        return self.opened[-1]


def timeline(backend: ScriptedBackend, ref=TWO, position=None) -> TimelineScreen:
    found = history_of(backend.entries(), ref)
    assert not isinstance(found, str), found
    return TimelineScreen(found, backend, position)


def timing(steps, backend: ScriptedBackend | None = None, *, runs_on: bool = False, **settings):
    """Run ``steps(pilot, screen, backend)``.

    Args:
        runs_on: whether streams are still running when it begins.
    """
    backend = backend or Timed()
    screen = timeline(backend)
    screen.runs_on = runs_on
    return drive(screen, lambda pilot, screen: steps(pilot, screen, backend), **settings)


def band(pilot, name: str) -> str:
    """The first line of a band."""
    lines = (line.strip("│").lstrip("▸● ") for line in shown(pilot.app).splitlines() if line.startswith("│"))
    return next(line.strip() for line in lines if line.startswith(f"{name} "))


def current(pilot) -> str:
    """The name of the band under the cursor."""
    line = next(line for line in shown(pilot.app).splitlines() if line.startswith("│▸"))
    return line.strip("│▸● ").split()[0]


def pair_panel(pilot) -> list[str]:
    text = shown(pilot.app).partition("─ pair ")[2].splitlines()
    return [line.strip("│ ") for line in text[1:] if line.startswith("│")]
