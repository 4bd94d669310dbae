"""The screens start with the settings of the user, and write them when told to."""

import asyncio
import tomllib

import pytest
from directing import press, shown, the_map, until

from kubectl_cbt.core.stream_limits import StreamLimits
from kubectl_cbt.tui.app import CbtApp
from kubectl_cbt.tui.settings import ALWAYS, NEVER, Settings
from kubectl_cbt.tui.widgets.extent_list import ExtentList
from kubectl_cbt.tui.widgets.map_view import MapView
from kubectl_cbt.tui.widgets.statistics import Statistics


def drive_with(settings, steps, *, path=None, size=(110, 30), colors=True):
    async def run():
        screen = the_map()
        app = CbtApp(screen, limits=StreamLimits(), colors=colors, settings=settings, settings_path=path)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: not screen.is_updating)
            await steps(pilot, screen)

    asyncio.run(run())


async def save(pilot):
    command = next(one for one in pilot.app.get_system_commands(pilot.app.screen) if one.title == "Save settings")
    command.callback()
    await pilot.pause()


def test_colors_are_those_of_the_settings():
    async def steps(pilot, screen):
        assert pilot.app.theme == "cbt-light"
        assert pilot.app.color_scheme(both_layers=False).palette.name == "gray"
        assert pilot.app.scale.name == "linear"

    drive_with(Settings("light", "gray", "linear"), steps)


def test_a_theme_of_textual_is_accepted():
    async def steps(pilot, screen):
        assert pilot.app.theme == "nord"

    drive_with(Settings("nord"), steps)


@pytest.mark.parametrize(
    ("details", "columns", "shows"), [(NEVER, 110, False), (ALWAYS, 80, True), ("auto", 80, False)]
)
def test_details_are_shown_as_set(details, columns, shows):
    async def steps(pilot, screen):
        assert screen.query_one(ExtentList).parent.display is shows
        assert screen.focused is not None
        await press(pilot, "d")
        assert screen.query_one(ExtentList).parent.display is not shows

    drive_with(Settings(details=details), steps, size=(columns, 24))


@pytest.mark.parametrize("columns", [80, 110, 200])
def test_a_map_opens_with_its_statistics(columns):
    async def steps(pilot, screen):
        assert screen.query_one(Statistics).display
        assert "8 MiB at" in shown(pilot.app)
        await press(pilot, "escape")
        assert screen.query_one(MapView).display
        assert "changed 8.5 MiB" in shown(pilot.app)

    drive_with(Settings(statistics=True), steps, size=(columns, 40))


def test_saved_settings_are_those_that_are_shown(tmp_path):
    path = tmp_path / "kubectl-cbt" / "config.toml"

    async def steps(pilot, screen):
        assert not path.exists()
        await press(pilot, "T", "p", "H", "d", "s")
        await save(pilot)
        assert f"settings saved to {path}" in shown(pilot.app)

    drive_with(Settings(mouse=False), steps, path=path, size=(160, 30))
    assert tomllib.loads(path.read_text(encoding="utf-8")) == {
        "theme": "light",
        "palette": "viridis",
        "scale": "linear",
        "mouse": False,
        "panels": {"details": "never", "statistics": True},
    }


def test_nothing_is_written_without_the_command(tmp_path):
    async def steps(pilot, screen):
        await press(pilot, "T", "p", "d", "q")

    drive_with(Settings(), steps, path=tmp_path / "config.toml")
    assert list(tmp_path.iterdir()) == []


def test_without_colors_the_theme_stays_as_it_was(tmp_path):
    async def steps(pilot, screen):
        await save(pilot)

    drive_with(Settings("light"), steps, path=tmp_path / "config.toml", colors=False)
    assert 'theme = "light"' in (tmp_path / "config.toml").read_text(encoding="utf-8")


def test_a_file_with_comments_is_kept_and_the_notice_names_it(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("# mine\n", encoding="utf-8")

    async def steps(pilot, screen):
        await save(pilot)
        assert "the previous file is config.toml.bak" in shown(pilot.app)

    drive_with(Settings(), steps, path=path, size=(200, 30))


def test_the_command_shows_why_settings_were_not_saved(tmp_path):
    (tmp_path / "file").touch()

    async def fails(pilot, screen):
        await save(pilot)
        assert "settings were not saved" in shown(pilot.app)
        assert pilot.app.is_running

    drive_with(Settings(), fails, path=tmp_path / "file" / "config.toml", size=(160, 30))
    drive_with(Settings(), fails, path=None, size=(160, 30))


MY_KEYS = {"next_palette": ("a",), "next_layer": ("p", "f2"), "export": ("E",), "quit": ("Q",), "keys": ("f1",)}


def test_changed_keys_work_and_the_default_keys_do_not():
    async def steps(pilot, screen):
        await press(pilot, "a")
        assert pilot.app.color_scheme(both_layers=False).palette.name == "viridis"
        await press(pilot, "e", "q", "question_mark")
        assert pilot.app.screen is screen
        await press(pilot, "E")
        assert pilot.app.screen is not screen
        await press(pilot, "escape", "Q")
        await until(pilot, lambda: pilot.app._exit)

    drive_with(Settings(keys=MY_KEYS), steps)


def test_footer_help_and_command_palette_show_the_changed_keys():
    async def steps(pilot, screen):
        footer = shown(pilot.app).splitlines()[-1]
        assert " p layer " in footer
        assert " E export " in footer
        assert footer.rstrip().endswith("F1 help  Q quit")
        shown_with = {command.title: command.help for command in pilot.app.get_system_commands(screen)}
        assert shown_with["Next palette"] == "View, key a"
        assert shown_with["Next layer: delta, allocated, both"] == "View, key p F2"
        await press(pilot, "f1")
        assert " p F2 " in shown(pilot.app)

    drive_with(Settings(keys=MY_KEYS), steps, size=(200, 90))


def test_a_click_on_the_footer_does_what_the_changed_key_does():
    async def steps(pilot, screen):
        footer = shown(pilot.app).splitlines()[-1]
        await pilot.click("#keys", offset=(footer.index("E export"), 0))
        assert pilot.app.screen is not screen

    drive_with(Settings(keys=MY_KEYS), steps, size=(200, 30))


def test_saved_settings_keep_the_changed_keys(tmp_path):
    async def steps(pilot, screen):
        await save(pilot)

    drive_with(Settings(keys=MY_KEYS), steps, path=tmp_path / "config.toml")
    written = tomllib.loads((tmp_path / "config.toml").read_text(encoding="utf-8"))
    assert written["keys"] == {action: list(names) for action, names in MY_KEYS.items()}
