"""Settings: which source has priority, what is refused, and the file that is read and written."""

import os
import stat
import tomllib
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_cbt.tui.settings import (
    SETTINGS,
    Settings,
    SettingSource,
    effective_settings,
    file_values,
)
from kubectl_cbt.tui.settings_file import read_settings_file, settings_path, write_settings_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kubectl-cbt" / "config.toml"


def read(path, text, flags=None, environment=None):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return effective_settings(flags or {}, environment or {}, read_settings_file(path))


def test_every_setting_has_a_field_with_the_same_default():
    assert {setting.field: setting.default for setting in SETTINGS} == {
        field.name: field.default for field in fields(Settings) if field.name != "keys"
    }
    assert all(setting.choices is None or setting.default in setting.choices() for setting in SETTINGS)


def test_a_flag_has_priority_over_the_environment_the_file_and_the_default(path):
    text = 'theme = "light"\npalette = "viridis"\nscale = "linear"\n'
    environment = {"KUBECTL_CBT_PALETTE": "inferno", "KUBECTL_CBT_SCALE": "relative"}
    found = read(path, text, {"scale": "log", "mouse": None}, environment)
    settings = found.settings
    assert (settings.theme, settings.palette, settings.scale, settings.mouse) == ("light", "inferno", "log", True)
    assert [found.sources[name] for name in ("theme", "palette", "scale", "mouse")] == [
        SettingSource.FILE,
        SettingSource.ENVIRONMENT,
        SettingSource.FLAG,
        SettingSource.DEFAULT,
    ]
    assert found.problems == ()


def test_without_a_file_all_settings_have_their_defaults(path):
    found = effective_settings({}, {"KUBECTL_CBT_PALETTE": ""}, read_settings_file(path))
    assert found.settings == Settings()
    assert set(found.sources.values()) == {SettingSource.DEFAULT}
    assert found.path == path


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('palette = "rainbow"', "palette: 'rainbow' is not one of cividis, viridis, inferno, gray"),
        ("palette = 3", "palette: 3 is not one of cividis, viridis, inferno, gray"),
        ("palette = [1]", "palette: [1] is not one of cividis, viridis, inferno, gray"),
        ('mouse = "yes"', "mouse: 'yes' is not true or false"),
        ("mouse = 1", "mouse: 1 is not true or false"),
        ('theme = "pink"', "theme: 'pink' is not one of dark, light, "),
        ('colour = "red"', "colour: unknown setting"),
        ("[panels]\ndetail = true", "panels.detail: unknown setting"),
        ('[panels]\ndetails = "sometimes"', "panels.details: 'sometimes' is not one of always, auto, never"),
        ("panels = 3", "panels: unknown setting"),
        ('[keys]\nzoom = "Z"', "keys.zoom: unknown action"),
        ('[keys]\nexport = "d"', "keys.export: d is a key of details"),
        ("keys = 3", "keys: unknown setting"),
    ],
)
def test_a_value_that_is_not_valid_is_ignored_and_the_others_apply(path, text, problem):
    found = read(path, f'scale = "linear"\n{text}\n')
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"{path}: {problem}")
    assert found.settings == Settings(scale="linear")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"palette = \n", "not valid TOML: Invalid value (at line 1, column 11)"),
        (b"a = 1\na = 2\n", "not valid TOML: Cannot overwrite a value (at line 2, column 6)"),
        (b"\xff = 1\n", "not UTF-8"),
        (b"#" * (1 << 20) + b"\n", "larger than 1 MiB"),
        (b"a = " + b"[" * 100_000, ""),
    ],
)
def test_a_file_that_cannot_be_parsed_is_one_problem(path, data, problem):
    path.parent.mkdir()
    path.write_bytes(data)
    found = effective_settings({}, {}, read_settings_file(path))
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"{path}: {problem}")
    assert found.settings == Settings()


def test_a_file_that_is_a_folder_or_a_pipe_is_not_read(path):
    path.mkdir(parents=True)
    assert read_settings_file(path).problem == f"{path}: not a regular file"
    path.rmdir()
    os.mkfifo(path)
    assert read_settings_file(path).problem == f"{path}: not a regular file"


def test_an_invalid_variable_is_a_problem_and_the_file_applies(path):
    found = read(path, "mouse = false\n", environment={"KUBECTL_CBT_MOUSE": "perhaps"})
    assert found.problems == ("KUBECTL_CBT_MOUSE: 'perhaps' is not true or false",)
    assert not found.settings.mouse
    assert found.sources["mouse"] is SettingSource.FILE


def test_the_file_is_in_the_folder_for_configuration(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert settings_path({}) == tmp_path / ".config" / "kubectl-cbt" / "config.toml"
    assert settings_path({"XDG_CONFIG_HOME": "/etc/x"}) == settings_path({"XDG_CONFIG_HOME": "/etc/x", "APPDATA": "/y"})
    assert str(settings_path({"XDG_CONFIG_HOME": "/etc/x"})) == "/etc/x/kubectl-cbt/config.toml"
    assert settings_path({"XDG_CONFIG_HOME": "relative"}) == settings_path({})
    monkeypatch.setattr("sys.platform", "win32")
    assert str(settings_path({"APPDATA": "/roaming"})) == "/roaming/kubectl-cbt/config.toml"
    assert settings_path({}) is None


def test_what_is_written_is_read_again(path):
    settings = Settings(
        "light", "gray", "linear", mouse=False, details="never", statistics=True, keys={"quit": ("Q", "asterisk")}
    )
    assert write_settings_file(path, file_values(settings)) is None
    found = effective_settings({}, {}, read_settings_file(path))
    assert found.settings == settings
    assert {name for name, source in found.sources.items() if source is SettingSource.FILE} == set(
        file_values(settings)
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["config.toml"]


TEXTS = st.text(st.characters(exclude_categories=("Cs",)))


@given(st.dictionaries(st.sampled_from(["a", "b", "t.a", "t.b", "u.c"]), st.booleans() | TEXTS | st.lists(TEXTS)))
def test_any_values_are_valid_toml(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("settings") / "config.toml"
    write_settings_file(path, values)
    assert read_settings_file(path).values == values
    tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("old", ["# mine\nmouse = false\n", "unknown = 1\n", "mouse = \n"])
def test_a_file_that_would_lose_something_is_kept(path, old):
    path.parent.mkdir()
    path.write_text(old, encoding="utf-8")
    kept = write_settings_file(path, file_values(Settings()))
    assert kept == path.with_name("config.toml.bak")
    assert kept.read_text(encoding="utf-8") == old
    assert write_settings_file(path, file_values(Settings(mouse=False))) is None
    assert kept.read_text(encoding="utf-8") == old


def test_a_link_stays_a_link(path, tmp_path):
    path.parent.mkdir()
    target = tmp_path / "dotfiles.toml"
    path.symlink_to(target)
    write_settings_file(path, file_values(Settings()))
    assert path.is_symlink()
    assert "cividis" in target.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_leaves_nothing(path):
    path.mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_settings_file(path, file_values(Settings()))
    assert [entry.name for entry in path.parent.iterdir()] == ["config.toml"]
