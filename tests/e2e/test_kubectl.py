"""With the real kubectl: as its plugin, and as a client of the demo cluster."""

import contextlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import COMMAND, command_environment, run_command, warm_command
from peers import KUBECTL, needs_kubectl
from warm import WarmProcess

pytestmark = needs_kubectl


def kubectl(*arguments: str, kubeconfig: Path | str) -> "subprocess.CompletedProcess[str]":
    environment = command_environment(KUBECONFIG=str(kubeconfig))
    environment["PATH"] = f"{COMMAND.parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(
        [str(KUBECTL), *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def ask(demo):
    def ask(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return kubectl(*arguments, kubeconfig=demo.kubeconfig)

    return ask


def test_kubectl_finds_the_plugin(ask):
    assert ask("cbt", "version").stdout.startswith("Client Version: v")
    assert str(COMMAND) in ask("plugin", "list").stdout


def test_the_plugin_answers_through_kubectl_as_alone(ask, run):
    through = ask("cbt", "delta", "snap-a", "snap-b", "-o", "json")
    assert through.returncode == 0
    assert through.stdout == run("delta", "snap-a", "snap-b", "-o", "json").stdout


def test_kubectl_hands_exit_codes_on(ask):
    assert ask("cbt", "allocated", "nope").returncode == 1
    assert ask("cbt", "delta").returncode == 2


def test_kubectl_lists_snapshots_of_all_namespaces(ask):
    found = ask("get", "volumesnapshots", "-A")
    assert found.returncode == 0
    heading, *lines = found.stdout.splitlines()
    assert heading.split()[:4] == ["NAMESPACE", "NAME", "READYTOUSE", "SOURCEPVC"]
    assert {line.split()[1] for line in lines} >= {
        "snap-a",
        "pg-sun",
        "uploads-w4",
        "win-1200",
        "scratch-2",
        "queue-new",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("get", "sms"), "demo-pages.csi.k8s.io"),
        (("get", "vsc"), "snapcontent-"),
        (("get", "vsclass"), "demo-blocks-snapclass"),
        (("get", "namespaces"), "shop"),
        (("get", "pvc", "-A"), "scratch"),
        (("get", "vs", "snap-a", "-o", "jsonpath={.status.restoreSize}"), "64Gi"),
        (("get", "vs", "-A", "--field-selector", "metadata.name=pg-mon"), "pg-mon"),
        (("get", "vs", "-l", "app!=none"), "snap-a"),
        (("describe", "volumesnapshot", "snap-a"), "Ready To Use:"),
        (("describe", "sms", "demo-pages.csi.k8s.io"), "Audience:"),
        (("api-resources",), "snapshotmetadataservices"),
        (("version",), "Server Version: v1.36"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_kubectl_understands_the_demo_cluster(ask, arguments, said):
    found = ask(*arguments)
    assert found.returncode == 0, found.stderr
    assert said in found.stdout


@pytest.mark.parametrize("path", ["/apis/none.example.com", "/apis/cbt.storage.k8s.io/v1alpha1", "/api/v1/nodes"])
def test_what_is_not_served_is_a_plain_text_404(demo, path):
    import ssl
    import urllib.error
    import urllib.request

    context = ssl.create_default_context(cafile=str(demo.kubeconfig.parent / "ca.crt"))
    token = demo.identity.admin_token
    request = urllib.request.Request(demo.api.url + path, headers={"Authorization": f"Bearer {token}"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, context=context)
    with refused.value as answer:
        assert (answer.code, answer.read()) == (404, b"404 page not found\n")
        assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_label_selects_nothing_where_nothing_is_labelled(ask):
    assert "No resources found" in ask("get", "vs", "-l", "app=none").stderr


def test_the_demo_hands_a_real_yaml_to_kubectl(ask):
    item = yaml.safe_load(ask("get", "vs", "pg-mon", "-n", "shop", "-o", "yaml").stdout)
    assert item["spec"]["source"] == {"persistentVolumeClaimName": "postgres"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("get", "vs", "nope"),
            'Error from server (NotFound): volumesnapshots.snapshot.storage.k8s.io "nope" not found',
        ),
        (("get", "deployments"), "the server doesn't have a resource type"),
        (("get", "vs", "--context", "demo-nobody"), "Error from server (Forbidden)"),
        (("delete", "vs", "snap-a", "--context", "demo-admin"), "does not allow this method"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_kubectl_gets_the_errors_it_knows(ask, arguments, said):
    found = ask(*arguments)
    assert found.returncode == 1
    assert said in found.stderr


@pytest.mark.parametrize("arguments", [("get", "vs", "nope"), ("get", "vs", "snap-a", "--context", "demo-nobody")])
def test_our_errors_are_worded_as_kubectls(ask, run, arguments):
    theirs = ask(*arguments).stderr.splitlines()[0]
    ours = run("allocated", *arguments[2:]).stderr.splitlines()[0]
    assert ours == theirs


# demo serve


@contextlib.contextmanager
def served(*arguments: str) -> Iterator[tuple[WarmProcess, str]]:
    with warm_command().open(["demo", *arguments], command_environment()) as process:
        try:
            yield process, process.stdout.readline().decode()
        finally:
            process.kill()


def test_demo_serve_prints_what_a_shell_can_evaluate_and_serves_until_interrupted():
    with served("serve") as (process, line):
        found = re.fullmatch(r"export KUBECONFIG=(\S+)\n", line)
        assert found, line
        kubeconfig = Path(found[1])
        assert "snap-a" in kubectl("get", "volumesnapshots", "-A", kubeconfig=kubeconfig).stdout
        document = json.loads(kubectl("cbt", "delta", "snap-a", "snap-b", "-o", "json", kubeconfig=kubeconfig).stdout)
        assert document["complete"] is True
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0
        assert b"Ctrl-C" in said
        assert not kubeconfig.parent.exists()


@pytest.mark.parametrize("arguments", [("--seed", "2", "serve"), ("serve", "--seed", "2")])
def test_the_seed_can_be_before_or_after_serve(arguments):
    with served(*arguments) as (process, line):
        kubeconfig = Path(line.strip().partition("=")[2])
        shown = kubectl("cbt", "delta", "snap-a", "snap-b", "-o", "csv", kubeconfig=kubeconfig).stdout
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    expected = run_command("delta", "snap-a", "snap-b", "-o", "csv", "--demo", "--seed", "2")
    assert shown == expected.stdout != ""


def test_demo_serve_ends_on_terminate_with_its_exit_code():
    with served("serve", "-q") as (process, line):
        kubeconfig = Path(line.strip().partition("=")[2])
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        assert process.returncode == 143
        assert not kubeconfig.parent.exists()


# k9s runs plugin.yaml's commands; here a shell does, with what k9s would put in.


@pytest.mark.parametrize(("plugin", "typed"), [("cbt-map", "\n"), ("cbt-delta", "1\n\n")])
def test_the_k9s_plugins_commands_run(demo, plugin, typed):
    import pty

    entry = yaml.safe_load((Path(__file__).parents[2] / "plugin.yaml").read_text())["plugins"][plugin]
    values = {"$NAMESPACE": "shop", "$NAME": "pg-tue", "$CONTEXT": "demo"}
    arguments = entry["args"]
    for name, value in values.items():
        arguments = [argument.replace(name, value) for argument in arguments]
    environment = command_environment(demo)
    environment["PATH"] = f"{COMMAND.parent}{os.pathsep}{environment['PATH']}"
    controller, terminal = pty.openpty()
    os.write(controller, typed.encode())
    found = subprocess.run(
        [entry["command"], *arguments],
        env=environment, stdin=terminal, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(terminal)
    os.close(controller)
    assert found.returncode == 0
    assert ("Allocated  pg-tue" if plugin == "cbt-map" else "Delta      pg-mon → pg-tue") in found.stdout
