"""Completion as shells meet it: the script kubectl runs, the real kubectl, and a real bash.

Of the shells only bash is on the machines that run this. The other scripts are checked for what they call and say.
"""

import contextlib
import sys
from pathlib import Path

import pytest
import yaml
from conftest import run_command, run_completer, wait_for
from peers import needs_kubectl

from kubectl_cbt.cli.completion.scripts import Shell, script

FORBIDDEN = ("numpy", "grpc", "textual", "rich", "google.protobuf", "cryptography")
PATIENCE_SECONDS = 60
"""Only a hang takes so long; no test is about time."""


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
def test_a_login_command_that_never_ends_is_ended_with_all_it_started(completer_environment, tmp_path):
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
    found = run_completer([sys.executable, "-c", code, "delta", ""], completer_environment | login)
    assert (found.returncode, found.stdout, found.stderr) == (0, ":4\n", "")
    wait_for(lambda: not processes_with(mark), "the end of the login command and its child")


def processes_with(variable: str) -> list[str]:
    """Running processes that have ``NAME=VALUE`` in their completer_environment."""
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
def test_what_only_the_verbs_need_is_not_loaded(completer_environment, words):
    code = (
        "import sys, kubectl_cbt.kubectl_complete as m\n"
        "try: m.main()\n"
        f"finally: print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    found = run_completer([sys.executable, "-c", code, *words], completer_environment)
    *lines, directive, loaded = found.stdout.splitlines()
    assert (lines != [], directive, loaded) == (True, ":36", "[]")


def test_words_alone_load_no_client_library(completer_environment):
    code = "import sys, kubectl_cbt.kubectl_complete as m\ntry: m.main()\nfinally: print('kubernetes' in sys.modules)"
    for words in (["del"], ["delta", "-"], ["delta", "-o", ""], ["open", ""], ["delta", "--palette", ""]):
        assert run_completer([sys.executable, "-c", code, *words], completer_environment).stdout.endswith("\nFalse\n")


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
def test_kubectl_completes_its_plugin(completer_environment, words, values, directive):
    found = run_completer(["kubectl", "__complete", "cbt", *words], completer_environment)
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
