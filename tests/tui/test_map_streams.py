"""Stop and resume a stream on the map; what a running, silent or failed stream shows."""

import threading
from dataclasses import replace

import pytest
from directing import (
    EXTENTS,
    GONE,
    THREE,
    TWO,
    ScriptedOpened,
    ScriptedStream,
    drive,
    press,
    shown,
    the_map,
    until,
)

from kubectl_cbt.model.refs import SnapshotNames
from kubectl_cbt.model.results import MUST, Violation
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.text.status_line import status_line


def test_x_stops_the_stream_and_keeps_what_came():
    gate = threading.Event()
    screen = the_map(ScriptedStream(gate=gate))
    screen.runs_on = True

    async def steps(pilot, screen):
        await until(pilot, lambda: screen.streams.frame.outcome.messages == 1)
        assert "x stops" in shown(pilot.app)
        await press(pilot, "plus", "right")
        await press(pilot, "x")
        await until(pilot, lambda: not screen.streams.frame.is_running)
        assert "INCOMPLETE at 12 KiB: stopped" in shown(pilot.app)
        await press(pilot, "0")
        assert "╱╱╱" in shown(pilot.app)
        assert len(screen.streams.extents) == 2

    drive(screen, steps)


def test_r_resumes_what_was_stopped_and_says_why_it_cannot():
    gate = threading.Event()
    stream = ScriptedStream(gate=gate)
    screen = the_map(stream)
    screen.runs_on = True

    async def steps(pilot, screen):
        await until(pilot, lambda: screen.streams.frame.outcome.messages == 1)
        opened = screen.streams.main.opened
        await press(pilot, "r")
        assert "the stream is running" in shown(pilot.app)
        await press(pilot, "x")
        await until(pilot, lambda: not screen.streams.frame.is_running)
        screen.notice("")
        assert "stopped · r resumes · v shows more" in shown(pilot.app)
        assert "changed ≥ 8 KiB so far" in shown(pilot.app)
        opened.failing = GONE
        await press(pilot, "r")
        assert '"two" not found' in shown(pilot.app)
        assert len(screen.streams.extents) == 2
        opened.failing = None
        gate.set()
        await press(pilot, "r")
        await until(pilot, lambda: screen.streams.frame.outcome.complete)
        assert screen.streams.extents.offsets.tolist() == [offset for offset, _ in EXTENTS]
        assert screen.streams.frame.known.is_whole
        screen.notice("")
        assert "complete · 5 extents" in shown(pilot.app)
        assert "resumed 1 time" in shown(pilot.app)
        await press(pilot, "r")
        assert "the stream is complete" in shown(pilot.app)

    drive(screen, steps)


DISORDER = Violation("R2", MUST, "extents are ascending", 1, ())


@pytest.mark.parametrize(
    ("stream", "kind", "words"),
    [
        (ScriptedStream(error=GONE), None, "it has no live source"),
        (ScriptedStream(error=GONE, violations=(DISORDER,)), "", "the offset to resume from is unknown"),
        (ScriptedStream(error=ValueError("a bug")), "", "an internal error ended the stream"),
    ],
)
def test_what_cannot_be_resumed_is_not(stream, kind, words):
    loader = Loader(ScriptedOpened(stream, SnapshotNames(THREE, TWO), kind=kind))
    loader.start()
    loader.wait_until_ended()
    assert words in loader.resume_obstacle


def test_a_stream_that_is_taken_up_says_why_it_waits_and_in_the_end_how_often():
    gate = threading.Event()
    why = "resuming at 12 KiB in 4 s: the connection broke"
    screen = the_map(ScriptedStream(gate=gate, interruption=why))
    screen.runs_on = True

    async def steps(pilot, screen):
        await until(pilot, lambda: why in shown(pilot.app))
        assert "x stops" in shown(pilot.app)
        gate.set()
        await until(pilot, lambda: "resumed 1 time" in shown(pilot.app))
        assert why not in shown(pilot.app)
        await press(pilot, "v")
        assert "The stream was resumed 1 time." in shown(pilot.app)

    drive(screen, steps)


def test_what_comes_is_drawn_while_the_screen_is_used():
    gate = threading.Event()
    screen = the_map(ScriptedStream(gate=gate))
    screen.runs_on = True

    async def steps(pilot, screen):
        await until(pilot, lambda: "╱" in shown(pilot.app))
        await press(pilot, "right", "right")
        cursor = screen.cursor.position
        gate.set()
        await until(pilot, lambda: "complete" in shown(pilot.app))
        assert "╱" not in shown(pilot.app).replace("╱ unknown", "")
        assert screen.cursor.position == cursor > 0

    drive(screen, steps)


def test_a_stream_that_falls_silent_says_for_how_long_until_it_ends():
    gate, now = threading.Event(), [0.0]
    screen = the_map(ScriptedStream(gate=gate, free=2, a_message=1), clock=lambda: now[0])
    screen.runs_on = True

    async def steps(pilot, screen):
        await until(pilot, lambda: "x stops" in shown(pilot.app))
        # The second message comes right after the first, and no third one makes it be drawn.
        await until(pilot, lambda: screen.streams.main._has_unpublished)
        screen._tick()
        # While more may come, frames are made where they hold up nobody.
        assert len(screen.streams.extents) == 1
        now[0] = 1.1
        await until(pilot, lambda: len(screen.streams.extents) == 2)
        now[0] = 4.9
        screen._tick()
        assert "nothing received" not in shown(pilot.app)
        now[0] = 12.4
        await until(pilot, lambda: "nothing received for 12 s · 12 KiB of 64 MiB · x stops" in shown(pilot.app))
        now[0] = 75.0
        await until(pilot, lambda: "nothing received for 1 min 15 s" in shown(pilot.app))
        gate.set()
        await until(pilot, lambda: "complete · " in shown(pilot.app))
        await until(pilot, lambda: not screen._ticking._active.is_set())

    drive(screen, steps)


def test_before_the_first_message_the_wait_is_counted_too():
    frame = Loader(ScriptedOpened(ScriptedStream(), SnapshotNames(THREE, TWO))).frame
    text = status_line(frame, 80, idle_seconds=9.9).plain
    assert text == " waiting for the first extents · nothing received for 9 s · x stops"
    why = replace(frame, interruption="resuming at 0 B: the connection broke")
    assert "nothing received for 9 s, resuming" in status_line(why, 80, idle_seconds=9.9).plain


def test_a_base_that_is_named_by_its_change_id_says_so():
    screen = the_map()
    opened = screen.streams.main.opened
    base = replace(opened.resolved.base, change_id="52 8f/3[x]")
    opened.resolved = replace(opened.resolved, base=base)

    async def steps(pilot, screen):
        assert "two (by change id) → three" in shown(pilot.app)
        assert "base      change id 52 8f/3[x]" in shown(pilot.app)
        await press(pilot, "v")
        text = shown(pilot.app)
        assert "The driver receives the change id of base two instead of its handle" in text
        assert "csi.vsphere.volume/change-id" in text
        assert "52 8f/3[x]" in text

    drive(screen, steps)


def test_a_stream_that_fails_in_the_middle_stays_on_the_screen_with_its_words():
    async def steps(pilot, screen):
        assert 'INCOMPLETE at 40 MiB: "two" not found' in shown(pilot.app)
        await press(pilot, "N", "n")

    drive(the_map(ScriptedStream(error=GONE)), steps)


def test_a_bug_in_a_stream_is_told_without_its_words():
    async def steps(pilot, screen):
        assert "internal error: ValueError" in shown(pilot.app)
        assert "s3cret" not in shown(pilot.app)

    drive(the_map(ScriptedStream(error=ValueError("s3cret"))), steps)
