"""Completion as shells meet it: the script kubectl runs, the real kubectl, and a real bash.

Of the shells only bash is on the machines that run this. The other scripts are checked for what they call and say.
"""

import contextlib
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import COMMAND, command_environment, run_command, wait_for
from peers import needs_kubectl

from kubectl_cbt.cli.completion.scripts import Shell, script

COMPLETER = COMMAND.with_name("kubectl_complete-cbt")
FORBIDDEN = ("numpy", "grpc", "textual", "rich", "google.protobuf", "cryptography")
PATIENCE_SECONDS = 60
"""Only a hang takes so long; no test is about time."""


@pytest.fixture(scope="session")
def programs(tmp_path_factory) -> Path:
    """A folder for PATH that has the completer."""
    if COMPLETER.exists():
        return COMPLETER.parent
    path = tmp_path_factory.mktemp("bin") / COMPLETER.name
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -m kubectl_cbt.kubectl_complete "$@"\n')
    path.chmod(0o755)
    return path.parent


@pytest.fixture
def environment(demo, programs) -> dict[str, str]:
    found = command_environment(demo)
    return found | {"PATH": f"{programs}{os.pathsep}{COMMAND.parent}{os.pathsep}{found['PATH']}"}


def finished(arguments: list, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        arguments, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )


@pytest.fixture
def complete(programs, environment):
    def complete(*words, **more: str) -> list[str]:
        found = finished([programs / COMPLETER.name, *words], environment | more)
        assert (found.returncode, found.stderr) == (0, "")
        return found.stdout.splitlines()

    return complete


# The protocol


def test_candidates_come_one_a_line_with_a_description_and_the_directive_last(complete):
    *lines, directive = complete("allocated", "-n", "shop", "pg-s")
    assert [line.partition("\t")[0] for line in lines] == ["pg-sun", "pg-sat"]
    assert all(line.partition("\t")[2].startswith("postgres  200 GiB  ") for line in lines)
    assert directive == ":36"


def test_files_are_left_to_the_shell(complete):
    assert complete("open", "") == [":0"]


@pytest.mark.parametrize(
    "words",
    [
        ("delta", "--kubeconfig", "/nonexistent", ""),
        ("delta", "--context", "demo-nobody", ""),
        ("delta", "--seed", "many", ""),
        ("delta", "--demo", "--kubeconfig", "x", ""),
        ("delta", "-n", b"\xff", ""),
        (b"\xff\xfe", b"\xff", "-"),
    ],
    ids=str,
)
def test_whatever_goes_wrong_it_succeeds_silently(complete, words):
    assert complete(*words)[-1] in (":4", ":36")
    assert len(complete(*words)) == 1


def test_without_any_word_it_offers_the_verbs(complete):
    assert complete() == complete("")
    assert len(complete()) > 5


def kubeconfig_with_login(path: Path, *command: str) -> dict[str, str]:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": command[0],
        "args": list(command[1:]),
        "interactiveMode": "IfAvailable",
    }
    document = {
        "current-context": "a",
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "a", "user": {"exec": plugin}}],
    }
    path.write_text(yaml.safe_dump(document))
    return {"KUBECONFIG": str(path)}


def test_a_login_command_that_complains_or_asks_is_not_seen(complete, tmp_path):
    login = kubeconfig_with_login(tmp_path / "kubeconfig", "sh", "-c", "echo password: >&2; read answer; exit 1")
    assert complete("delta", "", **login) == [":4"]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc, which only Linux has")
def test_a_login_command_that_never_ends_is_ended_with_all_it_started(environment, tmp_path):
    mark = f"KUBECTL_CBT_TEST={tmp_path}"
    started = tmp_path / "started"
    login = kubeconfig_with_login(
        tmp_path / "kubeconfig", "env", mark, "sh", "-c", f"sleep 600 & echo > {started}; sleep 600"
    )
    # Given up only once it runs.
    code = (
        "import kubectl_cbt.kubectl_complete as m, os, threading, time\n"
        "class Started(threading.Timer):\n"
        "    def run(self):\n"
        f"        while not os.path.exists({str(started)!r}): time.sleep(0.01)\n"
        "        self.function(*self.args)\n"
        "m.threading.Timer = Started\n"
        "m.main()"
    )
    found = finished([sys.executable, "-c", code, "delta", ""], environment | login)
    assert (found.returncode, found.stdout, found.stderr) == (0, ":4\n", "")
    wait_for(lambda: not processes_with(mark), "the end of the login command and its child")


def processes_with(variable: str) -> list[str]:
    """Running processes that have ``NAME=VALUE`` in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            ended = (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            if not ended and variable.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(process.name)
    return found


@pytest.mark.parametrize(
    "words", [["delta", ""], ["delta", "snap-a", ""], ["delta", "-n", ""], ["delta", "--service", ""]]
)
def test_what_only_the_verbs_need_is_not_loaded(environment, words):
    code = (
        "import sys, kubectl_cbt.kubectl_complete as m\n"
        "try: m.main()\n"
        f"finally: print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    found = finished([sys.executable, "-c", code, *words], environment)
    *lines, directive, loaded = found.stdout.splitlines()
    assert (lines != [], directive, loaded) == (True, ":36", "[]")


def test_words_alone_load_no_client_library(environment):
    code = "import sys, kubectl_cbt.kubectl_complete as m\ntry: m.main()\nfinally: print('kubernetes' in sys.modules)"
    for words in (["del"], ["delta", "-"], ["delta", "-o", ""], ["open", ""], ["delta", "--palette", ""]):
        assert finished([sys.executable, "-c", code, *words], environment).stdout.endswith("\nFalse\n")


# The real kubectl


@needs_kubectl
@pytest.mark.parametrize(
    ("words", "values", "directive"),
    [
        (("del",), ["delta"], ":36"),
        (("delta", "snap-c", ""), ["snap-d"], ":36"),
        (("delta", "--namespace=sh"), ["shop"], ":36"),
        (("-n", "shop", "delta", "pg-sa"), ["pg-sat"], ":36"),
        (("open", ""), [], ":0"),
    ],
    ids=str,
)
def test_kubectl_completes_its_plugin(environment, words, values, directive):
    found = finished(["kubectl", "__complete", "cbt", *words], environment)
    *lines, last = found.stdout.splitlines()
    assert ([line.partition("\t")[0] for line in lines], last) == (values, directive)


# The verb


@pytest.mark.parametrize("shell", Shell)
def test_the_verb_prints_the_script_of_a_shell(shell):
    found = run_command("completion", shell)
    assert (found.returncode, found.stdout, found.stderr) == (0, script(shell), "")


@pytest.mark.parametrize("shell", Shell)
def test_a_script_says_how_to_load_it_and_asks_the_completer(shell):
    text = script(shell)
    assert f"kubectl-cbt completion {shell}" in text
    assert "kubectl_complete-cbt" in [
        word for line in text.splitlines() if line[:1] != "#" for word in line.replace("(", " ").split()
    ]
    assert 'To complete "kubectl cbt", this script is not needed' in text.replace("\n# ", " ")


@pytest.mark.parametrize("arguments", [("tcsh",), ()])
def test_an_unknown_shell_is_told_which_there_are(arguments):
    found = run_command("completion", *arguments)
    assert (found.returncode, found.stdout) == (2, "")
    if arguments:
        assert all(shell in found.stderr for shell in Shell)


def test_shells_are_completed_too(complete):
    assert complete("completion", "") == [*Shell, ":36"]


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

    def __init__(self, folder: Path, environment: dict[str, str], loaded: str = OURS) -> None:
        source = folder / "script.bash"
        source.write_text(f"{loaded}PS1='$ '\n")
        controller, terminal = pty.openpty()
        self._controller = controller
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--rcfile", source, "-i"],
            cwd=folder,
            env=environment | {"TERM": "dumb", "INPUTRC": "/dev/null", "HISTFILE": "", "NS": "shop"},
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
def bash(tmp_path, environment):
    found = Bash(tmp_path, environment)
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
def odd_names(tmp_path, environment) -> None:
    """A kubeconfig with names that a shell would interpret; bash in ``tmp_path`` uses it."""
    path = tmp_path / "kubeconfig"
    names = [*HOSTILE_NAMES, *PLAIN_NAMES]
    path.write_text(yaml.safe_dump({"contexts": [{"name": name, "context": {}} for name in names]}))
    environment["KUBECONFIG"] = str(path)


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
def test_kubectls_own_script_inserts_plain_names_and_runs_none(odd_names, environment, tmp_path):
    with contextlib.closing(Bash(tmp_path, environment, KUBECTLS)) as bash:
        for typed, expected in TABS.items():
            assert bash.run(f"kubectl cbt {typed}") == ["cbt", *expected], typed
    assert not (tmp_path / "pwned").exists()


def compreply(environment: dict[str, str], folder: Path, *words: str, kind: int = 63) -> list[str]:
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
        cwd=folder, env=environment | more, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True,
    )  # fmt: skip
    assert found.stderr == ""
    return found.stdout.splitlines()


def test_bash_shows_descriptions_only_where_it_lists(environment, tmp_path):
    resolved = ("kubectl-cbt", "delta", "snap-b", "")
    first, second = compreply(environment, tmp_path, *resolved)
    assert first.startswith("snap-d  (data  64 GiB  ")
    assert second.startswith("snap-c  (data  64 GiB  ")
    assert compreply(environment, tmp_path, *resolved, kind=37) == ["snap-d", "snap-c"]
    assert compreply(environment, tmp_path, *resolved[:3], "snap-c") == ["snap-c"]
    assert max(map(len, compreply(environment, tmp_path, "kubectl-cbt", "delta", "-"))) < 60


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


def test_bash_runs_nothing_that_stands_on_the_line(environment, tmp_path):
    compreply(environment, tmp_path, "kubectl-cbt", "snapshots", "-n", ON_THE_LINE[0], "-o", "")
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
    hostile = environment | {"HOSTILE": "x[$(touch pwned)]"}
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
    found = finished(["bash", "--norc", "-c", code, "bash", *words], {**os.environ, "NS": "shop", "HOME": "/home/me"})
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
