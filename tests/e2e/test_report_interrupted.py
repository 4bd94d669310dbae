"""report, interrupted while a service is being connected: it ends at once, and what is known is printed."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator

import pytest
from conftest import COMMAND, command_environment, run_command, wait_for
from forwarding import gone, standin
from schemas import validator

from kubectl_cbt.demo.demo_cluster import DemoCluster

VALIDATOR = validator("VolumeReport")


@pytest.fixture
def tokenless(own_demo, monkeypatch) -> Iterator[tuple[DemoCluster, threading.Event]]:
    """A cluster that answers no request for a token before the end of the test, and what is set by the first."""
    asked, release = threading.Event(), threading.Event()
    issue = own_demo.identity.issue

    def stalled(*arguments):
        asked.set()
        release.wait()
        return issue(*arguments)

    monkeypatch.setattr(own_demo.identity, "issue", stalled)
    yield own_demo, asked
    release.set()


def started(environment: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [str(COMMAND), "report", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupted(process: "subprocess.Popen[str]") -> str:
    """What it prints when it is interrupted."""
    process.send_signal(signal.SIGINT)
    out, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "continue with --resume-from FILE" in stderr
    return out


@pytest.mark.parametrize(
    ("form", "scope"),
    [("json", ("-n", "shop")), ("json", ("-A",)), ("ndjson", ("-A",)), ("table", ("-n", "shop"))],
)
def test_a_token_that_does_not_come_is_not_waited_for(tokenless, form, scope):
    """In all namespaces, there are volumes without streams: they are written before."""
    demo, asked = tokenless
    process = started(command_environment(demo), *scope, "-o", form)
    assert asked.wait(timeout=60)
    out = interrupted(process)
    if form == "table":
        assert "INCOMPLETE (interrupted)" in out
        return
    head, *volumes, end = map(json.loads, out.splitlines()) if form == "ndjson" else _parts(out)
    assert head["kind"] == "VolumeReport"
    assert (end["complete"], end["error"]["type"]) == (False, "Interrupted")
    queried = [volume for volume in volumes if volume["full"] is not None]
    assert queried
    assert {volume["full"]["error"]["type"] for volume in queried} == {"Interrupted"}


def _parts(out: str) -> list[dict]:
    document = json.loads(out)
    VALIDATOR.validate(document)
    return [document, *document["volumes"], document]


def test_a_port_forward_that_does_not_begin_is_ended(own_demo, tmp_path):
    kubectl = standin(own_demo, tmp_path, {"until": str(tmp_path / "never")})
    process = started(kubectl.command_environment(own_demo), "-n", "default", "-o", "json")
    wait_for(lambda: kubectl.calls, "a port-forward", process)
    document = json.loads(interrupted(process))
    assert document["error"]["type"] == "Interrupted"
    assert all(gone(call[name]) for call in kubectl.calls for name in ("pid", "guard"))


def test_a_time_limit_ends_the_wait_for_a_token(tokenless):
    demo, _ = tokenless
    found = run_command("report", "-n", "shop", "--max-time", "100ms", "-o", "json", cluster=demo)
    assert found.returncode == 1
    assert json.loads(found.stdout)["error"]["message"] == "not measured within --max-time"
