"""plugin.yaml by k9s's rules, pyproject.toml by those of the oldest libraries."""

import itertools
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]

K9S_KEYS = {
    "shortCut": str,
    "override": bool,
    "description": str,
    "confirm": bool,
    "dangerous": bool,
    "scopes": list,
    "command": str,
    "background": bool,
    "overwriteOutput": bool,
    "args": list,
}
K9S_REQUIRED = {"shortCut", "description", "scopes", "command"}
# What k9s replaces in args of a plugin for a namespaced resource; it refuses any other $WORD.
K9S_VARIABLES = {"NAME", "NAMESPACE", "CONTEXT", "CLUSTER", "USER", "GROUPS", "RESOURCE_NAME", "RESOURCE_GROUP"}


@pytest.fixture(scope="module")
def plugins():
    document = yaml.safe_load((ROOT / "plugin.yaml").read_text(encoding="utf-8"))
    assert set(document) == {"plugins"}
    return document["plugins"]


def test_each_k9s_plugin_has_the_required_keys_and_no_other(plugins):
    for plugin in plugins.values():
        assert set(plugin) >= K9S_REQUIRED
        for key, value in plugin.items():
            assert isinstance(value, K9S_KEYS[key]), key
        assert all(isinstance(argument, str | int | float) for argument in plugin["args"])


def test_the_k9s_plugins_are_for_volume_snapshots_on_b_and_shift_b(plugins):
    assert {plugin["shortCut"]: plugin["scopes"] for plugin in plugins.values()} == {
        "b": ["volumesnapshots"],
        "Shift-B": ["volumesnapshots"],
    }


def test_the_k9s_plugins_use_only_what_k9s_knows_and_never_an_empty_kubeconfig(plugins):
    for plugin in plugins.values():
        for argument in map(str, plugin["args"]):
            # With two variables in one argument, k9s replaces the second inside the value of the first.
            found = re.findall(r"\$(!?[\w|-]+)", argument)
            assert len(found) <= 1
            assert set(found) <= K9S_VARIABLES - {"KUBECONFIG"}
            assert "${" not in argument


def test_no_k9s_plugin_has_a_variable_in_what_a_shell_parses(plugins):
    for plugin in plugins.values():
        assert "$" not in plugin["command"]
        if plugin["command"] in ("sh", "bash"):
            flag, text = plugin["args"][:2]
            assert flag == "-c"
            assert "$" not in text.replace('"$@"', "")


BOOLEANS = {"1": "true", "t": "true", "true": "true", "0": "false", "f": "false", "false": "false"}
EARLY = re.compile(r"\$(!?[\w|-]+)", re.ASCII)
CURRENT = re.compile(r"\$!?([\w-]+)|\$\{!?([\w\-%/: ]+)\}", re.ASCII)


def substituted(expression: re.Pattern, argument: str, variables: dict[str, str]) -> str:
    """An argument as k9s hands it over: the longest variable first, each everywhere, what is unknown refused."""
    for match in sorted(expression.finditer(argument), key=lambda match: -len(match[0])):
        value = variables[next(group for group in match.groups() if group).upper()]
        argument = argument.replace(match[0], BOOLEANS.get(value, value))
    return argument


HOSTILE = (
    "a'; touch x; '",
    'a"; touch x; "',
    "$(touch x)",
    "`touch x`",
    "two\ntouch x\n",
    "a && touch x || touch x; touch x & touch x",
    "--kubeconfig=/etc/x",
    "-h",
    "--",
    "",
    "a b\t*",
    "$NAME",
    "${NAME}",
    "$@",
    "\\",
    "arn:aws:eks:eu-1:1:cluster/a",
)


@pytest.mark.parametrize("status", [0, 1])
@pytest.mark.parametrize("expression", [EARLY, CURRENT], ids=["early", "current"])
def test_what_k9s_runs_hands_every_name_to_kubectl_as_it_is(plugins, tmp_path, expression, status):
    programs, folder = tmp_path / "programs", tmp_path / "folder"
    programs.mkdir()
    folder.mkdir()
    kubectl = programs / "kubectl"
    kubectl.write_text(f'#!/bin/sh\nprintf \'%s\\0\' "$@" >> "$SEEN"\nexit {status}\n')
    kubectl.chmod(0o755)
    seen = tmp_path / "seen"
    environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "SEEN": str(seen)}
    flags = {"cbt-map": ["allocated"], "cbt-delta": ["delta", "--choose-base"]}
    for (name, plugin), text in itertools.product(plugins.items(), HOSTILE):
        seen.unlink(missing_ok=True)
        variables = {"NAME": f"{text}.n", "NAMESPACE": f"{text}.ns", "CONTEXT": f"{text}.c"}
        command = [plugin["command"], *(substituted(expression, str(each), variables) for each in plugin["args"])]
        # Enter, for the prompt after an error.
        found = subprocess.run(
            command, cwd=folder, env=environment, input="\n", capture_output=True, text=True, timeout=60, check=False
        )
        assert seen.read_text().split("\0")[:-1] == [
            "cbt", *flags[name], f"--context={text}.c", f"--namespace={text}.ns", "--", f"{text}.n"
        ]  # fmt: skip
        assert (found.returncode, found.stderr) == (0, "")
        assert found.stdout == ("\nPress Enter to return to k9s " if status else "")
    assert list(folder.iterdir()) == []


def test_the_oldest_libraries_that_are_tested_are_the_oldest_that_are_accepted():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    accepted = {re.split(r"[>~,<]", text)[0]: re.search(r"[>~]=([\d.]+)", text)[1] for text in project["dependencies"]}
    lines = (ROOT / "tests" / "oldest.txt").read_text(encoding="utf-8").splitlines()
    assert dict(line.split("==") for line in lines if "==" in line) == accepted
