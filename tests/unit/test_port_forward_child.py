"""The child of a port-forward and its guard: real processes, ended in every order."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kubectl_cbt.errors import PortForwardFailed
from kubectl_cbt.kube import port_forward
from kubectl_cbt.kube.port_forward import PodPort, PortForward, _Child

KUBECONFIG = b'{"kind": "Config"}'
ENDS_SECONDS = 20.0
"""Far more than it takes; a process that is still there then is left over."""

FAILS = ["/bin/sh", "-c", "echo 'error: no' >&2; exit 1"]
FORWARDS = 'echo "$$" > "$0"; echo "Forwarding from 127.0.0.1:4711 -> 6443"; exec /bin/sleep 1000'
STUBBORN = 'trap "" TERM; ' + FORWARDS


def group(leader: int) -> set[int]:
    """The processes of a group that have not ended."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, _, number = (process / "stat").read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if int(number) == leader and state not in "ZX":
            found.add(int(process.name))
    return found


def ends(leader: int) -> bool:
    """Whether a group ends; waits for it."""
    until = time.monotonic() + ENDS_SECONDS
    while group(leader):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


class InTurn(threading.Thread):
    """A thread that has run to its end, or is stuck, before the next one is started."""

    def start(self) -> None:
        super().start()
        self.join(5)


@pytest.mark.parametrize(("thread", "times"), [(InTurn, 3), (threading.Thread, 50)])
def test_a_kubectl_that_fails_at_once_is_quoted_at_once(monkeypatch, thread, times):
    monkeypatch.setattr(port_forward.threading, "Thread", thread)
    monkeypatch.setattr(port_forward, "_START_SECONDS", ENDS_SECONDS)
    leaders = []
    for _ in range(times):
        child = _Child(FAILS, KUBECONFIG)
        assert child.port() is None
        assert not child.runs
        assert child.error_output() == "error: no"
        child.close()
        leaders.append(child._process.pid)
    assert all(map(ends, leaders))


def test_a_line_without_end_is_not_kept_whole(tmp_path):
    child = _Child(["/bin/sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 1"], KUBECONFIG)
    assert child.port() is None
    assert len(child.error_output()) == 402
    assert sum(map(len, child._errors)) <= 20 * 2**16
    child.close()


# Who is killed, in which order. "us" is a process that has a child and does nothing.

US = """\
import sys, time
from kubectl_cbt.kube.port_forward import _Child
child = _Child(["/bin/sh", "-c", sys.argv[1], sys.argv[2]], b"{}")
assert child.port() == 4711
print(child._process.pid, flush=True)
time.sleep(1000)
"""


ORDERS = [
    *((order, FORWARDS) for order in ("us", "guard us", "us guard", "watcher us", "us watcher")),
    # What kills a kubectl that ignores SIGTERM is the watcher.
    *((order, STUBBORN) for order in ("us", "guard us", "us guard")),
]


def test_nothing_is_left_after_we_were_killed(tmp_path):
    with contextlib.ExitStack() as stack:
        ours = []
        for number, (order, kubectl) in enumerate(ORDERS):
            noted = tmp_path / str(number)
            us = subprocess.Popen([sys.executable, "-c", US, kubectl, str(noted)], stdout=subprocess.PIPE, text=True)
            stack.enter_context(us)
            stack.callback(us.kill)
            ours.append((order, us, noted))
        leaders = {}
        for order, us, noted in ours:
            leader = int(us.stdout.readline())
            (watcher,) = group(leader) - {leader, int(noted.read_text())}
            pids = {"us": us.pid, "guard": leader, "watcher": watcher}
            leaders[leader] = order
            for name in order.split():
                os.kill(pids[name], signal.SIGKILL)
    assert [order for leader, order in leaders.items() if not ends(leader)] == []


@pytest.mark.parametrize("kubectl", [FORWARDS, STUBBORN], ids=["heeds SIGTERM", "ignores it"])
def test_a_child_whose_guard_was_killed_forwards_on_and_ends_with_us(tmp_path, kubectl):
    child = _Child(["/bin/sh", "-c", kubectl, str(tmp_path / "pid")], KUBECONFIG)
    assert child.port() == 4711
    leader = child._process.pid
    os.kill(leader, signal.SIGKILL)
    assert child.runs
    assert int((tmp_path / "pid").read_text()) in group(leader)
    child.close()
    assert ends(leader)


# The kubeconfig.

SHOWS = 'cat "$KUBECONFIG" "$KUBECONFIG" >&2; (echo >> "$KUBECONFIG") 2>/dev/null && echo written >&2; exit 1'


def test_the_kubeconfig_is_in_memory_and_can_be_read_often_and_not_written(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    child = _Child(["/bin/sh", "-c", SHOWS], KUBECONFIG)
    assert child.port() is None
    assert child.error_output() == KUBECONFIG.decode() * 2
    child.close()


def test_where_there_is_no_memory_it_is_a_file_until_the_port_is_named(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    go = tmp_path.with_name(f"{tmp_path.name}-go")
    os.mkfifo(go)
    command = f'cat "$KUBECONFIG" > "$0"; read -r _ < "{go}"; {FORWARDS}'
    read = tmp_path.with_name(f"{tmp_path.name}-read")
    child = _Child(["/bin/sh", "-c", command, str(read)], KUBECONFIG)
    (folder,) = tmp_path.iterdir()
    (file,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    go.write_text("\n")
    assert child.port() == 4711
    assert list(tmp_path.iterdir()) == []
    child.close()


def test_without_memory_and_without_a_folder_there_is_an_error(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "memfd_create")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(PortForwardFailed, match="cannot be started: No such file or directory"):
        _Child(FAILS, KUBECONFIG)


def test_a_kubectl_in_the_current_directory_is_not_run(monkeypatch, tmp_path):
    (tmp_path / "kubectl").write_text("#!/bin/sh\ntouch ran\n")
    (tmp_path / "kubectl").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    forward = PortForward(PodPort("storage", "csi", 6443), lambda: KUBECONFIG, lambda: None)
    for path in (":/usr/bin:/bin", ".:/usr/bin", "/nowhere:"):
        monkeypatch.setenv("PATH", path)
        with pytest.raises(PortForwardFailed, match="relative to the current directory"):
            forward.address()
    assert not (tmp_path / "ran").exists()
