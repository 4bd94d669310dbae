"""Where screens meet what is odd: paths, letters, themes, sizes, and streams that outlive the one in front."""

import threading

import pytest
from directing import (
    ALLOCATED,
    CAPACITY,
    EXTENTS,
    KIB,
    MIB,
    ScriptedBackend,
    ScriptedOpened,
    ScriptedStream,
    browsed_cluster,
    cluster_backend,
    drive,
    press,
    resize,
    shown,
    the_map,
    until,
)
from textual.events import MouseScrollDown, MouseScrollUp

from kubectl_cbt.core.options import ClusterOptions
from kubectl_cbt.core.session import open_session
from kubectl_cbt.demo.demo_cluster import DemoCluster
from kubectl_cbt.demo.driver.faults import parse_faults
from kubectl_cbt.errors import CbtError
from kubectl_cbt.model.refs import SnapshotNames, SnapshotRef
from kubectl_cbt.model.results import MUST, Violation
from kubectl_cbt.tui.loader import Loader
from kubectl_cbt.tui.screens.browse_screen import BrowseScreen
from kubectl_cbt.tui.screens.export_screen import ExportScreen
from kubectl_cbt.tui.screens.map_screen import MapScreen
from kubectl_cbt.tui.widgets.map_view import GUTTER, MapView

# Paths that a person may type.


def test_no_path_ends_the_app(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def steps(pilot, screen):
        for path in ("~nosuchuser/x.json", "/", ".", "..", "no/such/x.json", "a\0b.json"):
            for keys in (["enter"], ["ctrl+o"], ["tab", "down", "space"]):
                await press(pilot, "e")
                pilot.app.screen.query_one("#path").value = path
                await press(pilot, *keys)
                assert isinstance(pilot.app.screen, ExportScreen), (path, keys)
                if keys[0] != "tab":
                    assert str(pilot.app.screen.query_one("#problem").render()).strip(), (path, keys)
                await press(pilot, "escape")
                assert pilot.app.screen is screen, (path, keys)

    drive(the_map(), steps)
    assert list(tmp_path.iterdir()) == []


# Letters that a driver, or a document, may send.


@pytest.mark.parametrize("letter", ["\x1b", "\x9b", "\x07", "\r", "\n"], ids=ascii)
@pytest.mark.parametrize("key", ["0", "v"], ids=["status", "problems"])
def test_no_letter_of_a_driver_reaches_the_terminal_as_a_command(letter, key):
    """A terminal obeys what follows an escape, and U+009B is one in a single letter."""

    async def steps(pilot, screen):
        await press(pilot, key)
        text = shown(pilot.app)
        assert "driver says" in text
        assert letter not in text or letter == "\n"
        assert all(len(line) == 110 for line in text.splitlines())

    drive(the_map(ScriptedStream(error=CbtError(f"driver says {letter}]0;owned {letter}[2J"))), steps)


# Themes and sizes.


def test_every_theme_that_can_be_chosen_draws_the_map():
    async def steps(pilot, screen):
        for theme in sorted(pilot.app.available_themes):
            pilot.app.theme = theme
            await until(pilot, lambda: screen.cursor.viewport.rows == screen.query_one(MapView).room.height)
            assert "complete" in shown(pilot.app), theme

    drive(the_map(), steps)


@pytest.mark.parametrize(
    ("size", "colors"), [((1, 1), True), ((20, 5), True), ((20, 5), False), ((240, 70), True)], ids=str
)
def test_every_size_of_terminal_bears_every_panel(size, colors):
    async def steps(pilot, screen):
        keys = "n plus s s d d v escape e escape question_mark escape colon escape slash escape tab down 0"
        await press(pilot, *keys.split())
        await resize(pilot, 110, 30)
        assert "1 cell" in shown(pilot.app)

    drive(the_map(), steps, size=size, colors=colors)


# Streams behind the one in front.


class SlowBackend(ScriptedBackend):
    """Whose allocated extents stop coming after the first."""

    def open(self, names) -> ScriptedOpened:
        stream = ScriptedStream(ALLOCATED, a_message=1, gate=threading.Event())
        self.opened.append(ScriptedOpened(stream, names))
        return self.opened[-1]


async def show_both(pilot, screen, backend: SlowBackend) -> ScriptedStream:
    await press(pilot, "a", "a")
    await until(pilot, lambda: screen.streams.shown == "both")
    stream = backend.opened[0].stream
    await until(pilot, lambda: stream.messages == 1)
    return stream


def test_x_stops_what_runs_behind_the_delta_where_both_are_shown():
    backend = SlowBackend()

    async def steps(pilot, screen):
        stream = await show_both(pilot, screen, backend)
        await press(pilot, "x")
        assert stream.is_cancelled.is_set()

    drive(the_map(backend=backend), steps)


def test_what_runs_behind_the_delta_is_not_called_complete():
    backend = SlowBackend()

    async def steps(pilot, screen):
        await show_both(pilot, screen, backend)
        assert " complete " not in shown(pilot.app).splitlines()[1]

    drive(the_map(backend=backend), steps)


def test_leaving_ends_the_streams_of_every_layer():
    backend = SlowBackend()

    async def steps(pilot, screen):
        await show_both(pilot, screen, backend)

    drive(the_map(backend=backend), steps)
    assert backend.opened[0].is_closed


def test_a_volume_larger_than_its_snapshot_said_is_still_shown_whole():
    """restoreSize is what there is to draw by until the first message comes."""
    gate = threading.Event()
    screen = the_map(LateStream(gate), size=CAPACITY // 2)
    screen.runs_on = True

    async def steps(pilot, screen):
        await until(pilot, lambda: screen.cursor.viewport is not None)
        assert screen.cursor.viewport.capacity_bytes == CAPACITY // 2
        gate.set()
        await until(pilot, lambda: not screen.is_updating and screen.cursor.viewport.capacity_bytes == CAPACITY)
        assert screen.cursor.viewport.is_whole

    drive(screen, steps)


class LateStream(ScriptedStream):
    """Nothing comes until its gate is set."""

    def __init__(self, opened: threading.Event) -> None:
        super().__init__()
        self._opened = opened

    def __iter__(self):
        while not self._opened.wait(0.01) and not self.is_cancelled.is_set():
            pass
        yield from super().__iter__()


# Rules.


@pytest.mark.parametrize(("level", "word"), [(MUST, "BROKEN R2"), ("WARNING", "warning R2")])
def test_a_broken_rule_is_on_the_screen_in_words(level, word):
    violation = Violation("R2", level, "extents are ascending and do not overlap", 3, ())

    async def steps(pilot, screen):
        assert f"{word}: extents are ascending" in shown(pilot.app)
        await press(pilot, "v")
        assert "broken 3 times" in shown(pilot.app)

    drive(the_map(ScriptedStream(violations=(violation,))), steps)


# The mouse, as the terminal reports it.


@pytest.mark.parametrize(("event", "nearer"), [(MouseScrollUp, True), (MouseScrollDown, False)])
def test_the_wheel_zooms_around_the_byte_under_the_pointer(event, nearer):
    async def steps(pilot, screen):
        if not nearer:
            await press(pilot, "plus", "plus")
        view, before = screen.query_one(MapView), screen.cursor.viewport
        x, y = 40, 6
        position = before.start + ((y - 2) * 2 * before.columns + x - 15) * before.cell_bytes
        view.post_message(event(view, x, y, 0, 0, 0, False, False, False, x, y))
        await until(pilot, lambda: screen.cursor.viewport != before)
        assert (screen.cursor.viewport.cell_bytes < before.cell_bytes) == nearer
        assert screen.cursor.position == position
        assert screen.cursor.viewport.index_of(position) is not None

    drive(the_map(), steps)


def test_a_click_beside_the_cells_moves_nothing():
    async def steps(pilot, screen):
        screen.go_to(20 * MIB)
        for offset in ((3, 8), (30, 1)):
            await pilot.click(MapView, offset=offset)
        assert screen.cursor.position == 20 * MIB

    drive(the_map(), steps)


def test_rows_begin_at_one_column_and_lists_show_exact_offsets_at_any_zoom():
    start = 10 * 2**40
    extents = [(start + 12 * KIB * number, 4 * KIB) for number in range(40)]
    screen = the_map(ScriptedStream(extents, capacity=16 * 2**40))

    async def steps(pilot, screen):
        screen.go_to(start)
        view, cells = screen.query_one(MapView), set()
        while screen.cursor.viewport.cell_bytes not in cells:
            cells.add(screen.cursor.viewport.cell_bytes)
            rows = [view.render_line(y) for y in range(1, view.content_size.height)]
            assert {row._segments[0].cell_length for row in rows} == {GUTTER}
            labels = [row._segments[0].text.strip(" ▸") for row in rows]
            assert all(labels)
            assert len(set(labels)) == len(labels)
            screen.action_zoom_in()
        await pilot.pause()
        assert len(cells) > 20
        for offset, _ in extents[:9]:
            assert f" {offset:,} " in shown(pilot.app)

    drive(screen, steps, size=(120, 30))


# The demo cluster, through the real client.


@pytest.fixture
def session(demo):
    with open_session(ClusterOptions(kubeconfig=str(demo.kubeconfig))) as opened:
        yield opened


def test_from_the_list_to_a_delta_its_layers_a_neighbour_and_back(session):
    cluster = browsed_cluster(session, "default")
    screen = BrowseScreen(cluster, cluster.entries())

    async def steps(pilot, screen):
        assert "snap-a" in shown(pilot.app)
        await press(pilot, "space", "down", "space", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, MapScreen) and not pilot.app.screen.is_updating)
        found = pilot.app.screen
        assert found.streams.frame.outcome.complete
        assert found.streams.frame.summary.extents > 1000
        assert "snap-a → snap-b" in shown(pilot.app)
        changed = found.streams.frame.summary.covered_bytes
        await press(pilot, "a")
        await until(pilot, lambda: found.streams.shown == "allocated" and not found.is_updating)
        assert found.streams.frame.outcome.complete
        assert found.streams.frame.summary.covered_bytes > changed
        await press(pilot, "right_square_bracket")
        await until(pilot, lambda: "snap-b → snap-c" in shown(pilot.app) and not found.is_updating)
        await press(pilot, "escape")
        assert pilot.app.screen is screen
        assert len(screen.marks.refs) == 2

    drive(screen, steps)


def test_what_the_list_holds_is_what_is_at_the_cursor():
    async def steps(pilot, screen):
        for offset, size in EXTENTS:
            screen.go_to(offset + size - 1)
            await press(pilot, "c")
            assert f'"byteOffset":{offset},"sizeBytes":{size}' in pilot.app.clipboard
        assert screen.cursor.cell[1] - screen.cursor.cell[0] >= 4 * KIB

    drive(the_map(), steps)


def loader_in(session, **options) -> Loader:
    names = SnapshotNames(SnapshotRef("default", "snap-b"), SnapshotRef("default", "snap-a"))
    loader = Loader(cluster_backend(session, "default", **options).open(names))
    loader.start()
    loader.wait_until_ended()
    return loader


def test_a_real_stream_that_breaks_is_resumed_until_it_is_whole(session, tmp_path):
    whole = loader_in(session).frame
    with (
        DemoCluster(faults=parse_faults(["cut-after=2"])) as broken,
        open_session(ClusterOptions(kubeconfig=str(broken.kubeconfig))) as cut,
    ):
        loader, reached = loader_in(cut, retries=0, max_results=500, record=tmp_path / "a.cbtrec"), [0]
        while not loader.resume_obstacle:
            reached.append(loader.frame.outcome.next_offset)
            loader.resume()
            loader.wait_until_ended()
    assert reached == sorted(set(reached))
    frame = loader.frame
    assert frame.outcome.complete
    assert frame.outcome.resumes == len(reached) - 1 > 1
    assert frame.received.extents.offsets.tolist() == whole.received.extents.offsets.tolist()
    assert (frame.summary, frame.known) == (whole.summary, whole.known)
    # A recording is of one stream, and each part is one of its own.
    assert len(list(tmp_path.iterdir())) == len(reached)
