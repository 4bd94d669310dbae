"""packaging/installer.py: with which settings pip and uv run, and what is missing in an environment."""

import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "packaging" / "installer.py"
IGNORED = (
    "target", "prefix", "root", "user", "constraint", "requirement", "no-binary", "no-deps", "platform",
    "python-version", "ignore-installed", "break-system-packages", "editable", "report", "python", "log", "quiet",
)  # fmt: skip
KEPT = {
    "index-url": 'https://user:it\'s "secret"@mirror.invalid/simple',
    "extra-index-url": "https://one.invalid/\nhttps://two.invalid/",
    "trusted-host": "mirror.invalid",
    "proxy": "http://proxy.invalid:3128",
    "cert": "/etc/ssl/mine.pem",
    "client-cert": "/etc/ssl/client.pem",
    "cache-dir": "/var/cache/pip",
    "timeout": "7",
    "retries": "1",
}


def variable(key: str) -> str:
    return "PIP_" + key.replace("-", "_").upper()


@pytest.fixture(scope="module")
def installer():
    spec = importlib.util.spec_from_file_location("installer", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=["variables", "pip.conf"])
def environment(request, installer, tmp_path_factory) -> dict[str, str]:
    """What pip is started with. Both sources are read by one start of pip each."""
    folder = tmp_path_factory.mktemp("settings")
    values = dict.fromkeys(IGNORED, "1") | KEPT
    if request.param == "variables":
        settings = {variable(key): value for key, value in values.items()}
    else:
        del values["python"]  # pip would run that Python
        lines = "".join(f"{key} = {value}\n".replace("\nhttps", "\n  https") for key, value in values.items())
        (folder / "pip.conf").write_text(f"[global]\ntimeout = 99\n[install]\n{lines}[download]\nretries = 9\n")
        settings = {"PIP_CONFIG_FILE": str(folder / "pip.conf")}
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(name, value)
        return installer.pip_environment()


@pytest.mark.parametrize("key", IGNORED)
def test_what_decides_what_is_installed_and_where_is_left_out(environment, key):
    assert variable(key) not in environment


@pytest.mark.parametrize("key", KEPT)
def test_what_decides_how_packages_are_fetched_is_kept(environment, key):
    assert environment[variable(key)].split() == KEPT[key].split()


def test_no_file_of_settings_is_read_again(environment):
    assert environment["PIP_CONFIG_FILE"] == os.devnull


def test_settings_that_pip_cannot_read_end_it_with_the_reason(installer, tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text("not a file of settings\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    with pytest.raises(SystemExit, match=r"pip\.conf"):
        installer.pip_environment()


def test_variables_of_uv_are_kept_only_where_they_fetch(installer, monkeypatch):
    kept = {"UV_DEFAULT_INDEX": "https://mirror.invalid/", "UV_INDEX_MINE_PASSWORD": "p", "UV_HTTP_TIMEOUT": "9"}
    ignored = dict.fromkeys(("UV_TARGET", "UV_PREFIX", "UV_CONSTRAINT", "UV_SYSTEM_PYTHON", "UV_PYTHON"), "1")
    for name, value in (kept | ignored).items():
        monkeypatch.setenv(name, value)
    found = installer.uv_environment()
    assert {name: found[name] for name in kept} == kept
    assert set(found) & set(ignored) == set()
    assert found["PATH"] == os.environ["PATH"]


def test_a_package_that_is_missing_is_named(installer, monkeypatch):
    assert installer.missing() == []
    installed = list(importlib.metadata.distributions())
    left = [each for each in installed if each.name.lower() not in ("humanize", "typer")]
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: left)
    assert sorted(installer.missing()) == ["humanize", "typer"]


def test_an_environment_without_the_command_fails_the_check():
    found = subprocess.run([sys.executable, "-I", "-S", FILE, "check"], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert re.fullmatch(r"not in /\S+: kubectl-cbt\n", found.stderr)
