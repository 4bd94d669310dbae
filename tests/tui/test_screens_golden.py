"""Whole screens, to the pixel, against pictures that a person can look at. UPDATE_GOLDEN=1 draws them anew."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from comparing import comparison
from directing import browsed_cluster
from draw_screens import DOCS, draw, pictures, the_map, the_timeline

from kubectl_cbt.core.options import ClusterOptions
from kubectl_cbt.core.session import open_session
from kubectl_cbt.model.refs import SnapshotRef
from kubectl_cbt.output import snapshot_cells
from kubectl_cbt.tui.app import LIGHT
from kubectl_cbt.tui.screens.browse_screen import BrowseScreen
from kubectl_cbt.units import age

GOLDEN = Path(__file__).parent / "golden"
SIZES = [(80, 24), (160, 50)]
COLORS = {"cividis": {}, "inferno": {"palette": "inferno"}, "plain": {"colors": False}}
BASE, TARGET = SnapshotRef("default", "snap-a"), SnapshotRef("default", "snap-b")


@pytest.fixture(autouse=True)
def colors_as_asked(request, monkeypatch):
    """As the command does it: textual knows of no colour by NO_COLOR alone."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    if "plain" in request.node.name:
        monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def session(demo):
    with open_session(ClusterOptions(kubeconfig=str(demo.kubeconfig))) as opened:
        yield opened


def compare(name: str, picture: str) -> None:
    path = GOLDEN / f"{name}.svg"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(picture, encoding="utf-8")
    assert picture == path.read_text(encoding="utf-8"), f"{path.name}: UPDATE_GOLDEN=1 make unit, and look at it"


@pytest.mark.parametrize("colors", COLORS)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}".format(*size))
def test_the_map_is_drawn_as_ever(session, size, colors):
    picture = draw(the_map(session, BASE, TARGET), ["n", "down"], size=size, **COLORS[colors])
    compare("map-{}x{}-{}".format(*size, colors), picture)


@pytest.mark.parametrize("colors", ["cividis", "plain"])
def test_both_layers_are_drawn_as_ever(session, colors):
    compare(f"layers-{colors}", draw(the_map(session, BASE, TARGET), ["a", "a"], size=(80, 24), **COLORS[colors]))


@pytest.mark.parametrize("colors", [*COLORS, "gray", "light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}".format(*size))
def test_a_comparison_is_drawn_as_ever(size, colors):
    settings = {"gray": {"palette": "gray"}, "light": {"theme": LIGHT.name}} | COLORS
    picture = draw(comparison(at_start=False), ["n"], size=size, **settings[colors])
    compare("comparison-{}x{}-{}".format(*size, colors), picture)


def test_the_left_side_of_a_comparison_is_drawn_as_ever():
    compare("comparison-left", draw(comparison(at_start=False), ["w"], size=(80, 24)))


@pytest.mark.parametrize("colors", ["cividis", "plain"])
@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}".format(*size))
def test_the_snapshots_are_drawn_as_ever(session, monkeypatch, size, colors):
    monkeypatch.setattr(snapshot_cells, "age", lambda since: age(since, datetime(2026, 11, 24, tzinfo=UTC)))
    cluster = browsed_cluster(session)
    # Two marked, the cursor on one that cannot be asked about.
    screen = BrowseScreen(cluster, cluster.entries())
    keys = ["space", "down", "space", "down", "down", "down"]
    compare("browse-{}x{}-{}".format(*size, colors), draw(screen, keys, size=size, **COLORS[colors]))


@pytest.mark.parametrize("colors", ["cividis", "plain"])
def test_the_measured_deltas_of_a_volume_are_drawn_as_ever(session, monkeypatch, colors):
    monkeypatch.setattr(snapshot_cells, "age", lambda since: age(since, datetime(2026, 11, 24, tzinfo=UTC)))
    cluster = browsed_cluster(session, "shop")
    screen = BrowseScreen(cluster, cluster.entries())
    compare(f"volume-160x50-{colors}", draw(screen, ["down", "o", "o", "b"], size=(160, 50), **COLORS[colors]))


@pytest.mark.parametrize("colors", COLORS)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}".format(*size))
def test_the_timeline_is_drawn_as_ever(session, size, colors):
    picture = draw(the_timeline(session, TARGET), ["u", "up", "space"], size=size, **COLORS[colors])
    compare("timeline-{}x{}-{}".format(*size, colors), picture)


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=lambda size: "{}x{}".format(*size))
def test_the_timeline_is_drawn_as_ever_in_the_light_theme(session, size):
    picture = draw(the_timeline(session, TARGET), size=size, theme=LIGHT.name)
    compare("timeline-{}x{}-light".format(*size), picture)


@pytest.mark.parametrize("colors", ["cividis", "plain"])
def test_the_choice_of_a_namespace_is_drawn_as_ever(session, monkeypatch, colors):
    monkeypatch.setattr(snapshot_cells, "age", lambda since: age(since, datetime(2026, 11, 24, tzinfo=UTC)))
    cluster = browsed_cluster(session)
    screen = BrowseScreen(cluster, cluster.entries())
    compare(f"namespace-80x24-{colors}", draw(screen, ["o", "N", "down"], size=(80, 24), **COLORS[colors]))


def test_the_pictures_of_the_documents_are_what_the_app_draws():
    for name, picture in pictures().items():
        assert picture == (DOCS / name).read_text(encoding="utf-8"), f"docs/{name}: run make docs"
