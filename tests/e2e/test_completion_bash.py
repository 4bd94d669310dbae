"""Completion in a real bash, and in kubectl's own script: words are inserted as plain text, and nothing is run."""

import contextlib
import os
import pty
import select
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import run_completer
from peers import needs_kubectl

from kubectl_cbt.cli.completion.scripts import Shell, script

FORBIDDEN = ("numpy", "grpc", "textual", "rich", "google.protobuf", "cryptography")
PATIENCE_SECONDS = 60
"""Only a hang takes so long; no test is about time."""


# Bash

LEFT = "\x1b[D"


OURS = script(Shell.BASH) + "kubectl-cbt() { printf '<%s>' \"$@\"; printf 'ran\\n'; }\n"
KUBECTLS = """
source <(kubectl completion bash)
_get_comp_words_by_ref() {  # of bash-completion, which need not be on this machine
    local line=${COMP_LINE:0:COMP_POINT}
    set -f; words=($line); set +f
    [[ $line == *' ' ]] && words+=("")
    cword=$((${#words[@]} - 1)) cur=${words[cword]} prev=${words[cword-1]}
}
kubectl() { if [[ $1 == __complete ]]; then command kubectl "$@"; else printf '<%s>' "$@"; printf 'ran\\n'; fi; }
"""


class Bash:
    """An interactive bash that has loaded a script, where the command only tells its arguments."""

    def __init__(self, folder: Path, completer_environment: dict[str, str], loaded: str = OURS) -> None:
        source = folder / "script.bash"
        source.write_text(f"{loaded}PS1='$ '\n")
        controller, terminal = pty.openpty()
        self._controller = controller
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--rcfile", source, "-i"],
            cwd=folder,
            env=completer_environment | {"TERM": "dumb", "INPUTRC": "/dev/null", "HISTFILE": "", "NS": "shop"},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)

    def run(self, line: str) -> list[str]:
        """Type a line with its tabs, and Enter; gives the arguments the command got."""
        os.write(self._controller, line.encode() + b"\n")
        seen = b""
        while not seen.endswith(b"ran\r\n"):
            assert select.select([self._controller], [], [], PATIENCE_SECONDS)[0], seen
            seen += os.read(self._controller, 4096)
            seen = seen[: seen.rfind(b"ran\r\n") + 5] if b"ran\r\n" in seen else seen
        ran = seen.decode().splitlines()[-1]
        return ran.removesuffix("ran").removeprefix("<").removesuffix(">").split("><")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._controller)


@pytest.fixture
def warm_environment(completer_environment, warm_completer) -> dict[str, str]:
    completer_environment["PATH"] = f"{warm_completer}{os.pathsep}{completer_environment['PATH']}"
    return completer_environment


@pytest.fixture
def bash(tmp_path, warm_environment):
    found = Bash(tmp_path, warm_environment)
    yield found
    found.close()


PLAIN_NAMES = ("arn:aws:eks:eu-1:1:cluster/x", "x-ray", "user@cluster.example")
HOSTILE_NAMES = (
    "x$(touch pwned)",
    "x`touch pwned`",
    "x;touch pwned",
    "x\ntouch pwned",
    "x|touch pwned",
    "x&touch pwned&",
    "x<(touch pwned)",
    "$(touch pwned)",
    "y$(touch pwned)",
    "y;touch${IFS}pwned",
    "'; touch pwned; '",
    "two words",
    "~",
    "-h",
    "--token=x",
    "!!",
)


@pytest.fixture
def odd_names(tmp_path, completer_environment) -> None:
    """A kubeconfig with names that a shell would interpret; bash in ``tmp_path`` uses it."""
    path = tmp_path / "kubeconfig"
    names = [*HOSTILE_NAMES, *PLAIN_NAMES]
    path.write_text(yaml.safe_dump({"contexts": [{"name": name, "context": {}} for name in names]}))
    completer_environment["KUBECONFIG"] = str(path)


def test_bash_completes_words_whole_and_in_part(bash, tmp_path):
    (tmp_path / "saved.json").touch()
    for typed, expected in {
        "kubectl-cbt del\tX": ["delta", "X"],
        "kubectl-cbt snapshots -n sh\t-o j\tX": ["snapshots", "-n", "shop", "-o", "json", "X"],
        "kubectl-cbt snapshots --namespace=sh\tX": ["snapshots", "--namespace=shop", "X"],
        "kubectl-cbt delta -oj\tX": ["delta", "-ojson", "X"],
        ": ; kubectl-cbt allocated -n $NS pg-mo\tX": ["allocated", "-n", "shop", "pg-mon", "X"],
        'kubectl-cbt allocated -n "sho\tX': ["allocated", "-n", "shop", "X"],
        "kubectl-cbt delta snap-\tX": ["delta", "snap-X"],
        "kubectl-cbt open sav\tX": ["open", "saved.json", "X"],
        "kubectl-cbt services --kubeconfig=sav\tX": ["services", "--kubeconfig=saved.json", "X"],
        "kubectl-cbt delta a b sav\tX": ["delta", "a", "b", "savX"],
        # With the cursor in the middle of the line.
        "kubectl-cbt alloc snap-b" + 7 * LEFT + "\t": ["allocated", "snap-b"],
    }.items():
        assert bash.run(typed) == expected, typed


def test_only_plain_names_are_offered(odd_names, complete):
    assert complete("services", "--context", "") == [*PLAIN_NAMES, ":36"]
    assert complete("services", "--context=y") == [":36"]


TABS = {
    "services --context arn:aws:e\tX": ["services", "--context", PLAIN_NAMES[0], "X"],
    "services --context=arn:\tX": ["services", f"--context={PLAIN_NAMES[0]}", "X"],
    # Each hostile name alone, or among others, at the first TAB and at the second.
    "services --context x\tX": ["services", "--context", "x-ray", "X"],
    "services --context y\t\tX": ["services", "--context", "yX"],
    "services --context \\$\t\tX": ["services", "--context", "$X"],
}


def test_bash_inserts_plain_names_and_runs_none(odd_names, bash, tmp_path):
    for typed, expected in TABS.items():
        assert bash.run(f"kubectl-cbt {typed}") == expected, typed
    assert not (tmp_path / "pwned").exists()


@needs_kubectl
def test_kubectls_own_script_inserts_plain_names_and_runs_none(odd_names, warm_environment, tmp_path):
    with contextlib.closing(Bash(tmp_path, warm_environment, KUBECTLS)) as bash:
        for typed, expected in TABS.items():
            assert bash.run(f"kubectl cbt {typed}") == ["cbt", *expected], typed
    assert not (tmp_path / "pwned").exists()


def compreply(completer_environment: dict[str, str], folder: Path, *words: str, kind: int = 63) -> list[str]:
    """What the function hands to bash."""
    line = " ".join(words)
    code = (
        script(Shell.BASH)
        + 'COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_POINT=${#COMP_LINE}\n'
        + '_kubectl_cbt; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    more = {"COMP_LINE": line, "COMP_TYPE": str(kind), "COLUMNS": "60"}
    found = subprocess.run(
        ["bash", "--norc", "-c", code, "bash", *words],
        cwd=folder,
        env=completer_environment | more,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    assert found.stderr == ""
    return found.stdout.splitlines()


def test_bash_shows_descriptions_only_where_it_lists(warm_environment, tmp_path):
    resolved = ("kubectl-cbt", "delta", "snap-b", "")
    first, second = compreply(warm_environment, tmp_path, *resolved)
    assert first.startswith("snap-d  (data  64 GiB  ")
    assert second.startswith("snap-c  (data  64 GiB  ")
    assert compreply(warm_environment, tmp_path, *resolved, kind=37) == ["snap-d", "snap-c"]
    assert compreply(warm_environment, tmp_path, *resolved[:3], "snap-c") == ["snap-c"]
    assert max(map(len, compreply(warm_environment, tmp_path, "kubectl-cbt", "delta", "-"))) < 60


ON_THE_LINE = (
    "$(touch pwned)",
    "`touch pwned`",
    "<(touch pwned)",
    "$((pwned[$(touch pwned)]))",
    "$[x[$(touch pwned)]]",
    "$[HOSTILE]",
    "${x:$HOSTILE}",
    "${HOSTILE@P}",
    "${x:=$(touch pwned)}",
    "a touch pwned",
    "a\ntouch pwned",
    "a\ttouch pwned",
    "a$IFS\ntouch pwned",
    "'a'\ntouch pwned\n'",
    '"$(touch pwned)',
    "'$(touch pwned)",
    "a;touch pwned",
    "a&&touch pwned",
    "~$(touch pwned)",
    "${!HOSTILE}",
)


def test_bash_runs_nothing_that_stands_on_the_line(completer_environment, tmp_path):
    compreply(completer_environment, tmp_path, "kubectl-cbt", "snapshots", "-n", ON_THE_LINE[0], "-o", "")
    # The rest in one bash, with a stand-in for the completer.
    code = (
        script(Shell.BASH)
        + "kubectl_complete-cbt() { printf 'shop\\n:4\\n'; }\n"
        + "complete_words() {\n"
        + '    COMP_LINE="$*" COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_POINT=${#COMP_LINE} COMP_TYPE=63\n'
        + "    _kubectl_cbt\n}\n"
        + 'for word; do complete_words kubectl-cbt snapshots -n "$word" -o ""; complete_words kubectl-cbt -n "$word"\n'
        + "if [[ -e pwned ]]; then printf '%s' \"$word\"; exit; fi; done"
    )
    hostile = completer_environment | {"HOSTILE": "x[$(touch pwned)]"}
    found = subprocess.run(
        ["bash", "--norc", "-c", code, "bash", *ON_THE_LINE],
        cwd=tmp_path, env=hostile, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True,
    )  # fmt: skip
    assert (found.stdout, found.stderr) == ("", "")
    assert not (tmp_path / "pwned").exists()


def test_bash_reads_a_word_as_the_command_would_get_it(tmp_path):
    words = {
        r"a\ b": "a b",
        '"a b': "a b",
        r"'a b\'": "a b\\",
        "'a$NS": "a$NS",
        '"x${NS}y"z': "xshopyz",
        "$NS.": "shop.",
        "$NSs": "",
        r'"a\"\b"': 'a"\\b',
        "~/x": "/home/me/x",
        "~": "/home/me",
        "~root": "~root",
        "a~": "a~",
        "'~'": "~",
        "--kubeconfig=$NS": "--kubeconfig=shop",
        "": "",
        "\\": "",
        "$": "$",
        "$1": "$1",
        "ä€": "ä€",
        "a'b\"c'd": 'ab"cd',
    }
    code = script(Shell.BASH) + 'for word; do _kubectl_cbt_unquoted "$word"; printf "%s\\n" "$REPLY"; done'
    found = run_completer(
        ["bash", "--norc", "-c", code, "bash", *words], {**os.environ, "NS": "shop", "HOME": "/home/me"}
    )
    assert dict(zip(words, found.stdout.split("\n"), strict=False)) == words
    assert found.stderr == ""


def test_no_script_evaluates_text():
    for shell, evaluating in {
        Shell.BASH: ("eval", "source", "printf -v", "bash -c"),
        Shell.ZSH: ("eval", "(e)", "zsh -c"),
        Shell.FISH: ("eval", "source"),
        Shell.POWERSHELL: ("Invoke-Expression", "iex", "ScriptBlock]::Create"),
    }.items():
        code = [line for line in script(shell).splitlines() if not line.lstrip().startswith("#")]
        # Both put text into a variable, formatted.
        code = [
            line for line in code if "printf -v value %q" not in line and 'printf -v line "%-${longest}s' not in line
        ]
        assert [line for line in code if any(word in line for word in evaluating)] == []
