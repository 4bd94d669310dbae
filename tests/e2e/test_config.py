"""``kubectl cbt config``, and the file of settings as a map uses it."""

import json

import pytest
from conftest import command_environment, run_warm
from pseudo_terminal import Terminal


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "kubectl-cbt").mkdir()
    return tmp_path


def run_config(folder, *arguments, **environment):
    return run_warm(["config", *arguments], command_environment(XDG_CONFIG_HOME=str(folder), **environment))


def write(folder, text):
    path = folder / "kubectl-cbt" / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_value_has_its_source(folder):
    path = write(folder, 'theme = "light"\n[panels]\ndetails = "never"\n')
    ran = run_config(folder, "--palette", "gray", "--no-mouse", KUBECTL_CBT_SCALE="linear")
    assert [" ".join(line.split()) for line in ran.stdout.splitlines()[:7]] == [
        "SETTING VALUE SOURCE",
        f"theme light file {path}",
        "palette gray flag --palette",
        "scale linear env KUBECTL_CBT_SCALE",
        "mouse false flag --mouse/--no-mouse",
        f"panels.details never file {path}",
        "panels.statistics false default",
    ]
    assert (ran.returncode, ran.stderr) == (0, "")


def test_json_has_values_by_their_type(folder):
    path = write(folder, "mouse = false\n")
    document = json.loads(run_config(folder, "-o", "json").stdout)
    assert document["kind"] == "SettingList"
    items = {item["name"]: item for item in document["items"]}
    assert items["mouse"] == {
        "name": "mouse",
        "value": False,
        "source": "file",
        "origin": str(path),
        "variable": "KUBECTL_CBT_MOUSE",
    }
    assert items["theme"]["origin"] is None


def test_keys_are_listed_with_those_that_were_changed(folder):
    path = write(folder, '[keys]\nquit = ["Q", "*"]\n')
    items = {item["name"]: item for item in json.loads(run_config(folder, "-o", "json").stdout)["items"]}
    assert items["keys.quit"] == {
        "name": "keys.quit",
        "value": ["Q", "asterisk"],
        "source": "file",
        "origin": str(path),
        "variable": None,
    }
    assert (items["keys.next_layer"]["value"], items["keys.next_layer"]["source"]) == (["a"], "default")


def test_a_broken_file_is_a_warning_and_the_defaults_are_printed(folder):
    path = write(folder, "palette = \n")
    ran = run_config(folder)
    assert ran.returncode == 0
    assert ran.stderr == f"warning: {path}: not valid TOML: Invalid value (at line 1, column 11)\n"
    assert "cividis" in ran.stdout


def test_an_invalid_flag_is_a_usage_error(folder):
    ran = run_config(folder, "--scale", "huge")
    assert ran.returncode == 2
    assert "'huge' is not one of log, linear, relative" in ran.stderr


def test_a_map_uses_the_file_and_a_flag_has_priority(folder, demo):
    write(folder, "mouse = false\nscale = 3\ncolour = 4\n")
    for flags, takes_mouse in (((), False), (("--mouse",), True)):
        environment = {"XDG_CONFIG_HOME": str(folder), "KUBECONFIG": str(demo.kubeconfig)}
        shown = Terminal("delta", "snap-a", "snap-b", *flags, columns=160, **environment)
        try:
            shown.wait_for("complete")
            assert (b"\x1b[?1000h" in shown.written) is takes_mouse
            shown.press("q")
            assert shown.end() == 0
            warning = b"config.toml: scale: 3 is not one of log, linear, relative; the default applies (and 1 more; see"
            assert shown.written.replace(b"\r\n", b"").count(b"warning: ") == 1
            assert warning in shown.written.replace(b"\r\n", b"")
        finally:
            shown.close()
